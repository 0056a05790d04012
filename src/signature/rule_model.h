// A rule as the parser understands it, before compilation. Internal to the room: everybody else
// sees signature::Rule.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <querytap/base/ip_address.h>
#include <querytap/signature/rule.h>
#include <querytap/signature/scanner.h>

#include "range_set.h"

namespace querytap::signature {

struct Position {
    int line = 0;
    int column = 0;
};

/// content:"..." with its modifiers. Absolute (offset, depth) and relative (distance, within) are
/// never both set.
struct Content {
    std::string bytes;
    bool nocase = false;
    bool startswith = false;
    bool endswith = false;
    std::optional<std::uint32_t> offset;
    std::optional<std::uint32_t> depth;  ///< counted from `offset`
    std::optional<std::uint32_t> distance;
    std::optional<std::uint32_t> within;  ///< counted from `distance`

    bool absolute() const noexcept { return offset || depth || startswith; }
    bool relative() const noexcept { return distance || within; }
};

/// pcre:"/pattern/flags".
struct Pcre {
    std::string pattern;
    bool caseless = false;
    bool dotall = false;
    bool multiline = false;
    bool extended = false;
    bool relative = false;
    /// isdataat, byte_test: the bytes that are looked at without moving on. 0: a pattern.
    std::uint32_t look = 0;
    std::uint32_t at_least = 0;  ///< of a look that asks for so many bytes and nothing else
    static constexpr std::uint32_t kToTheEnd = UINT32_MAX;

    bool is_look() const noexcept { return look != 0; }
};

/// A range of numbers: how long a value is (dsize, bsize, isdataat), how many rows a result has.
struct SizeRange {
    static constexpr std::uint64_t kMax = UINT64_MAX;
    std::uint64_t min = 0;
    std::uint64_t max = kMax;

    bool any() const noexcept { return min == 0 && max == kMax; }
    bool holds(std::uint64_t size) const noexcept { return size >= min && size <= max; }
    void narrow(const SizeRange& other) noexcept {
        min = std::max(min, other.min);
        max = std::min(max, other.max);
    }
};

/// to_lowercase, strip_whitespace: what a match sees of its buffer.
struct Transforms {
    bool lower = false;
    bool strip = false;
};

struct Match {
    Position where;
    bool negated = false;
    std::variant<Content, Pcre> what;
    Transforms transforms{};

    const Content* content() const noexcept { return std::get_if<Content>(&what); }
    const Pcre* pcre() const noexcept { return std::get_if<Pcre>(&what); }
    bool is_look() const noexcept { return pcre() != nullptr && pcre()->is_look(); }
    bool relative() const noexcept {
        return content() != nullptr ? content()->relative() : pcre()->relative;
    }
};

/// All that a rule asks of one value of one buffer, in the rule's order.
struct BufferMatches {
    Buffer buffer{};
    std::vector<Match> matches;
    SizeRange size{};
    Position sized{};  ///< where the rule asks for a size
};

/// tds.rows:>1000 and the like.
struct NumberCondition {
    Number number{};
    SizeRange range;
    bool negated = false;

    bool holds(std::uint64_t value) const noexcept { return range.holds(value) != negated; }
};

enum class RuleProtocol : std::uint8_t { kIp, kTcp, kUdp, kTds };

/// What stands before the parenthesis.
struct Header {
    RuleProtocol protocol{};
    RangeSet<IpAddress> source;
    RangeSet<std::uint16_t> source_ports;
    RangeSet<IpAddress> destination;
    RangeSet<std::uint16_t> destination_ports;
    bool both_ways = false;

    bool holds(const FlowFacts& facts) const noexcept;
};

/// flow:...; an unset field asks nothing.
struct FlowCondition {
    std::optional<bool> established;
    std::optional<bool> to_server;

    bool holds(const FlowFacts& facts) const noexcept {
        return (!established || *established == facts.established) &&
               (!to_server || *to_server == facts.to_server);
    }
};

/// flowbits:...
struct BitConditions {
    FlowBits isset = 0;
    std::vector<FlowBits> isset_any;  ///< of each at least one: isset,a|b
    FlowBits isnotset = 0;
    FlowBits set = 0;
    FlowBits unset = 0;
    FlowBits toggle = 0;
    bool noalert = false;

    bool changes() const noexcept { return (set | unset | toggle) != 0; }
    bool any() const noexcept {
        return changes() || noalert || (isset | isnotset) != 0 || !isset_any.empty();
    }
    bool holds(const FlowFacts& facts) const noexcept {
        const FlowBits bits = facts.bits != nullptr ? *facts.bits : 0;
        return (bits & isset) == isset && (bits & isnotset) == 0 &&
               std::all_of(isset_any.begin(), isset_any.end(),
                           [&](FlowBits some) { return (bits & some) != 0; });
    }
    void apply(const FlowFacts& facts) const noexcept {
        if (facts.bits != nullptr) *facts.bits = ((*facts.bits | set) & ~unset) ^ toggle;
    }
};

/// xbits:...
struct XbitCommand {
    enum class Kind : std::uint8_t { kSet, kUnset, kToggle, kIsSet, kIsNotSet };
    Kind kind{};
    XbitTrack track{};
    std::uint32_t name = 0;
    std::uint32_t seconds = 0;  ///< how long a bit stays set

    bool asks() const noexcept { return kind == Kind::kIsSet || kind == Kind::kIsNotSet; }
};
struct XbitConditions {
    std::vector<XbitCommand> commands;

    bool any() const noexcept { return !commands.empty(); }
    bool changes() const noexcept;
    bool holds(const FlowFacts& facts) const noexcept;
    void apply(const FlowFacts& facts) const noexcept;
};

/// suppress (threshold.config): whom the rule does not speak of.
struct Suppression {
    enum class Track : std::uint8_t { kAll, kSource, kDestination, kEither };
    Track track{};
    RangeSet<IpAddress> addresses;

    bool holds(const FlowFacts& facts) const noexcept {
        const bool client = addresses.contains(facts.client);
        const bool server = addresses.contains(facts.server);
        switch (track) {
            case Track::kAll:
                return true;
            case Track::kSource:
                return facts.to_server ? client : server;
            case Track::kDestination:
                return facts.to_server ? server : client;
            case Track::kEither:
                return client || server;
        }
        return false;
    }
};

struct ParsedRule {
    Rule rule;
    Header header;
    FlowCondition flow;
    BitConditions bits;
    XbitConditions xbits;
    std::vector<BufferMatches> buffers;
    std::vector<NumberCondition> numbers;
    std::vector<Suppression> suppressions;
    /// Of the last content that must be found: what an alert shows.
    std::optional<Buffer> shown;
};

}  // namespace querytap::signature
