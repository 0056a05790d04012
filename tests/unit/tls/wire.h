// TLS as bytes, and what a Session says of it: enough of RFC 8446 and RFC 5246 to shake hands.
// Written apart from the parser, so that both have to be wrong in the same way for a test to miss
// it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <querytap/tls/session.h>

namespace querytap::tls::test {

class Wire {
  public:
    std::vector<std::uint8_t> bytes;

    Wire& u8(std::uint64_t value) { return number(value, 1); }
    Wire& u16(std::uint64_t value) { return number(value, 2); }
    Wire& u24(std::uint64_t value) { return number(value, 3); }
    Wire& fill(std::size_t size, std::uint8_t value) {
        bytes.insert(bytes.end(), size, value);
        return *this;
    }
    Wire& text(std::string_view value) { return add(as_bytes(value)); }
    Wire& add(Bytes other) {
        for (const std::uint8_t byte : other)
            bytes.push_back(byte);
        return *this;
    }
    Wire& add(const Wire& other) { return add(Bytes{other.bytes}); }
    Wire& list(const std::vector<std::uint16_t>& values) {
        for (const std::uint16_t value : values)
            u16(value);
        return *this;
    }
    std::size_t size() const { return bytes.size(); }

  private:
    Wire& number(std::uint64_t value, int count) {
        for (int i = count - 1; i >= 0; --i)
            bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        return *this;
    }
};

inline Wire message(std::uint8_t type, const Wire& body) {
    return Wire().u8(type).u24(body.size()).add(body);
}

/// Records of at most `record_max` bytes.
inline Wire records(std::uint8_t type, const Wire& content, std::size_t record_max = 16384) {
    Wire wire;
    for (std::size_t at = 0; at < content.size(); at += record_max) {
        const std::size_t size = std::min(record_max, content.size() - at);
        wire.u8(type).u16(0x0303).u16(size).add(Bytes{content.bytes}.subspan(at, size));
    }
    return wire;
}

struct HelloFields {
    std::uint16_t version = 0x0303;
    std::vector<std::uint16_t>
        versions{};  ///< supported_versions; empty: the extension is left out
    std::vector<std::uint16_t> ciphers{};
    std::vector<std::uint16_t> extensions{};  ///< in order
    std::vector<std::uint16_t> algorithms{};
    std::vector<std::string> alpn{};
    std::string sni = "db01.contoso.com";
};

inline Wire extension_data(const HelloFields& fields, std::uint16_t type) {
    Wire data;
    switch (type) {
        case 0:
            data.u16(fields.sni.size() + 3).u8(0).u16(fields.sni.size()).text(fields.sni);
            break;
        case 13:
            data.u16(2 * fields.algorithms.size()).list(fields.algorithms);
            break;
        case 16: {
            Wire names;
            for (const std::string& name : fields.alpn)
                names.u8(name.size()).text(name);
            data.u16(names.size()).add(names);
            break;
        }
        case 43:
            data.u8(2 * fields.versions.size()).list(fields.versions);
            break;
        default:
            break;
    }
    return data;
}

inline Wire client_hello(const HelloFields& fields) {
    Wire extensions;
    for (const std::uint16_t type : fields.extensions) {
        const Wire data = extension_data(fields, type);
        extensions.u16(type).u16(data.size()).add(data);
    }
    Wire body;
    body.u16(fields.version).fill(32, 0x11).u8(0);
    body.u16(2 * fields.ciphers.size()).list(fields.ciphers);
    body.u8(1).u8(0).u16(extensions.size()).add(extensions);
    return message(1, body);
}

struct ServerFields {
    std::uint16_t version = 0x0303;
    std::uint16_t selected = 0;  ///< supported_versions
    std::uint16_t cipher = 0xc030;
    std::vector<std::uint16_t> extensions{};
    std::string alpn{};
    Bytes random{};
};

inline Wire server_hello(const ServerFields& fields) {
    Wire extensions;
    for (const std::uint16_t type : fields.extensions) {
        Wire data;
        if (type == 43) data.u16(fields.selected);
        if (type == 16) data.u16(fields.alpn.size() + 1).u8(fields.alpn.size()).text(fields.alpn);
        extensions.u16(type).u16(data.size()).add(data);
    }
    Wire body;
    body.u16(fields.version);
    if (fields.random.empty()) {
        body.fill(32, 0x22);
    } else {
        body.add(fields.random);
    }
    body.u8(0).u16(fields.cipher).u8(0).u16(extensions.size()).add(extensions);
    return message(2, body);
}

/// A chain of certificates in DER.
inline Wire certificates(const std::vector<std::vector<std::uint8_t>>& chain) {
    Wire list;
    for (const auto& der : chain)
        list.u24(der.size()).add(Bytes{der});
    return message(11, Wire().u24(list.size()).add(list));
}

inline Wire server_hello_done() {
    return message(14, {});
}
inline Wire change_cipher_spec() {
    return records(20, Wire().u8(1));
}

class Listener final : public Handler {
  public:
    void on_handshake(const Handshake& said) override {
        handshake = said;
        ++reports;
    }
    std::optional<Handshake> handshake;
    int reports = 0;
};

}  // namespace querytap::tls::test
