// Random rules over a small alphabet, on random values, whole and cut: the scanner must agree with
// a slow matcher that follows Suricata's words (offset and depth from the start, distance and
// within from the end of the previous match, backtracking over all of its matches), with what may
// be asked beside contents: isdataat, byte_test, bsize, tds.rows, transforms.
#include <algorithm>
#include <random>

#include "harness.h"

namespace querytap::signature {
namespace {

using test::Bench;
using test::Collector;

struct ModelContent {
    std::string bytes;
    bool nocase = false;
    bool negated = false;
    bool startswith = false;
    bool endswith = false;
    int offset = -1;  ///< -1: not written; as for the others
    int depth = -1;
    int distance = -1;
    int within = -1;

    bool relative() const { return distance >= 0 || within >= 0; }
};

/// What is asked of the bytes behind the last content, or of a value's size.
struct ModelCheck {
    enum class Kind { kNone, kDataAt, kDataAtRelative, kByteTest, kByteTestRelative, kSize };
    Kind kind = Kind::kNone;
    bool negated = false;
    int n = 0;  ///< bytes; of byte_test the offset
    int bytes = 1;
    std::string op = "=";
    std::uint32_t value = 0;
    bool little = false;
};

struct ModelRule {
    std::vector<ModelContent> sql;
    ModelCheck check;  ///< of sql
    std::vector<ModelContent> param;
    bool lower = false;  ///< param is looked at after to_lowercase
    bool strip = false;  ///< after strip_whitespace
    int rows_above = -1;
};

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool stands_at(const ModelContent& content, std::string_view value, std::size_t at) {
    if (at + content.bytes.size() > value.size()) return false;
    for (std::size_t i = 0; i < content.bytes.size(); ++i) {
        const char have = value[at + i];
        const char want = content.bytes[i];
        if (content.nocase ? lower(have) != lower(want) : have != want) return false;
    }
    return true;
}

/// May the content match at `at`, the previous match having ended at `previous`?
bool allowed(const ModelContent& content, std::string_view value, std::size_t at,
             std::size_t previous) {
    const std::size_t end = at + content.bytes.size();
    if (content.endswith && end != value.size()) return false;
    if (content.startswith) return at == 0;
    const auto number = [](int n) { return static_cast<std::size_t>(std::max(n, 0)); };
    const std::size_t base = content.relative() ? previous : 0;
    const std::size_t from =
        base + (content.relative() ? number(content.distance) : number(content.offset));
    const int length = content.relative() ? content.within : content.depth;
    return at >= from && (length < 0 || end <= from + number(length));
}

bool byte_test(const ModelCheck& check, std::string_view value, std::size_t from) {
    const std::size_t at = from + static_cast<std::size_t>(check.n);
    const auto bytes = static_cast<std::size_t>(check.bytes);
    if (at + bytes > value.size()) return false;
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
        const char byte = value[check.little ? at + bytes - 1 - i : at + i];
        number = number << 8 | static_cast<unsigned char>(byte);
    }
    const bool holds = check.op == "="    ? number == check.value
                       : check.op == "<"  ? number < check.value
                       : check.op == ">"  ? number > check.value
                       : check.op == "<=" ? number <= check.value
                       : check.op == ">=" ? number >= check.value
                                          : (number & check.value) != 0;
    return holds != check.negated;
}

/// `previous`: where the last content ended.
bool holds(const ModelCheck& check, std::string_view value, std::size_t previous) {
    const auto n = static_cast<std::size_t>(check.n);
    switch (check.kind) {
        case ModelCheck::Kind::kNone:
            return true;
        case ModelCheck::Kind::kDataAt:  // there is a byte with this number
            return (value.size() > n) != check.negated;
        case ModelCheck::Kind::kDataAtRelative:
            return (value.size() - previous >= n) != check.negated;
        case ModelCheck::Kind::kByteTest:
            return byte_test(check, value, 0);
        case ModelCheck::Kind::kByteTestRelative:
            return byte_test(check, value, previous);
        case ModelCheck::Kind::kSize:
            return check.op == "<"   ? value.size() < n
                   : check.op == ">" ? value.size() > n
                                     : value.size() == n;
    }
    return false;
}

bool search(const std::vector<ModelContent>& contents, std::size_t index, std::string_view value,
            std::size_t previous, const ModelCheck& check) {
    if (index == contents.size()) return holds(check, value, previous);
    const ModelContent& content = contents[index];
    bool found = false;
    for (std::size_t at = 0; at <= value.size(); ++at) {
        if (!stands_at(content, value, at) || !allowed(content, value, at, previous)) continue;
        if (content.negated) return false;
        found = true;
        if (search(contents, index + 1, value, at + content.bytes.size(), check)) return true;
    }
    return content.negated && !found && search(contents, index + 1, value, previous, check);
}

bool holds(const std::vector<ModelContent>& contents, const std::vector<std::string>& values,
           const ModelCheck& check = {}) {
    return contents.empty() || std::any_of(values.begin(), values.end(), [&](const auto& value) {
               return search(contents, 0, value, 0, check);
           });
}

bool holds(const ModelRule& rule, const std::vector<std::string>& sql,
           std::vector<std::string> param, int rows) {
    for (std::string& value : param) {
        if (rule.lower) std::transform(value.begin(), value.end(), value.begin(), lower);
        if (rule.strip) std::erase_if(value, [](char c) { return c == '\n' || c == ' '; });
    }
    return holds(rule.sql, sql, rule.check) && holds(rule.param, param) && rows > rule.rows_above;
}

class Generator {
  public:
    explicit Generator(std::uint32_t seed) : random_(seed) {}

