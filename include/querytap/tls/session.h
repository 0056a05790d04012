// One TLS connection, both directions: contiguous bytes of its records in (cut anywhere), what the
// handshake said out, once. With a key log (lab replays only) also what was said inside.
//
// One thread. A Session holds no heap memory; a handshake under way borrows its place from the
// Pool. Decryption, when a key log has the secrets, does allocate.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include <querytap/base/bytes.h>
#include <querytap/base/counter.h>
#include <querytap/tls/handshake.h>
#include <querytap/tls/record.h>

namespace querytap::tls {

class Decryptor;
class KeyLog;
struct Exchange;

struct Limits {
    std::size_t handshakes = 256;             ///< under way at once, 33 KiB of address space each
    std::shared_ptr<const KeyLog> key_log{};  ///< may be null: nothing is decrypted
};

struct Counters {
    Counter handshakes;            ///< reported
    Counter handshakes_in_use;     ///< places lent
    Counter handshakes_exhausted;  ///< no place was free: the session is not read
    Counter messages_malformed;
    Counter messages_oversized;  ///< a hello longer than is read
    Counter records_decrypted;
    Counter records_undecrypted;  ///< of a session whose secrets the key log has
};

/// What the sessions of one worker share. Outlives them.
class Pool {
  public:
    explicit Pool(const Limits& limits);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    const Counters& counters() const noexcept;

    struct Impl;
    Impl& impl() noexcept { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

class Handler {
  public:
    virtual ~Handler() = default;
    /// At most once: when the server has said all it says in the clear, or nothing more will come.
    /// A part that was not seen says so.
    virtual void on_handshake(const Handshake&) {}
    /// Application data, decrypted. In order, cut anywhere.
    virtual void on_plaintext(Side, Bytes) {}
    /// What follows of this side's application data is not what follows on the wire.
    virtual void on_plaintext_lost(Side) {}
};

class Session {
  public:
    explicit Session(Pool& pool) noexcept;
    ~Session();  ///< gives its place back; says nothing to a handler
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void feed(Side side, Bytes bytes, Handler& handler) {
        if (!over_) read(side, bytes, handler);
    }
    /// Bytes of this side are missing; what comes next begins with a record.
    void gap(Side side, Handler& handler);
    /// End of the flow.
    void finish(Handler& handler);

    /// The last byte fed was not the last of its record.
    bool within_record(Side side) const noexcept {
        const Half& half = halves_[static_cast<std::size_t>(side)];
        return !over_ && (half.header_size > 0 || half.record_left > 0);
    }

  private:
    struct Half {
        std::array<std::uint8_t, kRecordHeaderSize> header;
        std::array<std::uint8_t, 4> message_header;  ///< RFC 8446 4: type, u24be size
        std::uint8_t header_size = 0;                ///< of a header that has not come whole
        std::uint8_t message_header_size = 0;
        std::uint16_t record_left = 0;
        std::uint32_t message_left = 0;
        bool in_message = false;
        bool collecting = false;  ///< the message is one that is read
        bool readable = false;    ///< the record holds handshake messages in the clear
        bool ciphered = false;    ///< ChangeCipherSpec was sent
        bool lost = false;        ///< nothing tells where messages begin
    };

    void read(Side side, Bytes bytes, Handler& handler);
    std::size_t record_header(Side side, Bytes bytes, Handler& handler);
    std::size_t record_body(Side side, Bytes bytes, Handler& handler);
    void messages(Side side, Bytes bytes, Handler& handler);
    void begin_message(Side side);
    void end_message(Side side, Handler& handler);
    void server_hello(Bytes message, Handler& handler);
    void prepare_decryption();
    void decrypt(Side side, Handler& handler);
    void report(Handler& handler);
    void release() noexcept;

    Half& half(Side side) noexcept { return halves_[static_cast<std::size_t>(side)]; }

    Pool::Impl* pool_;
    Exchange* exchange_ = nullptr;  ///< while the handshake is under way
    std::unique_ptr<Decryptor> decryptor_;
    std::array<Half, 2> halves_;
    bool retried_ = false;  ///< HelloRetryRequest: another ServerHello follows
    bool over_ = false;     ///< nothing more will be said
};

}  // namespace querytap::tls
