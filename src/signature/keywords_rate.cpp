// Keywords that ask how often: threshold and detection_filter.
#include <array>
#include <charconv>
#include <utility>

#include "keywords.h"
#include "rate_parts.h"

namespace querytap::signature {
namespace {

constexpr std::uint32_t kSecondsMax = 7 * 24 * 3600;  // a window longer than a week is a mistake

struct TypeName {
    std::string_view text;
    RateType type;
};
constexpr std::array kTypes{TypeName{"limit", RateType::kLimit},
                            TypeName{"threshold", RateType::kThreshold},
                            TypeName{"both", RateType::kBoth}};
struct TrackName {
    std::string_view text;
    Track track;
};
constexpr std::array kTracks{
    TrackName{"by_src", Track::kBySource}, TrackName{"by_dst", Track::kByDestination},
    TrackName{"by_both", Track::kByBoth}, TrackName{"by_rule", Track::kByRule}};

bool take_number(std::string_view text, std::uint32_t max, std::uint32_t& to) {
    const char* const end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, to);
    return code == std::errc{} && stop == end && to >= 1 && to <= max;
}

}  // namespace

bool take_rate_part(std::string_view key, std::string_view value, Rate& rate, RateParts& parts) {
    if (key == "type") {
        for (const TypeName& known : kTypes) {
            if (known.text != value) continue;
            rate.type = known.type;
            return !std::exchange(parts.type, true);
        }
    } else if (key == "track") {
        for (const TrackName& known : kTracks) {
            if (known.text != value) continue;
            rate.track = known.track;
            return !std::exchange(parts.track, true);
        }
    } else if (key == "count") {
        return take_number(value, UINT32_MAX, rate.count) && !std::exchange(parts.count, true);
    } else if (key == "seconds") {
        return take_number(value, kSecondsMax, rate.seconds) && !std::exchange(parts.seconds, true);
    }
    return false;
}

namespace {

Status read_rate(Draft& draft, const Option& option, bool filter) {
    const std::string hint = std::string("write ") + std::string(option.name) + ":" +
                             (filter ? "" : "type limit, ") + "track by_src, count 5, seconds 60;" +
                             (filter ? "" : " with type limit, threshold or both") +
                             " and track by_src, by_dst, by_both or by_rule";
    if (draft.rule.rule.rate) {
        return keyword_error(draft, option, "a second threshold or detection_filter", "keep one");
    }
    Rate rate;
    RateParts parts;
    if (filter) {
        rate.type = RateType::kDetectionFilter;
        parts.type = true;
    }
    for (std::size_t at = 0; at <= option.value.size();) {
        const std::size_t end = std::min(option.value.find(',', at), option.value.size());
        const std::string_view part = trim(option.value.substr(at, end - at));
        const std::size_t blank = std::min(part.find_first_of(" \t"), part.size());
        if (!take_rate_part(part.substr(0, blank), trim(part.substr(blank)), rate, parts)) {
            return draft.source.error(option.has_value ? option.value_at + at : option.name_at,
                                      in_quotes(part) + " is no part of " + in_quotes(option.name),
                                      hint);
        }
        at = end + 1;
    }
    if (!parts.all()) {
        return keyword_error(draft, option, in_quotes(option.name) + " lacks a part", hint);
    }
    draft.rule.rule.rate = rate;
    return success();
}

Status keyword_threshold(Draft& draft, const Option& option) {
    return read_rate(draft, option, false);
}

Status keyword_detection_filter(Draft& draft, const Option& option) {
    return read_rate(draft, option, true);
}

constexpr std::array<std::pair<std::string_view, Keyword>, 2> kKeywords{{
    {"threshold", keyword_threshold},
    {"detection_filter", keyword_detection_filter},
}};

}  // namespace

Keyword find_rate_keyword(std::string_view name) noexcept {
    for (const auto& [known, keyword] : kKeywords) {
        if (known == name) return keyword;
    }
    return nullptr;
}

}  // namespace querytap::signature
