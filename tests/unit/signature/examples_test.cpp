// signatures/<class>.examples.yaml: statements and buffers that each signature must match, and that
// it must not. SQL goes the way it goes in the pipeline: UTF-16, normaliser, one value for each
// view.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <yaml-cpp/yaml.h>

#include <querytap/sql/normaliser.h>

#include "harness.h"

namespace querytap::signature {
namespace {

namespace fs = std::filesystem;
using test::Bench;
using test::Value;

fs::path directory() {
    const char* const root = std::getenv("QUERYTAP_SOURCE");
    return root == nullptr ? fs::path() : fs::path(root) / "signatures";
}

class Gathered final : public sql::Views {
  public:
    void on_raw(std::string_view text) override { raw_ += text; }
    void on_normalised(std::string_view text) override { normalised_ += text; }
    void on_literal(std::string_view text) override { literals_ += text; }
    void on_decoded(std::string_view text) override { decoded_ += text; }
    void on_dynamic(int index, std::string_view text) override {
        dynamic_[static_cast<std::size_t>(index)] += text;
    }
    void on_dynamic_end(int index) override {
        std::string& text = dynamic_[static_cast<std::size_t>(index)];
        ended_.push_back(std::move(text));
        text.clear();
    }

    std::vector<Value> values() const {
        std::vector<Value> all{{Buffer::kTdsSql, normalised_}, {Buffer::kTdsSqlRaw, raw_}};
        for (const std::string& text : ended_) {
            if (!text.empty()) all.push_back({Buffer::kTdsSql, text});
        }
        if (!decoded_.empty()) all.push_back({Buffer::kTdsDecoded, decoded_});
        if (!literals_.empty()) all.push_back({Buffer::kTdsLiteral, literals_});
        return all;
    }

