// What every scanner test needs: rules from text, values in, sids and excerpts out.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <querytap/signature/scanner.h>
#include <querytap/signature/statement_views.h>

namespace querytap::signature::test {

class Collector final : public HitSink {
  public:
    explicit Collector(const RuleSet& rules) : rules_(rules) {}
    void on_hit(const Hit& hit) override {
        sids.push_back(rules_.rules()[hit.rule].sid);
        excerpts[sids.back()] = hit.excerpt;
        buffers[sids.back()] = hit.buffer;
    }
    std::vector<std::uint32_t> sids;  ///< in the order reported
    std::map<std::uint32_t, std::string> excerpts;
    std::map<std::uint32_t, Buffer> buffers;

  private:
    const RuleSet& rules_;
};

/// A rule set and a scanner for it. Fails the test when the rules do not load.
class Bench {
  public:
    explicit Bench(std::string_view text, const ScannerLimits& limits = {16, 16}) {
        auto rules = RuleSet::parse(text, "test.rules");
        if (!rules.ok()) ADD_FAILURE() << rules.error().to_string() << "\n" << text;
        if (!rules.ok()) return;
        adopt(rules.value(), limits);
    }
    Bench(std::shared_ptr<const RuleSet> rules, const ScannerLimits& limits) {
        adopt(std::move(rules), limits);
    }

    explicit operator bool() const { return scanner_ != nullptr; }
    Scanner& scanner() { return *scanner_; }
    ScannerCounters& counters() { return counters_; }

    /// One transaction: every value in one piece.
    Collector run(const std::vector<Value>& values, const FlowFacts& facts = {}) {
        Collector found(scanner_->rules());
        const TransactionId id = scanner_->open(facts);
        for (const Value& value : values)
            scanner_->scan(id, value.buffer, value.text);
        scanner_->close(id, found);
        return found;
    }

    /// One transaction with one value that comes in pieces, cut at the given places.
    Collector run_cut(Buffer buffer, std::string_view text, const std::vector<std::size_t>& cuts,
                      const FlowFacts& facts = {}) {
        Collector found(scanner_->rules());
        const TransactionId id = scanner_->open(facts);
        std::size_t start = 0;
        for (const std::size_t cut : cuts) {
            scanner_->stream(id, buffer, text.substr(start, cut - start), false);
            start = cut;
        }
        scanner_->stream(id, buffer, text.substr(start), true);
        scanner_->close(id, found);
        return found;
    }

  private:
    void adopt(std::shared_ptr<const RuleSet> rules, const ScannerLimits& limits) {
        auto made = Scanner::create(std::move(rules), limits, counters_);
        if (!made.ok()) ADD_FAILURE() << made.error().to_string();
        if (made.ok()) scanner_ = std::move(made).value();
    }

    ScannerCounters counters_;
    std::unique_ptr<Scanner> scanner_;
};

/// alert tds any any -> any any (msg:"m"; <options> sid:<sid>;)
inline std::string rule(std::string_view options, std::uint32_t sid = 1,
                        std::string_view action = "alert") {
    return std::string(action) + " tds any any -> any any (msg:\"m\"; " + std::string(options) +
           " sid:" + std::to_string(sid) + ";)\n";
}

}  // namespace querytap::signature::test
