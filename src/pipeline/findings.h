// What was found in one connection: taken when there is something, since most connections idle and
// have nothing.
#pragma once

#include <array>
#include <cstdint>

#include <querytap/verdict/verdict.h>

namespace querytap::pipeline {

struct Findings {
    verdict::Ledger ledger;

    // A polling agent repeats itself: of each signature the first few alerts of a flow are written,
    // the rest is counted.
    static constexpr std::size_t kAlertSidsMax = 32;
    static constexpr std::uint8_t kAlertsPerSid = 10;
    struct AlertCount {
        std::uint32_t sid = 0;
        std::uint8_t written = 0;
    };
    std::array<AlertCount, kAlertSidsMax> alerts{};

    /// False: enough of this signature were written.
    bool may_alert(std::uint32_t sid) noexcept {
        for (AlertCount& count : alerts) {
            if (count.sid == 0) count.sid = sid;
            if (count.sid != sid) continue;
            if (count.written >= kAlertsPerSid) return false;
            ++count.written;
            return true;
        }
        return false;  // more different signatures than any analyst needs to see of one flow
    }
};

}  // namespace querytap::pipeline
