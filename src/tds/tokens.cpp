#include "tokens.h"

#include "exchange.h"
#include "token_bodies.h"

namespace querytap::tds {
namespace {

/// MS-TDS 2.2.5.8.
enum Token : std::uint8_t {
    kOffset = 0x78,
    kReturnStatus = 0x79,
    kColMetadata = 0x81,
    kAltMetadata = 0x88,
    kDataClassification = 0xa3,
    kTabName = 0xa4,
    kColInfo = 0xa5,
    kOrder = 0xa9,
    kError = 0xaa,
    kInfo = 0xab,
    kReturnValueToken = 0xac,
    kLoginAck = 0xad,
    kFeatureExtAck = 0xae,
    kNbcRow = 0xd2,
    kAltRow = 0xd3,
    kEnvChange = 0xe3,
    kSessionState = 0xe4,
    kSspi = 0xed,
    kFedAuthInfo = 0xee,
    kDone = 0xfd,
    kDoneProc = 0xfe,
    kDoneInProc = 0xff,
};

}  // namespace

bool TokenParser::running() const noexcept {
    return phase_ == Phase::kSkip ||
           ((phase_ == Phase::kValue || phase_ == Phase::kReturnValue) && value_.running());
}

std::size_t TokenParser::run(Bytes bytes, const MessageScope& scope) {
    if (phase_ == Phase::kSkip) {
        const auto size =
            static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), skip_left_));
        skip_left_ -= size;
        if (skip_left_ == 0) phase_ = after_skip_;
        return size;
    }
    const std::size_t size = value_.run(bytes, scope);
    if (value_.done()) value_read();
    return size;
}

void TokenParser::skip(std::uint64_t size, Phase then) noexcept {
    skip_left_ = size;
    after_skip_ = then;
    phase_ = size > 0 ? Phase::kSkip : then;
}

Step TokenParser::unit(Reader& reader, const MessageScope& scope) {
    if (phase_ != Phase::kValue || !value_.done()) {
        const Step step = one_unit(reader, scope);
        if (step != Step::kDone) return step;
    }
    const bool before_value = phase_ == Phase::kValue && value_.done();
    return before_value ? values_at_hand(reader, scope) : Step::kDone;
}

Step TokenParser::one_unit(Reader& reader, const MessageScope& scope) {
    switch (phase_) {
        case Phase::kToken:
            return token(reader, scope);
        case Phase::kKeys:
            return keys(reader);
        case Phase::kKeyValue:
            return key_value(reader);
        case Phase::kColumn:
            return column(reader, scope);
        case Phase::kAltColumn:
            return alt_column(reader, scope);
        case Phase::kNullBitmap:
            return null_bitmap(reader);
        case Phase::kValue:
        case Phase::kReturnValue: {
            const Step step = value_.unit(reader, scope);
            if (step == Step::kDone && value_.done()) value_read();
            return step;
        }
        case Phase::kFeature:
            return feature(reader, scope);
        case Phase::kState:
            return state(reader, scope);
        case Phase::kLabels:
            return labels(reader, scope);
        case Phase::kClassified:
            return classified(reader, scope);
        case Phase::kSkip:
            break;
    }
    return Step::kBad;
}

Step TokenParser::token(Reader& reader, const MessageScope& scope) {
    const std::uint8_t token = reader.u8();
    switch (token) {
        case kColMetadata:
            return column_metadata(reader, scope);
        case kRowToken:
            return row(false);
        case kNbcRow:
            return row(true);
        case kAltMetadata:
            return alt_metadata(reader, scope);
        case kAltRow:
            return alt_row(reader);
        case kReturnValueToken:
            return return_value(reader, scope);
        case kDone:
        case kDoneProc:
        case kDoneInProc:
            return done(reader, scope, token);
        case kReturnStatus: {
            const std::uint32_t value = reader.u32le();
            if (!reader.ok()) return Step::kMore;
            scope.handler.on_return_status(scope.info, static_cast<std::int32_t>(value));
            return Step::kDone;
        }
        case kOffset:
            reader.skip(4);
            return reader.ok() ? Step::kDone : Step::kMore;
        case kError:
        case kInfo:
        case kLoginAck:
        case kEnvChange:
        case kOrder:
        case kTabName:
        case kColInfo:
        case kSspi:
            return sized(reader, scope, token);
        case kSessionState:
            return session_state(reader, scope);
        case kFedAuthInfo:
            return federation(reader, scope);
        case kFeatureExtAck:
            features_ = 0;
            phase_ = Phase::kFeature;
            return Step::kDone;
        case kDataClassification:
            return classification(reader);
        default:
            return Step::kBad;
    }
}