  private:
    std::string raw_;
    std::string normalised_;
    std::string literals_;
    std::string decoded_;
    std::array<std::string, sql::kDynamicViewsMax> dynamic_;
    std::vector<std::string> ended_;
};

std::vector<Value> of_statement(const std::string& statement) {
    std::vector<std::uint8_t> wire;
    for (const char c : statement) {  // examples are ASCII
        wire.push_back(static_cast<std::uint8_t>(c));
        wire.push_back(0);
    }
    sql::Normaliser normaliser;
    sql::Scratch scratch;
    Gathered views;
    normaliser.begin(sql::Encoding::kUtf16le);
    normaliser.feed(wire, scratch, views);
    normaliser.end(scratch, views);
    return views.values();
}

std::string from_hex(const std::string& digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

std::vector<Value> of_example(const YAML::Node& example) {
    if (example.IsScalar()) return of_statement(example.as<std::string>());
    std::vector<Value> values;
    for (const auto& entry : example) {
        const auto wanted = entry.first.as<std::string>();
        std::size_t index = 0;
        while (index < kBufferCount && name(static_cast<Buffer>(index)) != wanted)
            ++index;
        if (index == kBufferCount) ADD_FAILURE() << "no buffer " << wanted;
        const YAML::Node& text = entry.second;
        values.push_back({static_cast<Buffer>(index), text.IsMap()
                                                          ? from_hex(text["hex"].as<std::string>())
                                                          : text.as<std::string>()});
    }
    return values;
}

std::string show(const std::vector<Value>& values) {
    std::string text;
    for (const Value& value : values) {
        text += "\n    " + std::string(name(value.buffer)) + ": " + value.text;
    }
    return text;
}

/// All shipped rules, scanned together, as in the product.
class Examples : public testing::Test {
  protected:
    void SetUp() override {
        if (directory().empty()) GTEST_SKIP() << "skipped: QUERYTAP_SOURCE is not set";
        auto rules = RuleSet::load(directory());
        ASSERT_TRUE(rules.ok()) << rules.error().to_string();
        rules_ = rules.value();
        bench_ = std::make_unique<Bench>(rules_, ScannerLimits{4, 4});
    }

    const Rule* find(std::uint32_t sid) const {
        for (const Rule& rule : rules_->rules()) {
            if (rule.sid == sid) return &rule;
        }
        return nullptr;
    }

    /// Both directions: whether a rule's `flow` suits its examples is not their business.
    std::set<std::uint32_t> match(const std::vector<Value>& values) {
        std::set<std::uint32_t> sids;
        for (const bool to_server : {true, false}) {
            FlowFacts facts;
            facts.to_server = to_server;
            const auto found = bench_->run(values, facts).sids;
            sids.insert(found.begin(), found.end());
        }
        return sids;
    }

    std::vector<std::pair<fs::path, YAML::Node>> files() const {
        std::vector<std::pair<fs::path, YAML::Node>> all;
        for (const auto& entry : fs::directory_iterator(directory())) {
            if (entry.path().string().ends_with(".examples.yaml")) {
                all.emplace_back(entry.path(), YAML::LoadFile(entry.path().string()));
            }
        }
        return all;
    }

    std::shared_ptr<const RuleSet> rules_;
    std::unique_ptr<Bench> bench_;
};

TEST_F(Examples, MatchWhatTheyMust) {
    for (const auto& [file, root] : files()) {
        for (const auto& entry : root) {
            const auto sid = entry.first.as<std::uint32_t>();
            for (const YAML::Node& example : entry.second["must"]) {
                const auto values = of_example(example);
                EXPECT_TRUE(match(values).contains(sid)) << sid << " must match" << show(values);
            }
            for (const YAML::Node& example : entry.second["must_not"]) {
                const auto values = of_example(example);
                EXPECT_FALSE(match(values).contains(sid))
                    << sid << " must not match" << show(values);
            }
        }
    }
}

TEST_F(Examples, EveryRuleHasTwoOfEach) {
    std::set<std::uint32_t> seen;
    for (const auto& [file, root] : files()) {
        for (const auto& entry : root) {
            const auto sid = entry.first.as<std::uint32_t>();
            const Rule* const rule = find(sid);
            ASSERT_NE(rule, nullptr) << sid << " has examples but no rule";
            const std::string stem =
                file.filename().string().substr(0, file.filename().string().find('.'));
            EXPECT_EQ(fs::path(rule->file).stem(), stem) << sid;
            EXPECT_GE(entry.second["must"].size(), 2u) << sid;
            EXPECT_GE(entry.second["must_not"].size(), 2u) << sid;
            EXPECT_TRUE(seen.insert(sid).second) << sid << " has examples twice";
        }
    }
    for (const Rule& rule : rules_->rules())
        EXPECT_TRUE(seen.contains(rule.sid)) << rule.sid;
}

TEST_F(Examples, EveryRuleSaysWhatAnAnalystNeeds) {
    for (const Rule& rule : rules_->rules()) {
        EXPECT_FALSE(rule.classtype.empty()) << rule.sid;
        EXPECT_FALSE(rule.technique.empty()) << rule.sid;
        EXPECT_FALSE(rule.threat.empty()) << rule.sid;
        EXPECT_FALSE(rule.references.empty()) << rule.sid;
        const auto has = [&](std::string_view key) {
            return std::any_of(rule.metadata.begin(), rule.metadata.end(),
                               [&](const Metadata& entry) { return entry.key == key; });
        };
        EXPECT_TRUE(has("confidence")) << rule.sid;
        EXPECT_TRUE(has("false_positive")) << rule.sid;
    }
}

// A statement kept as text, in the very spelling that rules match, is data and matches nothing.
TEST_F(Examples, NoStatementMatchesAsData) {
    for (const auto& [file, root] : files()) {
        for (const auto& entry : root) {
            for (const YAML::Node& example : entry.second["must"]) {
                if (!example.IsScalar()) continue;
                std::string literal;
                const std::string spelled = of_example(example).front().text;
                for (const char c : spelled) {
                    literal += c;
                    if (c == '\'') literal += c;
                }
                const auto values =
                    of_statement("INSERT INTO dbo.notes (body) VALUES (N'" + literal + "')");
                EXPECT_EQ(match(values), std::set<std::uint32_t>{}) << show(values);
            }
        }
    }
}

// What ordinary applications and administrators' tools say, one statement to a list entry.
TEST_F(Examples, OrdinaryStatementsMatchNothing) {
    const YAML::Node root = YAML::LoadFile((directory() / "benign.yaml").string());
    ASSERT_GE(root.size(), 40u);
    for (const YAML::Node& example : root) {
        const auto values = of_example(example);
        EXPECT_EQ(match(values), std::set<std::uint32_t>{}) << show(values);
    }
}

}  // namespace
}  // namespace querytap::signature
