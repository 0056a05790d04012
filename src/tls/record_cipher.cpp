#include "record_cipher.h"

#include <algorithm>
#include <openssl/crypto.h>

namespace querytap::tls {
namespace {

constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kExplicitNonce = 8;  // RFC 5288 3
constexpr std::size_t kBlockSize = 16;

std::array<std::uint8_t, 8> big_endian(std::uint64_t number) noexcept {
    std::array<std::uint8_t, 8> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
    return bytes;
}

/// Sequence, type, version, size of the content: what TLS 1.2 authenticates besides the content.
std::array<std::uint8_t, 13> pseudo_header(std::uint64_t sequence, Bytes header,
                                           std::size_t size) noexcept {
    std::array<std::uint8_t, 13> bytes{};
    const auto number = big_endian(sequence);
    std::copy(number.begin(), number.end(), bytes.begin());
    std::copy_n(header.begin(), 3, bytes.begin() + number.size());
    bytes[11] = static_cast<std::uint8_t>(size >> 8);
    bytes[12] = static_cast<std::uint8_t>(size);
    return bytes;
}

int as_int(std::size_t size) noexcept {
    return static_cast<int>(size);  // a record has at most 18 KiB
}

}  // namespace

RecordCipher RecordCipher::of_tls12(const CipherSuite& suite, Bytes key, Bytes iv, Bytes mac_key,
                                    bool encrypt_then_mac) {
    RecordCipher cipher(suite);
    cipher.encrypt_then_mac_ = encrypt_then_mac;
    cipher.iv_.assign(iv.begin(), iv.end());
    cipher.mac_key_.assign(mac_key.begin(), mac_key.end());
    cipher.set_key(key);
    return cipher;
}

RecordCipher RecordCipher::of_tls13(const CipherSuite& suite, Bytes secret) {
    RecordCipher cipher(suite);
    cipher.tls13_ = true;
    cipher.iv_ = expand_label(suite.digest, secret, "iv", kNonceSize);
    cipher.set_key(expand_label(suite.digest, secret, "key", suite.key_size));
    return cipher;
}

void RecordCipher::set_key(Bytes key) {
    EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, suite_->cipher, nullptr);
    context_.reset(EVP_CIPHER_CTX_new());
    const bool made =
        algorithm != nullptr && context_ && key.size() == suite_->key_size &&
        EVP_DecryptInit_ex2(context_.get(), algorithm, key.data(), nullptr, nullptr) == 1;
    EVP_CIPHER_free(algorithm);
    if (!made) context_.reset();
}

bool RecordCipher::open(std::uint64_t sequence, Bytes header, Bytes record,
                        std::vector<std::uint8_t>& out) const {
    if (!context_) return false;
    return suite_->protection == Protection::kCbc ? open_cbc(sequence, header, record, out)
                                                  : open_aead(sequence, header, record, out);
}

bool RecordCipher::open_aead(std::uint64_t sequence, Bytes header, Bytes record,
                             std::vector<std::uint8_t>& out) const {
    std::array<std::uint8_t, kNonceSize> nonce{};
    const bool explicit_nonce = suite_->protection == Protection::kGcm && !tls13_;
    const std::size_t before = explicit_nonce ? kExplicitNonce : 0;
    if (record.size() < before + kTagSize) return false;
    std::copy_n(iv_.begin(), std::min(iv_.size(), nonce.size()), nonce.begin());
    if (explicit_nonce) {
        std::copy_n(record.begin(), before, nonce.begin() + 4);
    } else {
        const auto number = big_endian(sequence);
        for (std::size_t i = 0; i < number.size(); ++i)
            nonce[i + 4] ^= number[i];
    }
    const Bytes text = record.subspan(before, record.size() - before - kTagSize);
    std::array<std::uint8_t, kTagSize> tag{};
    std::copy(record.end() - kTagSize, record.end(), tag.begin());
    const auto pseudo = pseudo_header(sequence, header, text.size());
    const Bytes additional = tls13_ ? header : Bytes{pseudo};

    out.resize(text.size());
    EVP_CIPHER_CTX* const context = context_.get();
    int size = 0;
    return EVP_DecryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) == 1 &&
           EVP_DecryptUpdate(context, nullptr, &size, additional.data(),
                             as_int(additional.size())) == 1 &&
           EVP_DecryptUpdate(context, out.data(), &size, text.data(), as_int(text.size())) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()) == 1 &&
           EVP_DecryptFinal_ex(context, out.data() + size, &size) == 1;
}

bool RecordCipher::open_cbc(std::uint64_t sequence, Bytes header, Bytes record,
                            std::vector<std::uint8_t>& out) const {
    const std::size_t mac_size = suite_->mac_size;
    if (encrypt_then_mac_) {
        if (record.size() < mac_size) return false;
        const Bytes covered = record.first(record.size() - mac_size);
        return is_authentic(sequence, header, covered, record.last(mac_size)) &&
               decrypt_cbc(covered, out);
    }
    if (!decrypt_cbc(record, out) || out.size() < mac_size) return false;
    const std::size_t size = out.size() - mac_size;
    const bool good =
        is_authentic(sequence, header, Bytes{out}.first(size), Bytes{out}.last(mac_size));
    out.resize(size);
    return good;
}

/// The first block is the initialisation vector, the last byte says how much padding there is.
bool RecordCipher::decrypt_cbc(Bytes record, std::vector<std::uint8_t>& out) const {
    if (record.size() < 2 * kBlockSize || record.size() % kBlockSize != 0) return false;
    const Bytes text = record.subspan(kBlockSize);
    EVP_CIPHER_CTX* const context = context_.get();
    int size = 0;
    out.resize(text.size());
    if (EVP_DecryptInit_ex2(context, nullptr, nullptr, record.data(), nullptr) != 1 ||
        EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
        EVP_DecryptUpdate(context, out.data(), &size, text.data(), as_int(text.size())) != 1) {
        return false;
    }
    const std::size_t padding = std::size_t{out.back()} + 1;
    if (padding > out.size()) return false;
    out.erase(out.end() - static_cast<std::ptrdiff_t>(padding), out.end());
    return true;
}

bool RecordCipher::is_authentic(std::uint64_t sequence, Bytes header, Bytes content,
                                Bytes mac) const {
    const auto pseudo = pseudo_header(sequence, header, content.size());
    std::vector<std::uint8_t> covered(pseudo.begin(), pseudo.end());
    covered.insert(covered.end(), content.begin(), content.end());
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> computed{};
    std::size_t size = 0;
    return EVP_Q_mac(nullptr, "HMAC", nullptr, suite_->mac, nullptr, mac_key_.data(),
                     mac_key_.size(), covered.data(), covered.size(), computed.data(),
                     computed.size(), &size) != nullptr &&
           size == mac.size() && CRYPTO_memcmp(computed.data(), mac.data(), size) == 0;
}

}  // namespace querytap::tls
