// Tokens about the session itself: FEATUREEXTACK, SESSIONSTATE, FEDAUTHINFO (MS-TDS 2.2.7.11,
// 2.2.7.12, 2.2.7.21).
#include "text.h"
#include "token_bodies.h"
#include "tokens.h"

namespace querytap::tds {
namespace {

enum Feature : std::uint8_t {
    kSessionRecovery = 0x01,
    kFedAuth = 0x02,
    kColumnEncryption = 0x04,
    kGlobalTransactions = 0x05,
    kAzureSqlSupport = 0x08,
    kDataClassification = 0x09,
    kUtf8Support = 0x0a,
    kAzureDnsCaching = 0x0b,
    kJsonSupport = 0x0d,
    kVectorSupport = 0x0e,
    kEnhancedRouting = 0x0f,
    kTerminator = 0xff,
};

constexpr std::size_t kFeatureHead = 2;  // of FeatureAckData so much is looked at

/// Is `size` what MS-TDS gives the data of this feature?
bool has_size(std::uint8_t id, std::uint32_t size, Bytes head) noexcept {
    switch (id) {
        case kFedAuth:  // nothing, a nonce, or a nonce and its signature
            return size == 0 || size == 32 || size == 64;
        case kColumnEncryption:  // a version and, with enclaves, their type as B_VARCHAR
            return size == 1 || (size >= 2 && size == 2 + 2U * head[1]);
        case kDataClassification:
            return size >= 2;
        case kGlobalTransactions:
        case kAzureSqlSupport:
        case kUtf8Support:
        case kAzureDnsCaching:
        case kJsonSupport:
        case kVectorSupport:
        case kEnhancedRouting:
            return size == 1;
        default:
            return true;
    }
}

/// A server may also acknowledge that it has not got a feature.
bool is_supported(std::uint8_t id, Bytes head) noexcept {
    switch (id) {
        case kGlobalTransactions:
        case kAzureSqlSupport:
        case kUtf8Support:
        case kAzureDnsCaching:
        case kEnhancedRouting:
            return !head.empty() && (head[0] & 1) != 0;
        case kDataClassification:
            return head.size() > 1 && head[1] != 0;
        case kColumnEncryption:
        case kJsonSupport:
        case kVectorSupport:
            return !head.empty() && head[0] != 0;
        default:
            return true;
    }
}

}  // namespace

Step TokenParser::feature(Reader& reader, const MessageScope& scope) {
    const std::uint8_t id = reader.u8();
    if (id == kTerminator) {
        phase_ = Phase::kToken;
        scope.handler.on_features(scope.info, features_);
        return Step::kDone;
    }
    const std::uint32_t size = reader.u32le();
    if (id == kSessionRecovery) {
        if (!reader.ok()) return Step::kMore;
        features_ |= 1U << id;
        begin_states(size, Phase::kFeature);
        return Step::kDone;
    }
    const Bytes head = reader.bytes(std::min<std::size_t>(size, kFeatureHead));
    if (!reader.ok()) return Step::kMore;
    if (!has_size(id, size, head)) scope.anomaly(Anomaly::kBadTokenStream);
    if (id < 32 && is_supported(id, head)) features_ |= 1U << id;
    if (!head.empty() && id == kColumnEncryption) scope.facts.column_encryption = true;
    if (!head.empty() && id == kDataClassification) scope.facts.classification_version = head[0];
    skip(size - head.size(), Phase::kFeature);
    return Step::kDone;
}

Step TokenParser::session_state(Reader& reader, const MessageScope& scope) {
    constexpr std::uint32_t kFixedSize = 4 + 1;  // SeqNo, Status
    const std::uint32_t size = reader.u32le();
    if (!reader.ok()) return Step::kMore;
    if (size < kFixedSize) {
        scope.anomaly(Anomaly::kBadTokenStream);
        skip(size, Phase::kToken);
        return Step::kDone;
    }
    reader.skip(kFixedSize);
    if (!reader.ok()) return Step::kMore;
    begin_states(size - kFixedSize, Phase::kToken);
    return Step::kDone;
}

/// SessionStateDataSet, `size` bytes of states.
void TokenParser::begin_states(std::uint32_t size, Phase then) noexcept {
    states_left_ = size;
    after_states_ = then;
    phase_ = size > 0 ? Phase::kState : then;
}

Step TokenParser::state(Reader& reader, const MessageScope& scope) {
    constexpr std::uint8_t kLong = 0xff;
    constexpr std::uint32_t kHeadShort = 2;  // StateId, StateLen
    constexpr std::uint32_t kHeadLong = 6;
    Reader head(reader);
    head.skip(1);
    const std::uint8_t short_size = states_left_ >= kHeadShort ? head.u8() : std::uint8_t{0};
    const std::uint32_t head_size = short_size == kLong ? kHeadLong : kHeadShort;
    std::uint32_t size = short_size;
    if (short_size == kLong && states_left_ >= kHeadLong) size = head.u32le();
    if (!head.ok()) return Step::kMore;
    if (states_left_ < head_size || size > states_left_ - head_size) {
        scope.anomaly(Anomaly::kBadTokenStream);
        skip(states_left_, after_states_);
        return Step::kDone;
    }
    reader = head;
    states_left_ -= head_size + size;
    skip(size, states_left_ > 0 ? Phase::kState : after_states_);
    return Step::kDone;
}

Step TokenParser::federation(Reader& reader, const MessageScope& scope) {
    const std::uint32_t size = reader.u32le();
    const Bytes body = reader.bytes(std::min<std::size_t>(size, kTokenBodyMax));
    if (!reader.ok()) return Step::kMore;
    if (!read_federation(body, size, scope)) scope.anomaly(Anomaly::kBadTokenStream);
    skip(size - body.size(), Phase::kToken);
    return Step::kDone;
}

}  // namespace querytap::tds
