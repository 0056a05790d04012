#include "ja4.h"

#include <algorithm>
#include <array>

#include "exchange.h"
#include "extensions.h"
#include "sha256.h"

namespace querytap::tls {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

/// As many numbers as a message can hold. Each number is two bytes of it at least.
class Numbers {
  public:
    void add(std::uint16_t value) noexcept {
        if (size_ < values_.size()) values_[size_++] = value;
    }
    void sort() noexcept { std::sort(values_.begin(), end()); }
    std::size_t size() const noexcept { return size_; }
    const std::uint16_t* begin() const noexcept { return values_.data(); }
    const std::uint16_t* end() const noexcept { return values_.data() + size_; }

  private:
    std::uint16_t* end() noexcept { return values_.data() + size_; }

    std::array<std::uint16_t, kMessageMax / 2> values_;
    std::size_t size_ = 0;
};

std::string_view version_code(Version version) noexcept {
    switch (version) {
        case 0x0304:
            return "13";
        case 0x0303:
            return "12";
        case 0x0302:
            return "11";
        case 0x0301:
            return "10";
        case 0x0300:
            return "s3";
        case 0x0002:
            return "s2";
        default:
            return "00";
    }
}

template <std::size_t kSize>
void append(BoundedText<kSize>& out, char c) noexcept {
    out.append({&c, 1});
}

template <std::size_t kSize>
void append_count(BoundedText<kSize>& out, std::size_t count) noexcept {
    const std::size_t shown = std::min<std::size_t>(count, 99);
    append(out, kDigits[shown / 10]);
    append(out, kDigits[shown % 10]);
}

bool is_alphanumeric(std::uint8_t c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/// First and last character; of its hexadecimal form when one of them is not alphanumeric.
template <std::size_t kSize>
void append_alpn(BoundedText<kSize>& out, Bytes alpn) noexcept {
    if (alpn.empty()) {
        out.append("00");
    } else if (is_alphanumeric(alpn.front()) && is_alphanumeric(alpn.back())) {
        append(out, static_cast<char>(alpn.front()));
        append(out, static_cast<char>(alpn.back()));
    } else {
        append(out, kDigits[alpn.front() >> 4]);
        append(out, kDigits[alpn.back() & 0xf]);
    }
}

std::array<char, 4> hex(std::uint16_t value) noexcept {
    return {kDigits[value >> 12], kDigits[(value >> 8) & 0xf], kDigits[(value >> 4) & 0xf],
            kDigits[value & 0xf]};
}

/// "002f,0035,..." into the hash.
void hash_list(Sha256& hash, const Numbers& numbers) noexcept {
    bool first = true;
    for (const std::uint16_t number : numbers) {
        if (!first) hash.add(",");
        first = false;
        const std::array<char, 4> text = hex(number);
        hash.add({text.data(), text.size()});
    }
}

template <std::size_t kSize>
void append_hash(BoundedText<kSize>& out, Sha256& hash) noexcept {
    constexpr std::size_t kShownBytes = 6;
    const auto digest = hash.digest();
    for (std::size_t i = 0; i < kShownBytes; ++i) {
        append(out, kDigits[digest[i] >> 4]);
        append(out, kDigits[digest[i] & 0xf]);
    }
}

constexpr std::string_view kNothingToHash = "000000000000";

void append_cipher_hash(BoundedText<36>& out, Numbers& ciphers) noexcept {
    if (ciphers.size() == 0) {
        out.append(kNothingToHash);
        return;
    }
    ciphers.sort();
    Sha256 hash;
    hash_list(hash, ciphers);
    append_hash(out, hash);
}

/// SNI and ALPN are in the readable part already, and would make of each server a fingerprint.
void append_extension_hash(BoundedText<36>& out, Numbers& extensions, Bytes algorithms) noexcept {
    if (extensions.size() == 0) {
        out.append(kNothingToHash);
        return;
    }
    extensions.sort();
    Sha256 hash;
    hash_list(hash, extensions);
    Numbers in_order;
    Reader reader(algorithms);
    while (reader.remaining() >= 2) {
        const std::uint16_t algorithm = reader.u16be();
        if (!is_grease(algorithm)) in_order.add(algorithm);
    }
    if (in_order.size() > 0) {
        hash.add("_");
        hash_list(hash, in_order);
    }
    append_hash(out, hash);
}

}  // namespace

void ja4(const Ja4Input& input, BoundedText<36>& out) noexcept {
    Numbers ciphers;
    Reader cipher_reader(input.ciphers);
    while (cipher_reader.remaining() >= 2) {
        const std::uint16_t cipher = cipher_reader.u16be();
        if (!is_grease(cipher)) ciphers.add(cipher);
    }
    Numbers hashed;
    std::size_t extension_count = 0;
    bool named = false;
    Reader extension_reader(input.extensions);
    for (Extension extension; next_extension(extension_reader, extension);) {
        if (is_grease(extension.type)) continue;
        ++extension_count;
        if (extension.type == kServerName) named = true;
        if (extension.type != kServerName && extension.type != kAlpn) hashed.add(extension.type);
    }
    out.assign("t");
    out.append(version_code(input.version));
    out.append(named ? "d" : "i");
    append_count(out, ciphers.size());
    append_count(out, extension_count);
    append_alpn(out, input.alpn);
    out.append("_");
    append_cipher_hash(out, ciphers);
    out.append("_");
    append_extension_hash(out, hashed, input.signature_algorithms);
}

/// Servers do not shuffle: the order is part of it, and so would be GREASE.
void ja4s(const Ja4sInput& input, BoundedText<26>& out) noexcept {
    Numbers extensions;
    Reader reader(input.extensions);
    for (Extension extension; next_extension(reader, extension);)
        extensions.add(extension.type);
    out.assign("t");
    out.append(version_code(input.version));
    append_count(out, extensions.size());
    append_alpn(out, input.alpn);
    out.append("_");
    const std::array<char, 4> cipher = hex(input.cipher);
    out.append({cipher.data(), cipher.size()});
    out.append("_");
    if (extensions.size() == 0) {
        out.append(kNothingToHash);
        return;
    }
    Sha256 hash;
    hash_list(hash, extensions);
    append_hash(out, hash);
}

}  // namespace querytap::tls
