// Keywords that ask for numbers of a message: tds.type, tds.version, tds.rows, tds.error_number.
#include <array>
#include <utility>

#include "keywords.h"
#include "number_range.h"

namespace querytap::signature {
namespace {

/// "7.4" in the order of versions. The wire's numbers have none: 8.0 is 0x08000000, 7.4 0x74000004.
std::optional<std::uint64_t> read_version(std::string_view text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto major = read_decimal(text.substr(0, dot));
    const auto minor = read_decimal(text.substr(dot + 1));
    if (!major || !minor || *major > 15 || *minor > 15) return std::nullopt;
    return version_number(static_cast<unsigned>(*major), static_cast<unsigned>(*minor));
}

struct NumberKeyword {
    std::string_view name;
    Number number;
    NumberReader read;
    std::string_view examples;
};
constexpr std::array kNumbers{
    NumberKeyword{"tds.type", Number::kTdsType, read_decimal, "tds.type:1; or tds.type:!4;"},
    NumberKeyword{"tds.version", Number::kTdsVersion, read_version,
                  "tds.version:7.4; or tds.version:<7.2;"},
    NumberKeyword{"tds.rows", Number::kTdsRows, read_decimal,
                  "tds.rows:>1000; or tds.rows:0<>100;"},
    NumberKeyword{"tds.error_number", Number::kTdsErrorNumber, read_decimal,
                  "tds.error_number:15281; or tds.error_number:18450-18471;"}};

template <std::size_t kIndex>
Status keyword_number(Draft& draft, const Option& option) {
    constexpr const NumberKeyword& keyword = kNumbers[kIndex];
    std::string_view text = option.value;
    const bool negated = text.starts_with('!');
    if (negated) text = trim(text.substr(1));
    const auto range = parse_range(text, keyword.read);
    if (!range) {
        return draft.source.error(option.has_value ? option.value_at : option.name_at,
                                  in_quotes(option.value) + " is nothing that " +
                                      in_quotes(option.name) + " can be compared with",
                                  "write " + std::string(keyword.examples));
    }
    draft.rule.numbers.push_back({keyword.number, *range, negated});
    return success();
}

constexpr std::array<Keyword, kNumbers.size()> kKeywords{keyword_number<0>, keyword_number<1>,
                                                         keyword_number<2>, keyword_number<3>};

}  // namespace

Keyword find_number_keyword(std::string_view name) noexcept {
    for (std::size_t i = 0; i < kNumbers.size(); ++i) {
        if (kNumbers[i].name == name) return kKeywords[i];
    }
    return nullptr;
}

}  // namespace querytap::signature
