// Reads the records of a session whose secrets a key log has. For lab replays: allocates.
//
// When keys change (RFC 8446: handshake to application data, KeyUpdate) is not followed in the
// handshake but seen: a record that the keys in use do not open and the next ones do is the first
// of the next epoch. Authentication makes that exact.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <querytap/base/bytes.h>
#include <querytap/tls/key_log.h>
#include <querytap/tls/record.h>

#include "exchange.h"
#include "record_cipher.h"

namespace querytap::tls {

class Decryptor {
  public:
    /// nullptr when the log has no secrets of this session, or its cipher suite or version is one
    /// that is not decrypted.
    static std::unique_ptr<Decryptor> create(const KeyLog& log, const Exchange& exchange);

    enum class Outcome : std::uint8_t {
        kClear,    ///< the record is not encrypted
        kOpened,   ///< `bytes` is its content
        kRefused,  ///< not opened, but nothing was before: early data, or keys that do not fit
        kLost,     ///< not opened: nothing behind it will be
    };
    struct Opened {
        Outcome outcome;
        std::uint8_t content_type = 0;
        Bytes bytes{};  ///< until the next record
    };

    void begin_record(Side side, const std::array<std::uint8_t, kRecordHeaderSize>& header);
    void add(Side side, Bytes part);
    Opened end_record(Side side, bool ciphered);

    /// Bytes of this side are missing. True when that ends its decryption.
    bool lose(Side side) noexcept;

  private:
    struct Half {
        std::array<std::uint8_t, kRecordHeaderSize> header{};
        std::vector<std::uint8_t> record;
        std::optional<RecordCipher> cipher;  ///< keys in use
        KeyLog::Secret secret;               ///< TLS 1.3: what they were made of
        KeyLog::Secret first_traffic;        ///< TLS 1.3: of the epoch after the handshake's
        std::uint64_t sequence = 0;
        bool opened = false;
        bool lost = false;
    };

    Decryptor(const CipherSuite& suite, bool tls13) noexcept : suite_(suite), tls13_(tls13) {}
    void prepare_tls12(const KeyLog::Secrets& secrets, const Exchange& exchange);
    void prepare_tls13(const KeyLog::Secrets& secrets);
    bool try_open(Half& half);
    bool try_next_epoch(Half& half);
    Opened opened_tls13();

    Half& half(Side side) noexcept { return halves_[static_cast<std::size_t>(side)]; }

    const CipherSuite& suite_;
    bool tls13_;
    std::array<Half, 2> halves_;
    std::vector<std::uint8_t> plain_;
};

}  // namespace querytap::tls
