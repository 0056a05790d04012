#include "lane.h"

#include "encryption.h"
#include "ntlm.h"
#include "prelogin.h"
#include "tls_layer.h"

namespace querytap::tds {
namespace {

constexpr std::uint8_t kColMetadata = 0x81;
constexpr std::uint8_t kVersionOption = 0x00;  // PRELOGIN begins with it, no token does

bool is_request(PacketType type) noexcept {
    return type == PacketType::kSqlBatch || type == PacketType::kRpc ||
           type == PacketType::kBulkLoad || type == PacketType::kTransactionManager;
}

bool logs_in(PacketType type) noexcept {
    return type == PacketType::kLogin7 || type == PacketType::kPreTds7Login ||
           type == PacketType::kSspi || type == PacketType::kFedAuthToken;
}

Anomaly anomaly_of(PacketType type) noexcept {
    return type == PacketType::kRpc ? Anomaly::kBadRpc : Anomaly::kBadTokenStream;
}

}  // namespace

Lane::Lane(Direction direction, std::uint16_t smp_session, Exchange& exchange) noexcept
    : exchange_(&exchange) {
    info_.direction = direction;
    info_.smp_session = smp_session;
}

/// Passes a packet's bytes on as they are, if no secret can be among them.
void Lane::show(Bytes bytes, const Scope& scope) const {
    if (!logs_in(info_.type)) scope.handler.on_packet_bytes(info_, bytes);
}

void Lane::begin_packet(const PacketHeader& header, Bytes raw, bool later, const Scope& scope) {
    if (open_ && header.type != static_cast<std::uint8_t>(info_.type)) {
        scope.handler.on_anomaly(info_.direction, Anomaly::kBadHeader);
        close(false, scope);
    }
    if (!open_) open(header, later, scope);
    packet_left_ = header.payload();
    last_packet_ = header.ends_message();
    last_status_ = header.status;
    ++info_.packets;
    show(raw, scope);
    if (packet_left_ == 0 && last_packet_) close(true, scope);
}

void Lane::open(const PacketHeader& header, bool later, const Scope& scope) {
    info_.type = static_cast<PacketType>(header.type);
    info_.status = header.status;
    info_.spid = header.spid;
    info_.complete = true;
    info_.size = 0;
    info_.packets = 0;
    open_ = true;
    scope.handler.on_message_begin(info_);
    if (info_.direction == Direction::kToServer) exchange_->begin_request(info_, scope);
    if (is_request(info_.type)) scope.facts.request_seen = true;
    if (info_.type == PacketType::kLogin7) scope.facts.login_sent = true;
    if (info_.type != PacketType::kPrelogin && info_.type != PacketType::kTabularResult) {
        note_clear_message(info_, scope);
    }
    choose_parser(later);
}

void Lane::choose_parser(bool later) {
    switch (info_.type) {
        case PacketType::kSqlBatch:
            parser_.emplace<BatchParser>(later);
            return;
        case PacketType::kRpc:
            if (later) break;
            parser_.emplace<RpcParser>(columns_);
            return;
        case PacketType::kTabularResult:
        case PacketType::kBulkLoad:
        case PacketType::kPrelogin:
            if (later) break;
            parser_.emplace<std::monostate>();
            return;
        case PacketType::kLogin7:
            parser_.emplace<CollectParser>(true);
            return;
        case PacketType::kSspi:
            parser_.emplace<CollectParser>(false);
            return;
        case PacketType::kPreTds7Login:
        case PacketType::kAttention:
        case PacketType::kFedAuthToken:
        case PacketType::kTransactionManager:
            break;
        default:
            parser_.emplace<RawParser>();
            return;
    }
    parser_.emplace<SkipParser>();
}

void Lane::choose_by_content(std::uint8_t first, const Scope& scope) {
    if (info_.type == PacketType::kBulkLoad) {
        if (first == kColMetadata) {
            parser_.emplace<TokenParser>(columns_, Target::kParameter);
        } else {
            parser_.emplace<BulkTextParser>();
        }
        return;
    }
    // Servers answer PRELOGIN with a result, and old ones wrap TLS in results too (2.2.6.5).
    const bool continued = info_.type == PacketType::kPrelogin && !scope.decrypted &&
                           scope.tls.within_record(info_.direction);
    if (tls::is_content_type(first) || continued) {
        note_wrapped_tls(info_.direction, scope);
        parser_.emplace<TlsParser>();
    } else if (info_.type == PacketType::kPrelogin || first == kVersionOption) {
        parser_.emplace<CollectParser>(false);
    } else {
        begin_results(scope);
    }
}

void Lane::begin_results(const Scope& scope) {
    scope.facts.result_seen = true;
    note_clear_message(info_, scope);
    if (info_.direction == Direction::kToClient) exchange_->begin_answer();
    parser_.emplace<TokenParser>(columns_, Target::kResult);
}

std::size_t Lane::payload(Bytes bytes, const Scope& scope) {
    const std::size_t size = std::min<std::size_t>(bytes.size(), packet_left_);
    if (size == 0) return 0;
    packet_left_ = static_cast<std::uint16_t>(packet_left_ - size);
    info_.size += size;
    show(bytes.first(size), scope);
    if (std::holds_alternative<std::monostate>(parser_)) choose_by_content(bytes[0], scope);

    const MessageScope message = scoped(scope);
    const Step step = std::visit(
        [&](auto& parser) {
            if constexpr (std::is_same_v<std::decay_t<decltype(parser)>, std::monostate>) {
                return Step::kSkip;
            } else {
                return pump(parser, pending_, bytes.first(size), message);
            }
        },
        parser_);
    if (step == Step::kBad) message.anomaly(anomaly_of(info_.type));
    if (step == Step::kLimit) message.anomaly(Anomaly::kLimit);
    if (step != Step::kDone) {
        finish_parser(false, message);
        pending_.clear();
        parser_.emplace<SkipParser>();
    }
    if (packet_left_ == 0 && last_packet_) close(true, scope);
    return size;
}

void Lane::abort(const Scope& scope) {
    packet_left_ = 0;
    if (open_) close(false, scope);
    exchange_->lose(scope);
}

void Lane::close(bool whole, const Scope& scope) {
    finish_parser(whole, scoped(scope));
    parser_.emplace<std::monostate>();
    pending_.clear();
    columns_.rest();
    info_.status = last_status_;
    info_.complete = whole;
    open_ = false;
    scope.handler.on_message_end(info_);
}

void Lane::finish_parser(bool whole, const MessageScope& scope) {
    if (auto* batch = std::get_if<BatchParser>(&parser_)) {
        batch->finish(pending_.bytes(), scope);
    } else if (auto* rpc = std::get_if<RpcParser>(&parser_)) {
        rpc->finish(whole, !pending_.empty(), scope);
    } else if (auto* tokens = std::get_if<TokenParser>(&parser_)) {
        tokens->finish(whole, pending_.bytes(), scope);
    } else if (auto* bulk = std::get_if<BulkTextParser>(&parser_)) {
        bulk->finish(scope);
    } else if (auto* collected = std::get_if<CollectParser>(&parser_)) {
        if (whole) finish_collected(collected->kept(), scope);
    }
}

void Lane::finish_collected(Bytes kept, const MessageScope& scope) {
    if (info_.type == PacketType::kSspi) {
        NtlmIdentity identity;
        if (read_ntlm(kept, identity)) scope.handler.on_ntlm(info_, identity);
        return;
    }
    if (info_.type == PacketType::kLogin7) {
        Login7 login;
        const LoginRead read = read_login7(kept, info_.size, login);
        if (read == LoginRead::kCut) scope.anomaly(Anomaly::kLimit);
        if (read == LoginRead::kBad || read == LoginRead::kNone) {
            scope.anomaly(Anomaly::kBadLogin7);
        }
        if (read == LoginRead::kNone) return;
        scope.facts.dialect = dialect_of(login.tds_version);
        scope.handler.on_login(info_, login);
        return;
    }
    Prelogin prelogin;
    if (!read_prelogin(kept, info_.direction, prelogin)) scope.anomaly(Anomaly::kBadPrelogin);
    if (!scope.decrypted) scope.facts.prelogin_seen = true;
    note_encryption(info_.direction, prelogin.encryption_raw, scope);
    scope.handler.on_prelogin(info_, prelogin);
}

}  // namespace querytap::tds
