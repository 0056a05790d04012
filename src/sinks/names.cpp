#include "names.h"

#include <fmt/format.h>

namespace querytap::sinks {

std::string_view name(pipeline::EventType type) noexcept {
    switch (type) {
        case pipeline::EventType::kAlert:
            return "alert";
        case pipeline::EventType::kVerdict:
            return "verdict";
        case pipeline::EventType::kFlow:
            return "flow";
        case pipeline::EventType::kTds:
            return "tds";
    }
    return "unknown";
}

std::string_view name(pipeline::TdsKind kind) noexcept {
    using pipeline::TdsKind;
    switch (kind) {
        case TdsKind::kPrelogin:
            return "prelogin";
        case TdsKind::kLogin:
            return "login";
        case TdsKind::kLoginAck:
            return "login_ack";
        case TdsKind::kQuery:
            return "query";
        case TdsKind::kResult:
            return "result";
        case TdsKind::kError:
            return "error";
        case TdsKind::kEncrypted:
            return "encrypted";
        case TdsKind::kAnomaly:
            return "anomaly";
        case TdsKind::kTls:
            return "tls";
        case TdsKind::kRedirect:
            return "redirect";
        case TdsKind::kFederation:
            return "federation";
        case TdsKind::kNtlm:
            return "ntlm";
        case TdsKind::kSsrp:
            return "ssrp";
    }
    return "unknown";
}

std::string_view name(flow::State state) noexcept {
    switch (state) {
        case flow::State::kNew:
            return "new";
        case flow::State::kEstablished:
        case flow::State::kUdp:
            return "established";
        case flow::State::kClosing:
            return "closing";
        case flow::State::kClosed:
            return "closed";
    }
    return "unknown";
}

std::string_view name(flow::EndReason reason) noexcept {
    switch (reason) {
        case flow::EndReason::kTimeout:
            return "timeout";
        case flow::EndReason::kClosed:
            return "closed";
        case flow::EndReason::kEvicted:
            return "evicted";
        case flow::EndReason::kShutdown:
            return "shutdown";
    }
    return "unknown";
}

std::string_view name(packet::IpProtocol protocol) noexcept {
    return protocol == packet::IpProtocol::kTcp ? "TCP" : "UDP";
}

std::string_view name(tds::Encryption encryption) noexcept {
    switch (encryption) {
        case tds::Encryption::kOff:
            return "off";
        case tds::Encryption::kOn:
            return "on";
        case tds::Encryption::kNotSupported:
            return "not_supported";
        case tds::Encryption::kRequired:
            return "required";
        case tds::Encryption::kAbsent:
            return "absent";
    }
    return "unknown";
}

std::string tds_version(std::uint32_t version) {
    return fmt::format("{}.{}", (version >> 28) & 0xf, (version >> 24) & 0xf);
}

}  // namespace querytap::sinks
