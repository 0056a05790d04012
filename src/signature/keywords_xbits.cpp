// xbits: what rules remember of a pair of hosts.
#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "keywords.h"
#include "number_range.h"

namespace querytap::signature {
namespace {

constexpr std::size_t kNamesMax = 4096;
constexpr std::uint32_t kSecondsDefault = 30;  // Suricata's
constexpr std::uint32_t kSecondsMax = 7 * 24 * 3600;

/// Names keep their numbers for the life of the process, so that bits survive a reload.
class XbitNames {
  public:
    std::optional<std::uint32_t> number(std::string_view name) {
        const std::lock_guard lock(mutex_);
        const auto known = std::find(names_.begin(), names_.end(), name);
        const auto index = static_cast<std::uint32_t>(known - names_.begin());
        if (index == kNamesMax) return std::nullopt;
        if (known == names_.end()) names_.emplace_back(name);
        return index;
    }

  private:
    std::mutex mutex_;
    std::vector<std::string> names_;
};

XbitNames& xbit_names() {
    static XbitNames names;
    return names;
}

struct CommandName {
    std::string_view text;
    XbitCommand::Kind kind;
};
constexpr std::array kCommands{CommandName{"set", XbitCommand::Kind::kSet},
                               CommandName{"unset", XbitCommand::Kind::kUnset},
                               CommandName{"toggle", XbitCommand::Kind::kToggle},
                               CommandName{"isset", XbitCommand::Kind::kIsSet},
                               CommandName{"isnotset", XbitCommand::Kind::kIsNotSet}};
struct TrackName {
    std::string_view text;
    XbitTrack track;
};
constexpr std::array kTracks{TrackName{"ip_src", XbitTrack::kSource},
                             TrackName{"ip_dst", XbitTrack::kDestination},
                             TrackName{"ip_pair", XbitTrack::kPair}};

constexpr std::string_view kHint =
    "write xbits:set,name,track ip_pair,expire 60; with set, unset, toggle, isset or isnotset, "
    "and track ip_pair, ip_src or ip_dst";

/// "track ip_pair", "expire 60".
bool take_part(std::string_view part, XbitCommand& command, bool& tracked) {
    const std::size_t blank = std::min(part.find_first_of(" \t"), part.size());
    const std::string_view key = part.substr(0, blank);
    const std::string_view value = trim(part.substr(blank));
    if (key == "expire") {
        const auto seconds = read_decimal(value);
        if (!seconds || *seconds == 0 || *seconds > kSecondsMax) return false;
        command.seconds = static_cast<std::uint32_t>(*seconds);
        return true;
    }
    for (const TrackName& known : kTracks) {
        if (key != "track" || known.text != value) continue;
        command.track = known.track;
        return !std::exchange(tracked, true);
    }
    return false;
}

Status keyword_xbits(Draft& draft, const Option& option) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at <= option.value.size();) {
        const std::size_t end = std::min(option.value.find(',', at), option.value.size());
        parts.push_back(trim(option.value.substr(at, end - at)));
        at = end + 1;
    }
    const auto wrong = [&](std::string_view part) {
        const std::size_t at = option.has_value ? option.value_at : option.name_at;
        return draft.source.error(
            at + (part.empty() ? 0 : static_cast<std::size_t>(part.data() - option.value.data())),
            in_quotes(part) + " is no part of 'xbits'", std::string(kHint));
    };
    const auto kind = std::find_if(kCommands.begin(), kCommands.end(),
                                   [&](const auto& known) { return known.text == parts[0]; });
    if (kind == kCommands.end()) return wrong(parts[0]);
    if (parts.size() < 3 || parts[1].empty()) {
        return keyword_error(draft, option, "'xbits' lacks a part", std::string(kHint));
    }
    XbitCommand command{.kind = kind->kind, .seconds = kSecondsDefault};
    bool tracked = false;
    for (std::size_t i = 2; i < parts.size(); ++i) {
        if (!take_part(parts[i], command, tracked)) return wrong(parts[i]);
    }
    if (!tracked) return keyword_error(draft, option, "'xbits' lacks a part", std::string(kHint));
    const auto name = xbit_names().number(parts[1]);
    if (!name) {
        return keyword_error(draft, option,
                             "more than " + std::to_string(kNamesMax) + " names of xbits",
                             "let rules share a name; a restart forgets names of old rules");
    }
    command.name = *name;
    draft.rule.xbits.commands.push_back(command);
    return success();
}

}  // namespace

Keyword find_xbits_keyword(std::string_view name) noexcept {
    return name == "xbits" ? keyword_xbits : nullptr;
}

}  // namespace querytap::signature
