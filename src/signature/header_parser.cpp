#include "header_parser.h"

#include <array>
#include <string>
#include <utility>

#include "range_parser.h"
#include "text.h"

namespace querytap::signature {
namespace {

constexpr std::string_view kShape =
    "a rule reads: alert tds any any -> any any (msg:\"...\"; ... sid:1;)";

/// Words of the header; a list in brackets is one word, blanks and all.
class HeaderWords {
  public:
    explicit HeaderWords(const Source& source) : source_(source) {}

    Result<Word> next(std::string_view what) {
        const std::string_view text = source_.text();
        skip_blank();
        const std::size_t start = at_;
        int depth = 0;
        while (at_ < text.size()) {
            const char c = text[at_];
            if (c == '[') ++depth;
            if (c == ']') --depth;
            const bool blank = kBlank.find(c) != std::string_view::npos;
            if (c == '(' || (blank && depth <= 0)) break;
            ++at_;
        }
        if (at_ == start) {
            return source_.error(start, "the " + std::string(what) + " is missing",
                                 std::string(kShape));
        }
        return Word{text.substr(start, at_ - start), start};
    }

    void skip_blank() {
        const std::size_t next = source_.text().find_first_not_of(kBlank, at_);
        at_ = next == std::string_view::npos ? source_.text().size() : next;
    }
    std::size_t at() const { return at_; }

  private:
    const Source& source_;
    std::size_t at_ = 0;
};

Status parse_action(const Source& source, Word word, ParsedRule& rule) {
    if (word.text == "alert") {
        rule.rule.action = Action::kAlert;
    } else if (word.text == "pass") {
        rule.rule.action = Action::kPass;
    } else {
        return source.error(word.at, "unknown action " + in_quotes(word.text),
                            "write alert or pass; a passive tap cannot drop or reject");
    }
    return success();
}

Status parse_protocol(const Source& source, Word word, ParsedRule& rule) {
    static constexpr std::array<std::pair<std::string_view, RuleProtocol>, 4> kProtocols{{
        {"ip", RuleProtocol::kIp},
        {"tcp", RuleProtocol::kTcp},
        {"udp", RuleProtocol::kUdp},
        {"tds", RuleProtocol::kTds},
    }};
    for (const auto& [name, protocol] : kProtocols) {
        if (word.text != name) continue;
        rule.header.protocol = protocol;
        return success();
    }
    return source.error(word.at, "unknown protocol " + in_quotes(word.text),
                        "write tds, tcp, udp or ip");
}

Status parse_direction(const Source& source, Word word, ParsedRule& rule) {
    if (word.text != "->" && word.text != "<>") {
        return source.error(word.at, "unknown direction " + in_quotes(word.text), "write -> or <>");
    }
    rule.header.both_ways = word.text == "<>";
    return success();
}

}  // namespace

Result<std::size_t> parse_header(const Source& source, const Variables& variables,
                                 ParsedRule& rule) {
    HeaderWords words(source);
    static constexpr std::array<std::string_view, 7> kNames{
        "action",          "protocol",  "source address",
        "source port",     "direction", "destination address",
        "destination port"};
    std::array<Word, kNames.size()> word;
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        auto next = words.next(kNames[i]);
        if (!next) return next.error();
        word[i] = next.value();
        // The first two are judged at once: a mistyped action is not a missing port.
        const Status known = i == 0   ? parse_action(source, word[0], rule)
                             : i == 1 ? parse_protocol(source, word[1], rule)
                             : i == 4 ? parse_direction(source, word[4], rule)
                                      : success();
        if (!known) return known.error();
    }

    auto source_address = parse_addresses(source, word[2], variables);
    if (!source_address) return source_address.error();
    auto source_ports = parse_ports(source, word[3], variables);
    if (!source_ports) return source_ports.error();
    auto destination = parse_addresses(source, word[5], variables);
    if (!destination) return destination.error();
    auto destination_ports = parse_ports(source, word[6], variables);
    if (!destination_ports) return destination_ports.error();

    rule.header.source = std::move(source_address).value();
    rule.header.source_ports = std::move(source_ports).value();
    rule.header.destination = std::move(destination).value();
    rule.header.destination_ports = std::move(destination_ports).value();

    words.skip_blank();
    if (words.at() >= source.text().size() || source.text()[words.at()] != '(') {
        return source.error(words.at(), "'(' expected after the header", std::string(kShape));
    }
    return words.at() + 1;
}

bool Header::holds(const FlowFacts& facts) const noexcept {
    if (protocol == RuleProtocol::kTds && !facts.is_tds) return false;
    if (protocol == RuleProtocol::kTcp && facts.is_udp) return false;
    if (protocol == RuleProtocol::kUdp && !facts.is_udp) return false;

    // A rule's source is the sender of the bytes: the client of a request, the server of a reply.
    if (facts.to_server || both_ways) {
        if (source.contains(facts.client) && source_ports.contains(facts.client_port) &&
            destination.contains(facts.server) && destination_ports.contains(facts.server_port)) {
            return true;
        }
    }
    return (!facts.to_server || both_ways) && source.contains(facts.server) &&
           source_ports.contains(facts.server_port) && destination.contains(facts.client) &&
           destination_ports.contains(facts.client_port);
}

}  // namespace querytap::signature
