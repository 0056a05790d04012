// A rule as the parser understands it, before compilation. Internal to the room: everybody else
// sees signature::Rule.
#pragma once

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
};

struct Match {
    Position where;
    bool negated = false;
    std::variant<Content, Pcre> what;

    const Content* content() const noexcept { return std::get_if<Content>(&what); }
    const Pcre* pcre() const noexcept { return std::get_if<Pcre>(&what); }
    bool relative() const noexcept {
        return content() != nullptr ? content()->relative() : pcre()->relative;
    }
};

/// All that a rule asks of one value of one buffer, in the rule's order.
struct BufferMatches {
    Buffer buffer{};
    std::vector<Match> matches;
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

struct ParsedRule {
    Rule rule;
    Header header;
    FlowCondition flow;
    std::vector<BufferMatches> buffers;
    /// Of the last content that must be found: what an alert shows.
    std::optional<Buffer> shown;
};

}  // namespace querytap::signature
