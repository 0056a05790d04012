#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include <querytap/verdict/habits.h>

namespace querytap::verdict {
namespace {

/// As few intervals as tell a timer from chance, and what jitter agents are given.
constexpr std::uint32_t kIntervalsMin = 5;
constexpr double kDeviationMax = 0.3;

/// How much shorter the intervals within a visit are than those between visits.
constexpr double kVisit = 4;

std::string interval(double seconds) {
    if (seconds < 120) return fmt::format("{:.1f} s", seconds);
    if (seconds < 7200) return fmt::format("{:.1f} min", seconds / 60);
    return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

double Habits::Habit::deviation() const {
    return intervals < 2 || mean_s <= 0 ? 1 : std::sqrt(squares / intervals) / mean_s;
}

bool Habits::add(const Pair& pair, Timestamp start, std::string_view user, bool encrypted) {
    if (habits_.size() >= pairs_max_ && !habits_.contains(pair)) return false;
    Habit& habit = habits_[pair];
    if (!user.empty()) habit.user = user;
    habit.encrypted = encrypted;
    const double after_s = std::chrono::duration<double>(start - habit.last).count();
    if (habit.last == Timestamp{}) {
        habit.last = start;
        return false;
    }
    // What comes so soon belongs to the same visit, as an answer to what was polled.
    if (after_s <= habit.mean_s / kVisit) return false;
    // A first interval within a visit said nothing of those between visits.
    if (habit.intervals < kIntervalsMin && after_s > habit.mean_s * kVisit) {
        habit.intervals = 0;
        habit.mean_s = habit.squares = 0;
    }
    habit.last = start;
    ++habit.intervals;
    const double off = after_s - habit.mean_s;
    habit.mean_s += off / habit.intervals;
    habit.squares += off * (after_s - habit.mean_s);
    const bool was = habit.regular;
    habit.regular = habit.intervals >= kIntervalsMin && habit.deviation() <= kDeviationMax;
    return habit.regular && !was;
}

std::string Habits::words(const Pair& pair) const {
    const std::string server =
        pair.server.is_v4() ? pair.server.to_string() : "[" + pair.server.to_string() + "]";
    const auto found = habits_.find(pair);
    if (found == habits_.end()) {
        return fmt::format("{} speaks to {}:{}", pair.client.to_string(), server, pair.port);
    }
    const Habit& habit = found->second;
    std::string text = fmt::format("{} {} {}:{}", pair.client.to_string(),
                                   habit.regular ? "polls" : "speaks to", server, pair.port);
    if (habit.regular) {
        text += fmt::format(" every {} \u00b1 {:.0f} %", interval(habit.mean_s),
                            habit.deviation() * 100);
    }
    text += habit.encrypted ? ", encrypted" : ", in clear text";
    if (!habit.user.empty()) text += ", as " + habit.user;
    return text;
}

}  // namespace querytap::verdict
