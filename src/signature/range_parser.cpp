#include "range_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "text.h"

namespace querytap::signature {
namespace {

constexpr int kNestingMax = 8;  // lists in lists, variables in variables
std::optional<unsigned> parse_unsigned(std::string_view text, unsigned max) {
    unsigned value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
    return value;
}

template <typename T>
struct Range {
    T low{};
    T high{};
};

IpAddress from_bytes(const std::array<std::uint8_t, 16>& bytes) {
    return IpAddress::v6(Bytes{bytes});
}

// IPv4 stands mapped in ::ffff:0:0/96, so its prefix length counts from bit 96.
std::optional<Range<IpAddress>> prefix(std::string_view address, std::string_view length) {
    const auto base = IpAddress::parse(address);
    if (!base) return std::nullopt;
    const unsigned skipped = base.value().is_v4() ? 96 : 0;
    const auto bits = parse_unsigned(length, 128 - skipped);
    if (!bits) return std::nullopt;
    auto low = base.value().bytes();
    auto high = low;
    for (unsigned bit = skipped + *bits; bit < 128; ++bit) {
        const auto mask = static_cast<std::uint8_t>(0x80u >> (bit % 8));
        low[bit / 8] = static_cast<std::uint8_t>(low[bit / 8] & ~mask);
        high[bit / 8] = static_cast<std::uint8_t>(high[bit / 8] | mask);
    }
    return Range<IpAddress>{from_bytes(low), from_bytes(high)};
}

struct AddressSyntax {
    using Value = IpAddress;
    static constexpr std::string_view kWhat = "address";
    static constexpr std::string_view kHint =
        "write any, 10.0.0.1, 10.0.0.0/8, 2001:db8::/32, $NAME or a list [10.0.0.0/8,!10.1.0.0/16]";

    static std::optional<Range<Value>> range(std::string_view text) {
        if (text == "any") return prefix("::", "0");
        if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
            return prefix(text.substr(0, slash), text.substr(slash + 1));
        }
        const std::size_t dash = text.find('-');
        const auto low = IpAddress::parse(text.substr(0, dash));
        const auto high =
            dash == std::string_view::npos ? low : IpAddress::parse(text.substr(dash + 1));
        if (!low || !high || high.value() < low.value()) return std::nullopt;
        return Range<Value>{low.value(), high.value()};
    }
};

struct PortSyntax {
    using Value = std::uint16_t;
    static constexpr std::string_view kWhat = "port";
    static constexpr std::string_view kHint =
        "write any, 1433, 1024:2048, 49152:, $NAME or a list [1433,2433:2440,!2435]";

    static std::optional<Range<Value>> range(std::string_view text) {
        if (text == "any") return Range<Value>{0, UINT16_MAX};
        const std::size_t colon = text.find(':');
        const std::string_view first = text.substr(0, colon);
        const std::string_view last =
            colon == std::string_view::npos ? first : text.substr(colon + 1);
        if (first.empty() && last.empty()) return std::nullopt;
        const auto low = first.empty() ? 0u : parse_unsigned(first, UINT16_MAX);
        const auto high = last.empty() ? UINT16_MAX : parse_unsigned(last, UINT16_MAX);
        if (!low || !high || *high < *low) return std::nullopt;
        return Range<Value>{static_cast<Value>(*low), static_cast<Value>(*high)};
    }
};

template <typename Syntax>
class SetParser {
  public:
    using Set = RangeSet<typename Syntax::Value>;
    using Item = typename Set::Item;

    SetParser(const Source& source, const Variables& variables)
        : source_(source), variables_(variables) {}

    Result<Item> item(Word word, int nesting) {
        Item made;
        if (word.text.starts_with('!')) {
            made.negated = true;
            word.text.remove_prefix(1);
            word.at += moves(1);
        }
        const std::string_view text = trim(word.text);
        if (nesting > kNestingMax) {
            return source_.error(word.at, "lists are nested too deep", "write one flat list");
        }
        if (made.negated && text == "any") {
            return source_.error(word.at, "'!any' can never match", "write any, or leave it out");
        }
        if (text.starts_with('[')) return list(std::move(made), {text, word.at}, nesting);
        if (text.starts_with('$')) return variable(std::move(made), {text, word.at}, nesting);
        const auto range = Syntax::range(text);
        if (!range) return bad(word.at, text);
        made.low = range->low;
        made.high = range->high;
        return made;
    }

  private:
    // Inside a variable's value the only place that helps is the variable's own.
    std::size_t moves(std::size_t n) const { return in_variable_ ? 0 : n; }

    Error bad(std::size_t at, std::string_view text) const {
        return source_.error(at, in_quotes(text) + " is no " + std::string(Syntax::kWhat),
                             std::string(Syntax::kHint));
    }

    Result<Item> list(Item made, Word word, int nesting) {
        if (!word.text.ends_with(']')) return bad(word.at, word.text);
        const std::string_view inner = word.text.substr(1, word.text.size() - 2);
        std::size_t start = 0;
        int depth = 0;
        for (std::size_t i = 0; i <= inner.size(); ++i) {
            const char c = i < inner.size() ? inner[i] : ',';
            if (c == '[') ++depth;
            if (c == ']') --depth;
            if (c != ',' || (depth != 0 && i < inner.size())) continue;
            std::string_view part = inner.substr(start, i - start);
            const std::size_t blank = std::min(part.find_first_not_of(kBlank), part.size());
            auto one = item({trim(part), word.at + moves(1 + start + blank)}, nesting + 1);
            if (!one) return one;
            made.list.push_back(std::move(one).value());
            start = i + 1;
        }
        return made;
    }

    Result<Item> variable(Item made, Word word, int nesting) {
        const auto found = variables_.find(word.text.substr(1));
        if (found == variables_.end()) {
            std::string known;
            for (const auto& [name, value] : variables_) {
                known += (known.empty() ? "$" : ", $") + name;
            }
            return source_.error(word.at, "unknown variable " + in_quotes(word.text),
                                 "known are " + known);
        }
        const bool outer = in_variable_;
        in_variable_ = true;
        auto value = item({trim(found->second), word.at}, nesting + 1);
        in_variable_ = outer;
        if (!value) return value;
        if (made.negated && trim(found->second) == "any") {
            return source_.error(word.at, "'!" + std::string(word.text) + "' can never match",
                                 "its value is any; give the variable addresses first");
        }
        made.list.push_back(std::move(value).value());
        return made;
    }

    const Source& source_;
    const Variables& variables_;
    bool in_variable_ = false;
};

template <typename Syntax>
Result<RangeSet<typename Syntax::Value>> parse_set(const Source& source, Word word,
                                                   const Variables& variables) {
    RangeSet<typename Syntax::Value> set;
    if (word.text == "any") return set;
    auto item = SetParser<Syntax>(source, variables).item(word, 0);
    if (!item) return item.error();
    set.items.push_back(std::move(item).value());
    return set;
}

}  // namespace

Result<RangeSet<IpAddress>> parse_addresses(const Source& source, Word word,
                                            const Variables& variables) {
    return parse_set<AddressSyntax>(source, word, variables);
}

Result<RangeSet<std::uint16_t>> parse_ports(const Source& source, Word word,
                                            const Variables& variables) {
    return parse_set<PortSyntax>(source, word, variables);
}

}  // namespace querytap::signature