/// Tokens with a USHORT length.
Step TokenParser::sized(Reader& reader, const MessageScope& scope, std::uint8_t token) {
    const std::size_t size = reader.u16le();
    const Bytes body = reader.bytes(std::min(size, kTokenBodyMax));
    if (!reader.ok()) return Step::kMore;
    bool good = true;
    switch (token) {
        case kError:
            ++summary_.errors;
            [[fallthrough]];
        case kInfo:
            good = read_error(body, token == kInfo, scope);
            break;
        case kLoginAck:
            good = read_login_ack(body, scope);
            break;
        case kEnvChange:
            if (promotes_transaction(body)) {
                // Its length covers the type only; a long value and an empty one follow.
                const std::uint32_t token_size = reader.u32le();
                if (!reader.ok()) return Step::kMore;
                skip(std::uint64_t{token_size} + 1, Phase::kToken);
                return Step::kDone;
            }
            good = read_env_change(body, scope);
            break;
        case kOrder:
            good = size % 2 == 0;  // numbers of columns, a USHORT each (2.2.7.17)
            break;
        case kTabName:
            good = is_table_names(body, size, scope.facts.dialect);
            break;
        case kColInfo:
            good = is_column_info(body, size);
            break;
        default:
            break;
    }
    // The length is right even where the content is not: the tokens that follow are still found.
    if (!good) scope.anomaly(Anomaly::kBadTokenStream);
    skip(size - body.size(), Phase::kToken);
    return Step::kDone;
}

/// DONE, DONEPROC, DONEINPROC (2.2.7.6 to 2.2.7.8).
Step TokenParser::done(Reader& reader, const MessageScope& scope, std::uint8_t token) {
    Done done{.token = token};
    done.status = reader.u16le();
    done.command = reader.u16le();
    done.rows = reader.u32le();
    if (!reader.ok()) return Step::kMore;
    Dialect& dialect = scope.facts.dialect;
    if (dialect == Dialect::kUnknown) {
        // The count has four bytes or eight. No token is 0, and nobody counts 2^32 rows.
        const Bytes next = reader.at(reader.position(), 1);
        if (next.empty()) return Step::kMore;
        dialect = next[0] == 0 ? Dialect::k72 : Dialect::k71;
    }
    if (dialect == Dialect::k72) done.rows |= std::uint64_t{reader.u32le()} << 32;
    return reader.ok() ? count_done(done, scope) : Step::kMore;
}

Step TokenParser::count_done(const Done& done, const MessageScope& scope) {
    enum : std::uint16_t { kCount = 0x0010, kAttention = 0x0020, kRpcInBatch = 0x0080 };
    scope.handler.on_done(scope.info, done);
    if ((done.status & kCount) != 0) summary_.affected += done.rows;
    if ((done.status & kAttention) != 0) scope.exchange.attention_acknowledged();
    if ((done.status & kRpcInBatch) != 0) scope.exchange.next_call();
    return Step::kDone;
}

void TokenParser::finish(bool whole, Bytes rest, const MessageScope& scope) {
    // The last DONE of TDS 7.1 looks like the beginning of a later one's.
    constexpr std::size_t kShortDone = 1 + 2 + 2 + 4;
    if (phase_ == Phase::kToken && rest.size() == kShortDone && rest[0] >= kDone &&
        scope.facts.dialect == Dialect::kUnknown) {
        scope.facts.dialect = Dialect::k71;
        Reader reader(rest);
        const std::uint8_t token = reader.u8();
        done(reader, scope, token);
        rest = {};
    }
    if (whole && (phase_ != Phase::kToken || !rest.empty())) {
        scope.anomaly(Anomaly::kBadTokenStream);
    }
    value_.cut(scope);
    if (values_ != Target::kResult) return;
    if (scope.info.direction == Direction::kToClient) scope.exchange.end_answer(scope);
    scope.handler.on_result_end(scope.info, summary_);
}

}  // namespace querytap::tds
