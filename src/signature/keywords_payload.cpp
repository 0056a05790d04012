// Keywords that ask for sizes, numbers and TCP flags: dsize, bsize, isdataat, byte_test, flags.
#include <array>
#include <charconv>
#include <utility>

#include "byte_test.h"
#include "keywords.h"
#include "number_range.h"

namespace querytap::signature {
namespace {

// A look ahead is a bounded repeat, which Hyperscan limits.
constexpr std::uint32_t kLookMax = 32767;

std::optional<std::uint64_t> parse_number(std::string_view text, bool hex_too) {
    int base = 10;
    if (hex_too && (text.starts_with("0x") || text.starts_with("0X"))) {
        text.remove_prefix(2);
        base = 16;
    }
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, value, base);
    if (code != std::errc{} || stop != end) return std::nullopt;
    return value;
}

Error value_error(const Draft& draft, const Option& option, std::string message, std::string hint) {
    return draft.source.error(option.has_value ? option.value_at : option.name_at,
                              std::move(message), std::move(hint));
}

void narrow(Draft& draft, const Option& option, Buffer buffer, const SizeRange& size) {
    BufferMatches& values = draft.values(buffer);
    values.size.narrow(size);
    values.sized = draft.source.at(option.name_at);
}

Status set_size(Draft& draft, const Option& option, Buffer buffer) {
    const auto size = parse_range(option.value, read_decimal);
    if (!size) {
        const std::string name(option.name);
        return value_error(draft, option, in_quotes(option.value) + " is no size",
                           "write " + name + ":100; " + name + ":>100; " + name + ":<100; or " +
                               name + ":10<>20;");
    }
    narrow(draft, option, buffer, *size);
    return success();
}

Status keyword_dsize(Draft& draft, const Option& option) {
    return set_size(draft, option, Buffer::kPayload);
}

Status keyword_bsize(Draft& draft, const Option& option) {
    return set_size(draft, option, draft.buffer);
}

/// What looks at the bytes behind the last match, and leaves the place where it is.
void add_look(Draft& draft, const Option& option, std::string pattern, std::uint32_t width,
              bool relative) {
    Pcre look;
    look.pattern = std::move(pattern);
    look.dotall = true;
    look.relative = relative;
    look.look = width;
    draft.matches().push_back({draft.source.at(option.name_at), false, std::move(look)});
}

Status keyword_isdataat(Draft& draft, const Option& option) {
    const std::size_t comma = std::min(option.value.find(','), option.value.size());
    std::string_view count = trim(option.value.substr(0, comma));
    const bool negated = count.starts_with('!');
    if (negated) count = trim(count.substr(1));
    bool relative = false;
    for (std::size_t at = comma; at < option.value.size();) {
        const std::size_t end = std::min(option.value.find(',', at + 1), option.value.size());
        const std::string_view word = trim(option.value.substr(at + 1, end - at - 1));
        if (word != "relative" && word != "rawbytes") {
            return draft.source.error(option.value_at + at + 1,
                                      "isdataat has no " + in_quotes(word),
                                      "write isdataat:100,relative; or isdataat:!100,relative;");
        }
        relative = relative || word == "relative";
        at = end;
    }
    const auto bytes = parse_number(count, false);
    if (!bytes || *bytes > kLookMax || (relative && *bytes == 0)) {
        return value_error(draft, option,
                           "'isdataat' needs a number from 1 to " + std::to_string(kLookMax),
                           "write isdataat:100,relative;");
    }
    const auto n = static_cast<std::uint32_t>(*bytes);
    if (!relative) {  // Suricata: there is a byte with this number, counted from 0
        narrow(draft, option, draft.buffer,
               negated ? SizeRange{0, n} : SizeRange{n + 1u, SizeRange::kMax});
        return success();
    }
    if (negated) {
        const std::string fewer = n == 1 ? "" : ".{0," + std::to_string(n - 1) + "}";
        add_look(draft, option, "^" + fewer + "\\z", Pcre::kToTheEnd, true);
    } else {
        add_look(draft, option, "^.{" + std::to_string(n) + "}", n, true);
        std::get<Pcre>(draft.matches().back().what).at_least = n;
    }
    return success();
}

struct OperatorName {
    std::string_view text;
    ByteTest::Operator meaning;
};
constexpr std::array kOperators{
    OperatorName{"<=", ByteTest::Operator::kLessOrEqual},
    OperatorName{">=", ByteTest::Operator::kGreaterOrEqual},
    OperatorName{"<", ByteTest::Operator::kLess},
    OperatorName{">", ByteTest::Operator::kGreater},
    OperatorName{"=", ByteTest::Operator::kEqual},
    OperatorName{"&", ByteTest::Operator::kAnd},
};

constexpr std::string_view kByteTestHint =
    "write byte_test:2,>,512,0,relative,little; with 1 to 8 bytes and <, >, =, <=, >= or &";

/// The words behind the four numbers.
Status byte_test_word(const Draft& draft, const Option& option, std::string_view word,
                      ByteTest& test, bool& relative) {
    if (word == "relative") {
        relative = true;
    } else if (word == "little") {
        test.little_endian = true;
    } else if (word != "big") {
        const bool known = word == "string" || word == "dec" || word == "hex" || word == "oct" ||
                           word == "dce" || word.starts_with("bitmask");
        return value_error(draft, option,
                           (known ? "byte_test with " : "byte_test has no ") + in_quotes(word) +
                               (known ? " is not supported" : ""),
                           known ? "write the digits as a pcre class, or compare plain bytes"
                                 : std::string(kByteTestHint));
    }
    return success();
}

Status keyword_byte_test(Draft& draft, const Option& option) {
    ByteTest test;
    bool relative = false;
    int field = 0;
    bool good = true;
    for (std::size_t at = 0; good && at <= option.value.size(); ++field) {
        const std::size_t end = std::min(option.value.find(',', at), option.value.size());
        std::string_view word = trim(option.value.substr(at, end - at));
        at = end + 1;
        if (field >= 4) {
            if (auto status = byte_test_word(draft, option, word, test, relative); !status)
                return status;
        } else if (field == 1) {
            test.negated = word.starts_with('!');
            if (test.negated) word.remove_prefix(1);
            good = false;
            for (const OperatorName& known : kOperators) {
                if (known.text != word) continue;
                test.compare = known.meaning;
                good = true;
            }
        } else {
            const auto value = parse_number(word, true);
            good = value.has_value();
            if (!good) break;
            if (field == 0) good = *value >= 1 && *value <= 8;
            if (field == 3) good = *value <= kLookMax - 8;
            if (field == 0) test.bytes = static_cast<std::uint32_t>(*value & 15);
            if (field == 2) test.value = *value;
            if (field == 3) test.offset = static_cast<std::uint32_t>(*value);
        }
    }
    if (!good || field < 4) {
        return value_error(draft, option, "this byte_test cannot be read",
                           std::string(kByteTestHint));
    }
    const bool fits = test.bytes == 8 || test.value >> 8 * test.bytes == 0;
    const auto expression = fits ? byte_test_expression(test) : std::nullopt;
    if (!expression) {
        return value_error(draft, option, "this byte_test always has the same answer",
                           "compare with a number that its bytes can hold");
    }
    const std::string gap = test.offset == 0 ? "" : ".{" + std::to_string(test.offset) + "}";
    add_look(draft, option, "^" + gap + *expression, test.offset + test.bytes, relative);
    return success();
}

constexpr unsigned kFlagFin = 1, kFlagSyn = 2, kFlagRst = 4, kFlagPsh = 8, kFlagAck = 16,
                   kFlagUrg = 32, kFlagEce = 64, kFlagCwr = 128;

std::optional<unsigned> flag_bits(std::string_view letters) {
    unsigned bits = 0;
    for (const char letter : letters) {
        switch (letter) {
            case 'F':
                bits |= kFlagFin;
                break;
            case 'S':
                bits |= kFlagSyn;
                break;
            case 'R':
                bits |= kFlagRst;
                break;
            case 'P':
                bits |= kFlagPsh;
                break;
            case 'A':
                bits |= kFlagAck;
                break;
            case 'U':
                bits |= kFlagUrg;
                break;
            case 'E':
            case '2':
                bits |= kFlagEce;
                break;
            case 'C':
            case '1':
                bits |= kFlagCwr;
                break;
            case '0':
                break;
            default:
                return std::nullopt;
        }
    }
    return bits;
}

bool flags_hold(char modifier, unsigned asked, unsigned ignored, unsigned sent) {
    sent &= ~ignored;
    if (modifier == '+') return (sent & asked) == asked;
    if (modifier == '*') return (sent & asked) != 0;
    if (modifier == '!') return (sent & asked) != asked;
    return sent == asked;
}

/// Contents stand in segments with data, which carry ACK and perhaps PSH: a rule that such a
/// segment can satisfy asks nothing more, any other could never match.
Status keyword_flags(Draft& draft, const Option& option) {
    std::string_view asked = option.value;
    std::string_view ignored;
    if (const std::size_t comma = asked.find(','); comma != std::string_view::npos) {
        ignored = trim(asked.substr(comma + 1));
        asked = trim(asked.substr(0, comma));
    }
    char modifier = '\0';
    for (const bool at_end : {false, true}) {  // both +A and A+ are written
        if (asked.empty()) break;
        const char sign = at_end ? asked.back() : asked.front();
        if (sign != '+' && sign != '*' && sign != '!') continue;
        modifier = sign;
        at_end ? asked.remove_suffix(1) : asked.remove_prefix(1);
    }
    const auto bits = flag_bits(asked);
    const auto mask = flag_bits(ignored);
    if (asked.empty() || !bits || !mask) {
        return value_error(draft, option, in_quotes(option.value) + " are no TCP flags",
                           "write flags:A+; with the letters F S R P A U E C");
    }
    for (const unsigned sent : {kFlagAck, kFlagAck | kFlagPsh}) {
        if (flags_hold(modifier, *bits, *mask, sent)) return success();
    }
    return value_error(draft, option, "no packet with data carries these flags",
                       "write flags:A+; or remove it: contents are matched in data");
}

constexpr std::array<std::pair<std::string_view, Keyword>, 5> kKeywords{{
    {"dsize", keyword_dsize},
    {"bsize", keyword_bsize},
    {"isdataat", keyword_isdataat},
    {"byte_test", keyword_byte_test},
    {"flags", keyword_flags},
}};

}  // namespace

Keyword find_payload_keyword(std::string_view name) noexcept {
    for (const auto& [known, keyword] : kKeywords) {
        if (known == name) return keyword;
    }
    return nullptr;
}

}  // namespace querytap::signature
