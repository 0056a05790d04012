// The keys of one side and one epoch, and how they open a record (RFC 5246 6.2.3, RFC 7366, RFC
// 8446 5.2).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <openssl/evp.h>
#include <vector>

#include <querytap/base/bytes.h>
#include <querytap/tls/record.h>

#include "cipher_suite.h"
#include "key_schedule.h"

namespace querytap::tls {

class RecordCipher {
  public:
    /// TLS 1.2: mac_key only with CBC; encrypt_then_mac as agreed.
    static RecordCipher of_tls12(const CipherSuite& suite, Bytes key, Bytes iv, Bytes mac_key,
                                 bool encrypt_then_mac);
    /// TLS 1.3, from a traffic secret.
    static RecordCipher of_tls13(const CipherSuite& suite, Bytes secret);

    /// A record with its sequence number. True when it is authentic; then `out` is its content, in
    /// TLS 1.3 with content type and padding behind it.
    bool open(std::uint64_t sequence, Bytes header, Bytes record,
              std::vector<std::uint8_t>& out) const;

  private:
    struct Free {
        void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
    };

    explicit RecordCipher(const CipherSuite& suite) noexcept : suite_(&suite) {}
    void set_key(Bytes key);
    bool open_aead(std::uint64_t sequence, Bytes header, Bytes record,
                   std::vector<std::uint8_t>& out) const;
    bool open_cbc(std::uint64_t sequence, Bytes header, Bytes record,
                  std::vector<std::uint8_t>& out) const;
    bool decrypt_cbc(Bytes record, std::vector<std::uint8_t>& out) const;
    bool is_authentic(std::uint64_t sequence, Bytes header, Bytes content, Bytes mac) const;

    const CipherSuite* suite_;
    bool tls13_ = false;
    bool encrypt_then_mac_ = false;
    Key iv_;
    Key mac_key_;
    std::unique_ptr<EVP_CIPHER_CTX, Free> context_;
};

}  // namespace querytap::tls
