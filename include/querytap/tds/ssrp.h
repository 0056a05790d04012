// SQL Server Resolution Protocol (MC-SQLR, UDP 1434): which instances a host has, and where. One
// datagram is one message. Reads in place, keeps nothing.
#pragma once

#include <cstdint>
#include <string_view>

#include <querytap/base/bytes.h>

namespace querytap::tds {

inline constexpr std::uint16_t kSsrpPort = 1434;

enum class SsrpMessage : std::uint8_t {
    kNone,       ///< something else on the port
    kBroadcast,  ///< CLNT_BCAST_EX, 2.2.1
    kUnicast,    ///< CLNT_UCAST_EX, 2.2.2
    kInstance,   ///< CLNT_UCAST_INST, 2.2.3
    kDac,        ///< CLNT_UCAST_DAC, 2.2.4
    kOverflow,   ///< the instance's name is longer than any server has room for
    kAnswer,     ///< SVR_RESP, 2.2.5
    kDacAnswer,  ///< SVR_RESP (DAC), 2.2.6
};
/// "broadcast", "instance", "answer", ...: as in EVE.
std::string_view name(SsrpMessage message) noexcept;

struct Ssrp {
    SsrpMessage message = SsrpMessage::kNone;
    std::string_view instance{};   ///< that is asked for
    std::string_view instances{};  ///< of an answer; for next_instance
    std::uint16_t dac_port = 0;
};

Ssrp read_ssrp_request(Bytes datagram) noexcept;
Ssrp read_ssrp_answer(Bytes datagram) noexcept;

/// RESP_DATA, 2.2.5.
struct SsrpInstance {
    std::string_view server{};
    std::string_view instance{};
    std::string_view version{};
    std::string_view pipe{};
    bool clustered = false;
    std::uint16_t tcp_port = 0;  ///< 0: none
};

/// Takes one instance off the front; false when none is left.
bool next_instance(std::string_view& instances, SsrpInstance& instance) noexcept;

}  // namespace querytap::tds
