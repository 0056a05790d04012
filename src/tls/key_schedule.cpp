#include "key_schedule.h"

#include <memory>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string>

namespace querytap::tls {
namespace {

struct Free {
    void operator()(EVP_KDF* kdf) const noexcept { EVP_KDF_free(kdf); }
    void operator()(EVP_KDF_CTX* context) const noexcept { EVP_KDF_CTX_free(context); }
};

// OpenSSL's parameters are not const, though nothing is written to them.
OSSL_PARAM text_parameter(const char* key, const char* value) {
    return OSSL_PARAM_construct_utf8_string(key, const_cast<char*>(value), 0);
}
OSSL_PARAM bytes_parameter(const char* key, Bytes value) {
    return OSSL_PARAM_construct_octet_string(key, const_cast<std::uint8_t*>(value.data()),
                                             value.size());
}

Key derive(const char* function, const OSSL_PARAM* parameters, std::size_t size) {
    const std::unique_ptr<EVP_KDF, Free> kdf(EVP_KDF_fetch(nullptr, function, nullptr));
    const std::unique_ptr<EVP_KDF_CTX, Free> context(EVP_KDF_CTX_new(kdf.get()));
    Key key(size);
    if (!context || EVP_KDF_derive(context.get(), key.data(), key.size(), parameters) != 1) {
        key.clear();
    }
    return key;
}

}  // namespace

Key prf(const char* digest, Bytes secret, std::string_view label, Bytes seed, std::size_t size) {
    const OSSL_PARAM parameters[] = {
        text_parameter(OSSL_KDF_PARAM_DIGEST, digest),
        bytes_parameter(OSSL_KDF_PARAM_SECRET, secret),
        bytes_parameter(OSSL_KDF_PARAM_SEED, as_bytes(label)),
        bytes_parameter(OSSL_KDF_PARAM_SEED, seed),
        OSSL_PARAM_construct_end(),
    };
    return derive("TLS1-PRF", parameters, size);
}

Key expand_label(const char* digest, Bytes secret, std::string_view label, std::size_t size) {
    constexpr std::string_view kPrefix = "tls13 ";
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    std::string info;
    info.push_back(static_cast<char>(size >> 8));
    info.push_back(static_cast<char>(size & 0xff));
    info.push_back(static_cast<char>(kPrefix.size() + label.size()));
    info.append(kPrefix).append(label);
    info.push_back('\0');  // no context
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        text_parameter(OSSL_KDF_PARAM_DIGEST, digest),
        bytes_parameter(OSSL_KDF_PARAM_KEY, secret),
        bytes_parameter(OSSL_KDF_PARAM_INFO, as_bytes(info)),
        OSSL_PARAM_construct_end(),
    };
    return derive("HKDF", parameters, size);
}

}  // namespace querytap::tls
