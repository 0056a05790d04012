#include "classtypes.h"

#include <array>

namespace querytap::signature {
namespace {

struct Class {
    std::string_view name;
    std::uint8_t priority;
};

// Ours first: the tactics that signatures/ is sorted by.
constexpr std::array kClasses{
    Class{"c2-channel", 1},
    Class{"execution", 1},
    Class{"lateral-movement", 1},
    Class{"exfiltration", 1},
    Class{"persistence", 1},
    Class{"credential-access", 1},
    Class{"tool-fingerprint", 2},
    Class{"discovery", 3},
    Class{"protocol-anomaly", 3},
    // Names and priorities as in Suricata's and Snort's classification.config.
    Class{"attempted-admin", 1},
    Class{"attempted-user", 1},
    Class{"command-and-control", 1},
    Class{"credential-theft", 1},
    Class{"domain-c2", 1},
    Class{"exploit-kit", 1},
    Class{"inappropriate-content", 1},
    Class{"policy-violation", 1},
    Class{"shellcode-detect", 1},
    Class{"successful-admin", 1},
    Class{"successful-user", 1},
    Class{"targeted-activity", 1},
    Class{"trojan-activity", 1},
    Class{"unsuccessful-user", 1},
    Class{"web-application-attack", 1},
    Class{"attempted-dos", 2},
    Class{"attempted-recon", 2},
    Class{"bad-unknown", 2},
    Class{"coin-mining", 2},
    Class{"default-login-attempt", 2},
    Class{"denial-of-service", 2},
    Class{"external-ip-check", 2},
    Class{"misc-attack", 2},
    Class{"non-standard-protocol", 2},
    Class{"pup-activity", 2},
    Class{"rpc-portmap-decode", 2},
    Class{"social-engineering", 2},
    Class{"successful-dos", 2},
    Class{"successful-recon-largescale", 2},
    Class{"successful-recon-limited", 2},
    Class{"suspicious-filename-detect", 2},
    Class{"suspicious-login", 2},
    Class{"system-call-detect", 2},
    Class{"unusual-client-port-connection", 2},
    Class{"web-application-activity", 2},
    Class{"icmp-event", 3},
    Class{"misc-activity", 3},
    Class{"network-scan", 3},
    Class{"not-suspicious", 3},
    Class{"protocol-command-decode", 3},
    Class{"string-detect", 3},
    Class{"unknown", 3},
    Class{"tcp-connection", 4},
};

}  // namespace

std::optional<std::uint8_t> classtype_priority(std::string_view classtype) noexcept {
    for (const Class& known : kClasses) {
        if (known.name == classtype) return known.priority;
    }
    return std::nullopt;
}

}  // namespace querytap::signature
