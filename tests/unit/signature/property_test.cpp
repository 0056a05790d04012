// Random rules over a small alphabet, on random values, whole and cut: the scanner must agree with
// a slow matcher that follows Suricata's words (offset and depth from the start, distance and
// within from the end of the previous match, backtracking over all of its matches).
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

struct ModelRule {
    std::vector<ModelContent> sql;
    std::vector<ModelContent> param;
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

bool search(const std::vector<ModelContent>& contents, std::size_t index, std::string_view value,
            std::size_t previous) {
    if (index == contents.size()) return true;
    const ModelContent& content = contents[index];
    bool found = false;
    for (std::size_t at = 0; at <= value.size(); ++at) {
        if (!stands_at(content, value, at) || !allowed(content, value, at, previous)) continue;
        if (content.negated) return false;
        found = true;
        if (search(contents, index + 1, value, at + content.bytes.size())) return true;
    }
    return content.negated && !found && search(contents, index + 1, value, previous);
}

bool holds(const std::vector<ModelContent>& contents, const std::vector<std::string>& values) {
    return contents.empty() || std::any_of(values.begin(), values.end(), [&](const auto& value) {
               return search(contents, 0, value, 0);
           });
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

std::string write(const ModelRule& model, std::uint32_t sid) {
    std::string options = "tds.sql; ";
    for (const ModelContent& content : model.sql)
        options += write(content);
    if (!model.param.empty()) options += "tds.param; ";
    for (const ModelContent& content : model.param)
        options += write(content);
    return test::rule(options, sid);
}

/// The values of one transaction, `cut` into random pieces or whole.
std::vector<std::uint32_t> scan(Bench& bench, Generator& random,
                                const std::vector<std::string>& sql,
                                const std::vector<std::string>& param, bool cut) {
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
            models.push_back({random.contents(),
                              random.one_in(4) ? random.contents() : std::vector<ModelContent>()});
            text += write(models.back(), sid);
        }
        Bench bench(text);
        ASSERT_TRUE(bench);
        for (int transaction = 0; transaction < 60; ++transaction) {
            const auto sql = random.values();
            const auto param = random.values();
            std::vector<std::uint32_t> expected;
            for (std::uint32_t sid = 1; sid <= models.size(); ++sid) {
                const ModelRule& model = models[sid - 1];
                if (holds(model.sql, sql) && holds(model.param, param)) expected.push_back(sid);
            }
            for (const bool cut : {false, true}) {
                const auto found = scan(bench, random, sql, param, cut);
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

INSTANTIATE_TEST_SUITE_P(Seeds, Property, testing::Range(1u, 13u));

}  // namespace
}  // namespace querytap::signature
