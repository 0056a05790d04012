#include "hello.h"

#include <algorithm>

#include "extensions.h"
#include "ja4.h"

namespace querytap::tls {
namespace {

// SHA-256 of "HelloRetryRequest" (RFC 8446 4.1.3).
constexpr std::array<std::uint8_t, 32> kRetryRandom{
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

constexpr std::string_view kTds8 = "tds/8.0";

void copy_random(Bytes from, std::array<std::uint8_t, 32>& to) noexcept {
    if (from.size() == to.size()) std::copy(from.begin(), from.end(), to.begin());
}

/// RFC 6066 3: a list of names, of which only host names were ever defined.
void read_server_name(Bytes data, ClientHello& hello) noexcept {
    constexpr std::uint8_t kHostName = 0;
    Reader reader(data);
    reader.skip(2);
    const std::uint8_t type = reader.u8();
    const Bytes host = reader.bytes(reader.u16be());
    if (reader.ok() && type == kHostName) hello.sni.assign(as_text(host));
}

bool is_grease_name(Bytes protocol) noexcept {
    return protocol.size() == 2 &&
           is_grease(static_cast<std::uint16_t>(protocol[0] << 8 | protocol[1]));
}

/// RFC 7301 3.1. Returns the first name that is meant.
Bytes read_alpn(Bytes data, ClientHello& hello) noexcept {
    Bytes first;
    Reader reader(data);
    reader.skip(2);
    while (reader.remaining() > 0) {
        const Bytes protocol = reader.bytes(reader.u8());
        if (!reader.ok()) break;
        if (protocol.empty() || is_grease_name(protocol)) continue;
        if (first.empty()) first = protocol;
        if (!hello.alpn.empty()) hello.alpn.append(",");
        hello.alpn.append(as_text(protocol));
        hello.offers_tds8 = hello.offers_tds8 || as_text(protocol) == kTds8;
    }
    return first;
}

/// RFC 8446 4.2.1.
Version highest_version(Bytes data, Version legacy) noexcept {
    Version highest = 0;
    Reader reader(data);
    reader.skip(1);
    while (reader.remaining() >= 2) {
        const Version version = reader.u16be();
        if (!is_grease(version)) highest = std::max(highest, version);
    }
    return highest != 0 ? highest : legacy;
}

Bytes read_algorithms(Bytes data) noexcept {
    Reader reader(data);
    const Bytes list = reader.bytes(reader.u16be());
    return reader.ok() ? list : Bytes{};
}

/// Extensions may be missing; when there are some, they end the message.
bool read_extension_list(Reader& reader, Bytes& list) noexcept {
    if (reader.remaining() > 0) list = reader.bytes(reader.u16be());
    if (!reader.ok()) return false;
    Reader check(list);
    for (Extension extension; next_extension(check, extension);) {
    }
    return check.ok();
}

}  // namespace

bool read_client_hello(Bytes message, Exchange& exchange) noexcept {
    Reader reader(message);
    const Version legacy = reader.u16be();
    const Bytes random = reader.bytes(exchange.client_random.size());
    reader.skip(reader.u8());  // session_id
    Ja4Input input{.version = legacy, .ciphers = reader.bytes(reader.u16be())};
    reader.skip(reader.u8());  // compression
    if (!read_extension_list(reader, input.extensions)) return false;

    ClientHello& hello = exchange.facts.client;
    Reader list(input.extensions);
    for (Extension extension; next_extension(list, extension);) {
        switch (extension.type) {
            case kServerName:
                read_server_name(extension.data, hello);
                break;
            case kAlpn:
                input.alpn = read_alpn(extension.data, hello);
                break;
            case kSupportedVersions:
                input.version = highest_version(extension.data, legacy);
                break;
            case kSignatureAlgorithms:
                input.signature_algorithms = read_algorithms(extension.data);
                break;
            case kEarlyData:
                hello.early_data = true;
                break;
            default:
                break;
        }
    }
    hello.seen = true;
    hello.version = input.version;
    ja4(input, hello.ja4);
    copy_random(random, exchange.client_random);
    return true;
}

ServerHelloRead read_server_hello(Bytes message, Exchange& exchange) noexcept {
    Reader reader(message);
    Ja4sInput input{.version = reader.u16be()};
    const Bytes random = reader.bytes(exchange.server_random.size());
    reader.skip(reader.u8());  // session_id
    input.cipher = reader.u16be();
    reader.skip(1);  // compression
    if (!read_extension_list(reader, input.extensions)) return ServerHelloRead::kBad;
    if (std::equal(random.begin(), random.end(), kRetryRandom.begin())) {
        return ServerHelloRead::kRetry;
    }
    ServerHello& hello = exchange.facts.server;
    Reader list(input.extensions);
    for (Extension extension; next_extension(list, extension);) {
        Reader data(extension.data);
        switch (extension.type) {
            case kSupportedVersions:
                if (extension.data.size() == 2) input.version = data.u16be();
                break;
            case kAlpn:
                data.skip(2);
                input.alpn = data.bytes(data.u8());
                hello.alpn.assign(as_text(input.alpn));
                break;
            case kEncryptThenMac:
                exchange.encrypt_then_mac = true;
                break;
            default:
                break;
        }
    }
    hello.seen = true;
    hello.version = input.version;
    hello.cipher = input.cipher;
    ja4s(input, hello.ja4s);
    copy_random(random, exchange.server_random);
    return ServerHelloRead::kHello;
}

}  // namespace querytap::tls