    int below(int n) { return static_cast<int>(random_() % static_cast<std::uint32_t>(n)); }
    bool one_in(int n) { return below(n) == 0; }

    std::string text(int size_max) {
        std::string made;
        for (int size = below(size_max + 1); size > 0; --size)
            made += "abAB\n."[below(6)];
        return made;
    }

    std::vector<ModelContent> contents() {
        std::vector<ModelContent> made;
        for (int count = 1 + below(4); count > 0; --count) {
            ModelContent content;
            content.bytes = std::string(1, "abA."[below(4)]) + text(2);
            content.nocase = one_in(3);
            const bool may_follow = made.empty() || (!made.back().negated && !made.back().endswith);
            const int size = static_cast<int>(content.bytes.size());
            if (may_follow && one_in(2)) {
                if (!one_in(4)) content.distance = below(4);
                if (content.distance < 0 || one_in(2)) content.within = size + below(4);
            } else {
                content.negated = one_in(5);
                content.startswith = one_in(6);
                if (!content.startswith && one_in(3)) content.offset = below(6);
                if (!content.startswith && one_in(3)) content.depth = size + below(5);
            }
            content.endswith = one_in(10);
            made.push_back(content);
        }
        return made;
    }

    ModelCheck check(const std::vector<ModelContent>& contents) {
        using Kind = ModelCheck::Kind;
        constexpr Kind kKinds[] = {Kind::kDataAt,   Kind::kDataAtRelative,   Kind::kDataAtRelative,
                                   Kind::kByteTest, Kind::kByteTestRelative, Kind::kSize};
        ModelCheck made{.kind = kKinds[below(6)]};
        const bool relative =
            made.kind == Kind::kDataAtRelative || made.kind == Kind::kByteTestRelative;
        if (relative && (contents.back().negated || contents.back().endswith)) return {};
        made.n = below(8) + (made.kind == Kind::kDataAtRelative ? 1 : 0);
        made.negated = one_in(3);
        if (made.kind == Kind::kSize) made.op = std::string(1, "<>="[below(3)]);
        if (made.kind == Kind::kSize && made.op == "<") ++made.n;
        if (made.kind != Kind::kByteTest && made.kind != Kind::kByteTestRelative) return made;
        constexpr const char* kOperators[] = {"=", "<", ">", "<=", ">=", "&"};
        made.op = kOperators[below(6)];
        made.bytes = 1 + below(2);
        made.little = one_in(2);
        for (int i = 0; i < made.bytes; ++i)
            made.value = made.value << 8 | static_cast<unsigned char>("abAB\n."[below(6)]);
        return made;
    }

    ModelRule rule() {
        ModelRule made;
        made.sql = contents();
        if (one_in(2)) made.check = check(made.sql);
        if (one_in(4)) made.param = contents();
        made.lower = one_in(4);
        made.strip = one_in(4);
        for (ModelContent& content : made.param) {
            if (made.lower) {
                std::transform(content.bytes.begin(), content.bytes.end(), content.bytes.begin(),
                               lower);
            }
            if (!made.strip) continue;
            std::erase(content.bytes, '\n');
            content = {.bytes = content.bytes,
                       .nocase = content.nocase,
                       .negated = content.negated,
                       .startswith = content.startswith,
                       .endswith = content.endswith};
        }
        if (one_in(4)) made.rows_above = below(4);
        return made;
    }

    std::vector<std::string> values() {
        std::vector<std::string> made;
        for (int count = 1 + below(3); count > 0; --count)
            made.push_back(text(14));
        return made;
    }

    std::vector<std::size_t> cuts(std::size_t size) {
        std::vector<std::size_t> made;
        for (int count = below(5); count > 0; --count) {
            made.push_back(static_cast<std::size_t>(below(static_cast<int>(size) + 1)));
        }
        std::sort(made.begin(), made.end());
        return made;
    }

