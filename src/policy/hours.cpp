#include "hours.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace querytap::policy {
namespace {

constexpr int kDay = 24 * 60;

Error wrong(std::string_view text) {
    return {.message = "'" + std::string(text) + "' is not a time of the week",
            .hint = "write mon-fri 07:00-19:00, sat,sun 08:00-12:00, or 22:00-06:00"};
}

/// "07:30": 450. 24:00 is the end of a day.
std::optional<int> parse_minutes(std::string_view text) {
    const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    if (!digit(0) || !digit(1) || !digit(3) || !digit(4)) return std::nullopt;
    const int hours = (text[0] - '0') * 10 + (text[1] - '0');
    const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
    if (minutes > 59 || hours * 60 + minutes > kDay) return std::nullopt;
    return hours * 60 + minutes;
}

std::optional<int> parse_day(std::string_view text) {
    static constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu",
                                                           "fri", "sat", "sun"};
    const auto found = std::find(kDays.begin(), kDays.end(), text);
    if (found == kDays.end()) return std::nullopt;
    return static_cast<int>(found - kDays.begin());
}

/// "mon-fri", "sat,sun", "fri-mon".
std::optional<std::bitset<7>> parse_days(std::string_view text) {
    std::bitset<7> days;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view part = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        const std::size_t dash = std::min(part.find('-'), part.size());
        const auto first = parse_day(part.substr(0, dash));
        const auto last = dash < part.size() ? parse_day(part.substr(dash + 1)) : first;
        if (!first || !last) return std::nullopt;
        for (int day = *first;; day = (day + 1) % 7) {
            days.set(static_cast<std::size_t>(day));
            if (day == *last) break;
        }
    }
    return days;
}

}  // namespace

Result<std::int32_t> parse_utc_offset(std::string_view text) {
    if (text == "Z" || text == "UTC") return 0;
    const bool sign = !text.empty() && (text[0] == '+' || text[0] == '-');
    const auto minutes = sign ? parse_minutes(text.substr(1)) : std::nullopt;
    if (!minutes || *minutes > 14 * 60) {
        return Error{.message = "'" + std::string(text) + "' is not an offset from UTC",
                     .hint = "write \"+01:00\" or \"-05:00\""};
    }
    return text[0] == '-' ? -*minutes : *minutes;
}

Status Hours::add(std::string_view text) {
    std::bitset<7> days;
    days.set();
    std::string_view clock = text;
    if (const std::size_t blank = text.find(' '); blank != std::string_view::npos) {
        const auto parsed = parse_days(text.substr(0, blank));
        if (!parsed || parsed->none()) return wrong(text);
        days = *parsed;
        clock = text.substr(blank + 1);
    }
    const std::size_t dash = std::min(clock.find('-'), clock.size());
    const auto from = parse_minutes(clock.substr(0, dash));
    const auto to = dash < clock.size() ? parse_minutes(clock.substr(dash + 1)) : std::nullopt;
    if (!from || !to || *from == *to || *from == kDay) return wrong(text);
    const int length = (*to - *from + kDay) % kDay == 0 ? kDay : (*to - *from + kDay) % kDay;
    for (std::size_t day = 0; day < 7; ++day) {
        if (!days[day]) continue;
        const std::size_t begin = day * kDay + static_cast<std::size_t>(*from);
        for (int i = 0; i < length; ++i)
            minutes_.set((begin + static_cast<std::size_t>(i)) % kWeek);
    }
    return success();
}

bool Hours::contains(Timestamp time, std::int32_t utc_offset_minutes) const noexcept {
    constexpr std::int64_t kMinuteNs = 60'000'000'000;
    constexpr std::int64_t kFirstMonday = 4 * kDay;  // the epoch was a Thursday
    constexpr auto kWeekMinutes = static_cast<std::int64_t>(kWeek);
    const std::int64_t ns = to_ns(time);
    const std::int64_t minute = ns / kMinuteNs - (ns % kMinuteNs < 0 ? 1 : 0);
    const std::int64_t since = (minute + utc_offset_minutes - kFirstMonday) % kWeekMinutes;
    return minutes_[static_cast<std::size_t>((since + kWeekMinutes) % kWeekMinutes)];
}

}  // namespace querytap::policy
