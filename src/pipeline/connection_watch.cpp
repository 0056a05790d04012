// What is spoken where: streams on a SQL port that are not TDS, and TDS where no SQL Server was
// announced. Judged from the flow alone, so that the answer is the same however many workers there
// are.
#include <charconv>

#include "connection.h"
#include "interest.h"

namespace querytap::pipeline {
namespace {

using protocol::Content;
using protocol::Protocol;
using verdict::Evidence;

void append_number(BoundedText<160>& text, std::uint16_t number) noexcept {
    std::array<char, 5> digits;  // of a 16-bit number
    const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
    text.append({digits.begin(), end});
}

std::string_view words_of(Protocol app) noexcept {
    switch (app) {
        case Protocol::kUnknown:
            return "an unknown protocol";
        case Protocol::kHighEntropy:
            return "bytes without structure (encrypted or compressed)";
        case Protocol::kShell:
            return "a shell in plain text";
        default:
            return protocol::name(app);
    }
}

}  // namespace

void Connection::watch(Protocol app) noexcept {
    stage_ = Stage::kWatched;
    flow_.app = static_cast<std::uint8_t>(app);
    refresh_conversation();
    first_bytes_ = context_.first_bytes.acquire();
    if (first_bytes_ == nullptr) {
        context_.counters.watches_exhausted.add();
        stage_ = Stage::kAbandoned;
        return;
    }
    check_policy();
}

void Connection::watched(tds::Direction direction, Bytes bytes) noexcept {
    first_bytes_->add(direction, bytes);
    if (!first_bytes_->both_spoke()) return;
    if (static_cast<Protocol>(flow_.app) != Protocol::kUnknown) {
        end_watch();
        return;
    }
    if (!first_bytes_->worth_judging()) return;
    const Content content = first_bytes_->judge();
    const bool decided = content == Content::kShell || content == Content::kHighEntropy;
    if (decided || first_bytes_->full()) end_watch();
}

void Connection::end_watch() noexcept {
    if (first_bytes_ == nullptr) return;
    const bool answered = first_bytes_->both_spoke();
    const Content content = first_bytes_->judge();
    context_.first_bytes.release(first_bytes_);
    first_bytes_ = nullptr;
    stage_ = Stage::kAbandoned;

    Protocol app = static_cast<Protocol>(flow_.app);
    if (app == Protocol::kUnknown || app == Protocol::kTelnet) {
        if (content == Content::kShell) app = Protocol::kShell;
        if (content == Content::kHighEntropy) app = Protocol::kHighEntropy;
    }
    flow_.app = static_cast<std::uint8_t>(app);
    refresh_conversation();
    if (app == Protocol::kTds5) {
        add_evidence(Evidence::kSybaseTds);
        return;
    }
    BoundedText<160> text;
    text.assign(words_of(app));
    text.append(app == Protocol::kShell ? " on port " : " instead of TDS on port ");
    append_number(text, conversation_.server.port);
    if (!answered) text.append(", and nobody answers");
    add_evidence(app == Protocol::kShell ? Evidence::kShellOnSqlPort
                 : answered              ? Evidence::kNonTdsOnSqlPort
                                         : Evidence::kNonTdsUnanswered,
                 text.view());
}

/// TLS that is neither wrapped in PRELOGIN nor TDS 8.0: another protocol where its ALPN says so.
void Connection::judge_tls(tds::TlsMode mode, const tls::Handshake& handshake) noexcept {
    if (mode != tds::TlsMode::kBare || !handshake.client.seen) return;
    if (handshake.client.alpn.empty()) {
        add_evidence(Evidence::kTlsUnwrapped);
        return;
    }
    BoundedText<160> text;
    text.assign("TLS for ");
    text.append(handshake.client.alpn.view());
    text.append(" instead of TDS on port ");
    append_number(text, conversation_.server.port);
    add_evidence(Evidence::kNonTdsOnSqlPort, text.view());
}

/// Once, when messages have shown that the stream is TDS indeed.
void Connection::judge_port() noexcept {
    const std::uint16_t port = conversation_.server.port;
    if (port_judged_ || !(flow_.client_known || messages_to_server_ > 0)) return;
    if (!flow_.client_known && messages_to_client_ == 0) return;
    port_judged_ = true;
    if (is_usual_port(port)) return;
    if (context_.expected_ports.announced(conversation_.server, context_.now)) return;
    BoundedText<160> text;
    text.assign("TDS on port ");
    append_number(text, port);
    text.append(", which is none of SQL Server's");
    add_evidence(Evidence::kTdsOnOtherPort, text.view());
}

}  // namespace querytap::pipeline
