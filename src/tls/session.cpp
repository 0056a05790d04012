#include <algorithm>

#include <querytap/tls/session.h>

#include "certificate.h"
#include "decryptor.h"
#include "hello.h"
#include "pool.h"

namespace querytap::tls {
namespace {

// RFC 5246 7.4, RFC 8446 4.
enum MessageType : std::uint8_t {
    kClientHello = 1,
    kServerHello = 2,
    kCertificate = 11,
    kServerHelloDone = 14,
};

constexpr std::size_t index(Side side) noexcept {
    return static_cast<std::size_t>(side);
}

bool is_read(Side side, std::uint8_t type) noexcept {
    return side == Side::kClient ? type == kClientHello
                                 : type == kServerHello || type == kCertificate;
}

}  // namespace

Pool::Pool(const Limits& limits) : impl_(std::make_unique<Impl>(limits)) {}
Pool::~Pool() = default;

const Counters& Pool::counters() const noexcept {
    return impl_->counters;
}

Session::Session(Pool& pool) noexcept : pool_(&pool.impl()) {}

Session::~Session() {
    release();
}

void Session::read(Side side, Bytes bytes, Handler& handler) {
    while (!bytes.empty() && !over_) {
        const std::size_t used = half(side).record_left == 0 ? record_header(side, bytes, handler)
                                                             : record_body(side, bytes, handler);
        bytes = bytes.subspan(used);
    }
}

std::size_t Session::record_header(Side side, Bytes bytes, Handler& handler) {
    Half& at = half(side);
    const std::size_t size = std::min(bytes.size(), kRecordHeaderSize - at.header_size);
    std::copy_n(bytes.begin(), size, at.header.begin() + at.header_size);
    at.header_size = static_cast<std::uint8_t>(at.header_size + size);
    if (at.header_size < kRecordHeaderSize) return size;
    at.header_size = 0;
    const RecordHeader header = read_record_header(at.header);
    if (!header.good) {
        report(handler);
        over_ = true;
        return size;
    }
    at.record_left = header.size;
    at.readable = header.content_type == kHandshake && !at.ciphered && !at.lost;
    if (decryptor_) decryptor_->begin_record(side, at.header);
    switch (header.content_type) {
        case kChangeCipherSpec:
            // After a HelloRetryRequest it means nothing (RFC 8446 D.4).
            if (side == Side::kServer && retried_) break;
            at.ciphered = true;
            if (side == Side::kServer) report(handler);
            break;
        case kApplicationData:
            // Early data of a client comes before the server's hello.
            if (side == Side::kClient && exchange_ != nullptr &&
                exchange_->facts.client.early_data) {
                break;
            }
            report(handler);
            break;
        default:
            break;
    }
    return size;
}

std::size_t Session::record_body(Side side, Bytes bytes, Handler& handler) {
    Half& at = half(side);
    const Bytes part = bytes.first(std::min<std::size_t>(bytes.size(), at.record_left));
    at.record_left = static_cast<std::uint16_t>(at.record_left - part.size());
    if (decryptor_) {
        decryptor_->add(side, part);
        if (at.record_left == 0) decrypt(side, handler);
    }
    if (at.readable) messages(side, part, handler);
    return part.size();
}

void Session::messages(Side side, Bytes bytes, Handler& handler) {
    Half& at = half(side);
    // What a message says may end the reading.
    while (!bytes.empty() && at.readable) {
        std::size_t used = 0;
        if (!at.in_message) {
            used = std::min(bytes.size(), at.message_header.size() - at.message_header_size);
            std::copy_n(bytes.begin(), used, at.message_header.begin() + at.message_header_size);
            at.message_header_size = static_cast<std::uint8_t>(at.message_header_size + used);
            if (at.message_header_size < at.message_header.size()) return;
            begin_message(side);
        } else {
            used = std::min<std::size_t>(bytes.size(), at.message_left);
            at.message_left -= static_cast<std::uint32_t>(used);
            if (at.collecting) {
                Message& message = exchange_->messages[index(side)];
                const std::size_t kept = std::min(used, kMessageMax - message.size);
                std::copy_n(bytes.begin(), kept, message.bytes.begin() + message.size);
                message.size = static_cast<std::uint16_t>(message.size + kept);
            }
        }
        bytes = bytes.subspan(used);
        if (at.in_message && at.message_left == 0) end_message(side, handler);
    }
}

void Session::begin_message(Side side) {
    Half& at = half(side);
    Reader header(at.message_header);
    const std::uint8_t type = header.u8();
    const std::uint32_t size_high = header.u8();
    at.message_left = size_high << 16 | header.u16be();
    at.message_header_size = 0;
    at.in_message = true;
    at.collecting = is_read(side, type);
    if (!at.collecting) return;
    if (type != kCertificate && at.message_left > kMessageMax) {
        pool_->counters.messages_oversized.add();
        at.collecting = false;
        return;
    }
    if (exchange_ == nullptr) {
        exchange_ = pool_->exchanges.acquire();
        if (exchange_ == nullptr) {
            pool_->counters.handshakes_exhausted.add();
            at.readable = at.collecting = false;
            over_ = true;
            return;
        }
        pool_->counters.handshakes_in_use.add();
    }
    exchange_->messages[index(side)].size = 0;
}

void Session::end_message(Side side, Handler& handler) {
    Half& at = half(side);
    const std::uint8_t type = at.message_header[0];
    at.in_message = false;
    if (side == Side::kServer && type == kServerHelloDone) report(handler);
    if (!at.collecting) return;
    at.collecting = false;
    const Bytes message = exchange_->messages[index(side)].kept();
    bool good = true;
    if (type == kClientHello) {
        // A second one answers a HelloRetryRequest; the first is what the client is like.
        if (!exchange_->facts.client.seen) good = read_client_hello(message, *exchange_);
    } else if (type == kServerHello) {
        server_hello(message, handler);
    } else if (!exchange_->facts.certificate.seen) {
        good = read_certificate_message(message, exchange_->facts.certificate);
    }
    if (!good) pool_->counters.messages_malformed.add();
}

void Session::server_hello(Bytes message, Handler& handler) {
    if (exchange_->facts.server.seen) return;
    switch (read_server_hello(message, *exchange_)) {
        case ServerHelloRead::kBad:
            pool_->counters.messages_malformed.add();
            break;
        case ServerHelloRead::kRetry:
            retried_ = true;
            break;
        case ServerHelloRead::kHello:
            prepare_decryption();
            // From here on TLS 1.3 is silent.
            if (exchange_->facts.server.version >= kTls13) report(handler);
            break;
    }
}

void Session::prepare_decryption() {
    if (!pool_->key_log || !exchange_->facts.client.seen) return;
    decryptor_ = Decryptor::create(*pool_->key_log, *exchange_);
}

void Session::decrypt(Side side, Handler& handler) {
    const Decryptor::Opened opened = decryptor_->end_record(side, half(side).ciphered);
    switch (opened.outcome) {
        case Decryptor::Outcome::kClear:
            break;
        case Decryptor::Outcome::kOpened:
            pool_->counters.records_decrypted.add();
            if (opened.content_type == kApplicationData && !opened.bytes.empty()) {
                handler.on_plaintext(side, opened.bytes);
            }
            break;
        case Decryptor::Outcome::kRefused:
            pool_->counters.records_undecrypted.add();
            break;
        case Decryptor::Outcome::kLost:
            pool_->counters.records_undecrypted.add();
            handler.on_plaintext_lost(side);
            break;
    }
}

void Session::report(Handler& handler) {
    if (exchange_ != nullptr) {
        const Handshake& facts = exchange_->facts;
        if (facts.client.seen || facts.server.seen || facts.certificate.seen) {
            pool_->counters.handshakes.add();
            handler.on_handshake(facts);
        }
    }
    release();
    // What follows is encrypted; a handshake within it would be a second one.
    for (Half& at : halves_) {
        at.lost = true;
        at.readable = false;
        at.collecting = false;
    }
    if (!decryptor_) over_ = true;
}

void Session::release() noexcept {
    if (exchange_ == nullptr) return;
    pool_->exchanges.release(exchange_);
    pool_->counters.handshakes_in_use.sub();
    exchange_ = nullptr;
}

void Session::gap(Side side, Handler& handler) {
    if (over_) return;
    Half& at = half(side);
    at.header_size = 0;
    at.record_left = 0;
    at.readable = false;
    at.collecting = false;
    at.lost = true;
    if (decryptor_ && decryptor_->lose(side)) handler.on_plaintext_lost(side);
}

void Session::finish(Handler& handler) {
    if (!over_) report(handler);
    over_ = true;
}

}  // namespace querytap::tls