  private:
    std::mt19937 random_;
};

std::string write(const ModelContent& content) {
    std::string text = content.negated ? "content:!\"" : "content:\"";
    for (const char c : content.bytes)
        text += c == '\n' ? std::string("|0A|") : std::string(1, c);
    text += "\"; ";
    if (content.nocase) text += "nocase; ";
    if (content.startswith) text += "startswith; ";
    if (content.endswith) text += "endswith; ";
    const auto number = [&](const char* name, int n) {
        if (n >= 0) text += std::string(name) + ":" + std::to_string(n) + "; ";
    };
    number("offset", content.offset);
    number("depth", content.depth);
    number("distance", content.distance);
    number("within", content.within);
    return text;
}

std::string write(const ModelCheck& check) {
    using Kind = ModelCheck::Kind;
    const std::string n = std::to_string(check.n);
    switch (check.kind) {
        case Kind::kNone:
            return "";
        case Kind::kDataAt:
        case Kind::kDataAtRelative:
            return std::string("isdataat:") + (check.negated ? "!" : "") + n +
                   (check.kind == Kind::kDataAtRelative ? ",relative; " : "; ");
        case Kind::kSize:
            return "bsize:" + (check.op == "=" ? "" : check.op) + n + "; ";
        case Kind::kByteTest:
        case Kind::kByteTestRelative:
            break;
    }
    return "byte_test:" + std::to_string(check.bytes) + "," + (check.negated ? "!" : "") +
           check.op + "," + std::to_string(check.value) + "," + n +
           (check.kind == Kind::kByteTestRelative ? ",relative" : "") +
           (check.little ? ",little; " : "; ");
}

std::string write(const ModelRule& model, std::uint32_t sid) {
    std::string options = "tds.sql; ";
    for (const ModelContent& content : model.sql)
        options += write(content);
    options += write(model.check);
    if (!model.param.empty()) options += "tds.param; ";
    if (!model.param.empty() && model.strip) options += "strip_whitespace; ";
    if (!model.param.empty() && model.lower) options += "to_lowercase; ";
    for (const ModelContent& content : model.param)
        options += write(content);
    if (model.rows_above >= 0) options += "tds.rows:>" + std::to_string(model.rows_above) + "; ";
    return test::rule(options, sid);
}

/// The values of one transaction, `cut` into random pieces or whole.
std::vector<std::uint32_t> scan(Bench& bench, Generator& random,
                                const std::vector<std::string>& sql,
                                const std::vector<std::string>& param, int rows, bool cut) {
    Scanner& scanner = bench.scanner();
    Collector found(scanner.rules());
    const TransactionId id = scanner.open({});
    const auto send = [&](Buffer buffer, std::string_view value) {
        if (!cut) return scanner.scan(id, buffer, value);
        std::size_t start = 0;
        for (const std::size_t end : random.cuts(value.size())) {
            scanner.stream(id, buffer, value.substr(start, end - start), false);
            start = end;
        }
        scanner.stream(id, buffer, value.substr(start), true);
    };
    for (const std::string& value : sql)
        send(Buffer::kTdsSql, value);
    for (const std::string& value : param)
        send(Buffer::kTdsParam, value);
    scanner.number(id, Number::kTdsRows, static_cast<std::uint64_t>(rows));
    scanner.close(id, found);
    return found.sids;
}

class Property : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Property, AgreesWithTheSlowMatcher) {
    Generator random(GetParam());
    for (int round = 0; round < 6; ++round) {
        std::vector<ModelRule> models;
        std::string text;
        for (std::uint32_t sid = 1; sid <= 40; ++sid) {
            models.push_back(random.rule());
            text += write(models.back(), sid);
        }
        Bench bench(text);
        ASSERT_TRUE(bench);
        for (int transaction = 0; transaction < 60; ++transaction) {
            const auto sql = random.values();
            const auto param = random.values();
            const int rows = random.below(6);
            std::vector<std::uint32_t> expected;
            for (std::uint32_t sid = 1; sid <= models.size(); ++sid) {
                if (holds(models[sid - 1], sql, param, rows)) expected.push_back(sid);
            }
            for (const bool cut : {false, true}) {
                const auto found = scan(bench, random, sql, param, rows, cut);
                if (found == expected) continue;
                std::vector<std::uint32_t> wrong;
                std::set_symmetric_difference(found.begin(), found.end(), expected.begin(),
                                              expected.end(), std::back_inserter(wrong));
                ADD_FAILURE() << "seed " << GetParam() << (cut ? ", cut" : ", whole") << ": "
                              << write(models[wrong[0] - 1], wrong[0]) << "sql "
                              << testing::PrintToString(sql) << " param "
                              << testing::PrintToString(param);
                return;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Property, testing::Range(1u, 17u));

}  // namespace
}  // namespace querytap::signature
