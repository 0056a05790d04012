#include "threshold_config.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "number_range.h"
#include "range_parser.h"
#include "rate_parts.h"
#include "source.h"
#include "text.h"

namespace querytap::signature {
namespace {

constexpr std::string_view kSuppressHint =
    "write suppress gen_id 1, sig_id 9100001, track by_src, ip 10.0.0.0/8";
constexpr std::string_view kThresholdHint =
    "write threshold gen_id 1, sig_id 9100001, type limit, track by_src, count 1, seconds 60";

struct TrackName {
    std::string_view text;
    Suppression::Track track;
};
constexpr std::array kTracks{TrackName{"by_src", Suppression::Track::kSource},
                             TrackName{"by_dst", Suppression::Track::kDestination},
                             TrackName{"by_either", Suppression::Track::kEither}};

/// A line, in parts.
struct Line {
    std::uint32_t gid = 0;
    std::uint32_t sid = 0;
    bool has_gid = false;
    bool has_sid = false;
    std::optional<Suppression::Track> track;
    std::optional<RangeSet<IpAddress>> addresses;
    Rate rate;
    RateParts parts;
};

class LineReader {
  public:
    LineReader(const Source& source, const Variables& variables)
        : source_(source), variables_(variables) {}

    Result<Line> read(std::size_t begin, bool suppress) {
        const std::string_view text = source_.text();
        int brackets = 0;
        for (std::size_t i = begin; i <= text.size(); ++i) {
            const char c = i < text.size() ? text[i] : ',';
            brackets += c == '[' ? 1 : c == ']' ? -1 : 0;
            if (c != ',' || (brackets > 0 && i < text.size())) continue;
            if (auto status = part(begin, i, suppress); !status) return status.error();
            begin = i + 1;
        }
        if (!line_.has_gid || !line_.has_sid) return lacks("gen_id and sig_id", suppress);
        if (!suppress && !line_.parts.all()) return lacks("type, track, count and seconds", false);
        if (suppress && line_.track.has_value() != line_.addresses.has_value()) {
            return lacks("track and ip, or neither", true);
        }
        return std::move(line_);
    }

  private:
    static std::string hint(bool suppress) {
        return std::string(suppress ? kSuppressHint : kThresholdHint);
    }
    Error lacks(std::string_view what, bool suppress) const {
        return source_.error(0, "this line needs " + std::string(what), hint(suppress));
    }

    Status part(std::size_t begin, std::size_t end, bool suppress) {
        const std::string_view text = source_.text().substr(begin, end - begin);
        const std::string_view whole = trim(text);
        const std::size_t at = begin + std::min(text.find_first_not_of(kBlank), text.size());
        const std::size_t blank = std::min(whole.find_first_of(" \t"), whole.size());
        const std::string_view key = whole.substr(0, blank);
        const std::string_view value = trim(whole.substr(blank));
        if (suppress && key == "ip" && !line_.addresses) {
            const auto value_at = at + static_cast<std::size_t>(value.data() - whole.data());
            auto addresses = parse_addresses(source_, {value, value_at}, variables_);
            if (!addresses) return addresses.error();
            line_.addresses = std::move(addresses).value();
            return success();
        }
        const bool taken =
            take_id(key, value) || (suppress ? take_track(key, value)
                                             : take_rate_part(key, value, line_.rate, line_.parts));
        if (taken) return success();
        return source_.error(at, in_quotes(whole) + " is no part of this line", hint(suppress));
    }

    bool take_id(std::string_view key, std::string_view value) {
        if (key != "gen_id" && key != "sig_id") return false;
        const auto number = read_decimal(value);
        if (!number) return false;
        const bool group = key == "gen_id";
        (group ? line_.gid : line_.sid) = static_cast<std::uint32_t>(*number);
        return !std::exchange(group ? line_.has_gid : line_.has_sid, true);
    }

    bool take_track(std::string_view key, std::string_view value) {
        for (const TrackName& known : kTracks) {
            if (key != "track" || known.text != value || line_.track) continue;
            line_.track = known.track;
            return true;
        }
        return false;
    }

    const Source& source_;
    const Variables& variables_;
    Line line_;
};

/// Each rule that the line means; 0 stands for all.
template <typename Visit>
bool for_each_meant(std::vector<ParsedRule>& rules, const Line& line, Visit&& visit) {
    bool any = false;
    for (ParsedRule& rule : rules) {
        if (line.gid != 0 && rule.rule.gid != line.gid) continue;
        if (line.sid != 0 && rule.rule.sid != line.sid) continue;
        any = true;
        visit(rule);
    }
    return any;
}

Status apply_line(const Source& source, std::vector<ParsedRule>& rules, const Variables& variables,
                  std::vector<Error>& warnings) {
    const std::string_view text = source.text();
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    const std::string_view what = text.substr(0, end);
    const bool suppress = what == "suppress";
    if (what == "rate_filter") {
        return source.error(0, "'rate_filter' is not supported",
                            "a tap blocks nothing: write threshold or suppress");
    }
    if (!suppress && what != "threshold" && what != "event_filter") {
        return source.error(0, in_quotes(what) + " is nothing that threshold.config knows",
                            "a line begins with suppress, threshold or event_filter");
    }
    auto read = LineReader(source, variables).read(end, suppress);
    if (!read) return read.error();
    const Line& line = read.value();
    const bool any = for_each_meant(rules, line, [&](ParsedRule& rule) {
        if (suppress) {
            rule.suppressions.push_back({line.track.value_or(Suppression::Track::kAll),
                                         line.addresses.value_or(RangeSet<IpAddress>{})});
        } else if (line.sid != 0 || !rule.rule.rate) {  // of all rules: those without their own
            rule.rule.rate = line.rate;
        }
    });
    if (!any) {
        warnings.push_back(source.error(0, "no rule has sid " + std::to_string(line.sid),
                                        "remove the line, or load the rule"));
    }
    return success();
}

}  // namespace

Status apply_thresholds(std::vector<ParsedRule>& rules, const std::filesystem::path& file,
                        const Variables& variables, std::vector<Error>& warnings) {
    if (file.empty()) return success();
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.is_open() || in.bad()) {
        return Error{.message = "cannot read the file",
                     .hint = "give a threshold.config, or leave 'threshold_config' out",
                     .file = file.string()};
    }
    for (const Source& line : split_rules(text, file.string())) {
        if (auto status = apply_line(line, rules, variables, warnings); !status) return status;
    }
    return success();
}

}  // namespace querytap::signature
