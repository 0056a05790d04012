#include <map>

#include <fmt/format.h>

#include <querytap/signature/examples.h>
#include <querytap/signature/scanner.h>

namespace querytap::signature {

struct ExampleMatcher::Impl {
    std::shared_ptr<const RuleSet> rules;
    ScannerCounters counters;
    std::unique_ptr<Scanner> scanner;
};

ExampleMatcher::ExampleMatcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ExampleMatcher::~ExampleMatcher() = default;

Result<std::unique_ptr<ExampleMatcher>> ExampleMatcher::create(
    std::shared_ptr<const RuleSet> rules) {
    auto impl = std::make_unique<Impl>();
    impl->rules = rules;
    auto scanner =
        Scanner::create(std::move(rules), {.transactions = 1, .streams = 1}, impl->counters);
    if (!scanner) return scanner.error();
    impl->scanner = std::move(scanner).value();
    return std::unique_ptr<ExampleMatcher>(new ExampleMatcher(std::move(impl)));
}

std::vector<ExampleMatcher::Found> ExampleMatcher::match(const std::vector<Value>& values) {
    struct Collector final : HitSink {
        void on_hit(const Hit& hit) override { found.try_emplace(hit.rule, hit.buffer); }
        std::map<std::uint32_t, Buffer> found;
    } collector;
    for (const bool to_server : {true, false}) {
        FlowFacts facts;
        facts.to_server = to_server;
        const TransactionId id = impl_->scanner->open(facts);
        for (const Value& value : values)
            impl_->scanner->scan(id, value.buffer, value.text);
        impl_->scanner->close(id, collector);
    }
    std::vector<Found> found;
    for (const auto& [rule, buffer] : collector.found)
        found.push_back({rule, buffer});
    return found;
}

std::set<std::uint32_t> ExampleMatcher::sids(const std::vector<Value>& values) {
    std::set<std::uint32_t> sids;
    for (const Found& found : match(values))
        sids.insert(impl_->rules->rules()[found.rule].sid);
    return sids;
}

namespace {

/// For one line of a terminal.
std::string shortened(const std::string& text) {
    constexpr std::size_t kMax = 100;
    std::string line = text.substr(0, kMax);
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
    }
    return text.size() > kMax ? line + "..." : line;
}

Error at(const Example& example, std::string message) {
    return {.message = std::move(message),
            .file = example.file,
            .line = example.line,
            .column = example.column};
}

class Checker {
  public:
    Checker(const RuleSet& rules, ExampleMatcher& matcher, const InspectCapture& inspect)
        : rules_(rules), matcher_(matcher), inspect_(inspect) {}

    ExampleReport run(const Examples& examples) {
        for (const SignatureExamples& of : examples.signatures)
            check(of);
        for (const Example& example : examples.benign)
            benign(example);
        for (const Rule& rule : rules_.rules()) {
            if (!checked_.contains(rule.sid)) too_few(rule, 0, 0);
        }
        return std::move(report_);
    }

  private:
    const Rule* find(std::uint32_t sid) const {
        for (const Rule& rule : rules_.rules()) {
            if (rule.sid == sid) return &rule;
        }
        return nullptr;
    }

    std::set<std::uint32_t> sids(const Example& example) {
        ++report_.examples;
        if (example.capture.empty()) return matcher_.sids(example.values);
        auto found = inspect_(example.capture);
        if (found) return std::move(found).value();
        report_.failures.push_back(at(example, found.error().to_string()));
        return {};
    }

    void check(const SignatureExamples& of) {
        const Rule* const rule = find(of.sid);
        const Error place{.message = {}, .file = of.file, .line = of.line, .column = 1};
        if (rule == nullptr) {
            report_.failures.push_back(place);
            report_.failures.back().message =
                fmt::format("there is no signature {}, but examples of it", of.sid);
            return;
        }
        if (!checked_.insert(of.sid).second) {
            report_.warnings.push_back(place);
            report_.warnings.back().message = fmt::format("sid {} has examples twice", of.sid);
        }
        for (const Example& example : of.must) {
            if (!sids(example).contains(of.sid)) {
                report_.failures.push_back(
                    at(example, fmt::format("sid {} does not match, but must: {}", of.sid,
                                            shortened(example.shown))));
            }
            if (example.statement) as_data(example);
        }
        for (const Example& example : of.must_not) {
            if (sids(example).contains(of.sid)) {
                report_.failures.push_back(
                    at(example, fmt::format("sid {} matches, but must not: {}", of.sid,
                                            shortened(example.shown))));
            }
        }
        too_few(*rule, of.must.size(), of.must_not.size());
    }

    void too_few(const Rule& rule, std::size_t must, std::size_t must_not) {
        if (must >= kExamplesMin && must_not >= kExamplesMin) return;
        report_.warnings.push_back(
            {.message = fmt::format("sid {} has {} examples that must match and {} that must not",
                                    rule.sid, must, must_not),
             .hint = "two of each show what it means",
             .file = rule.file,
             .line = rule.line});
    }

    void benign(const Example& example) {
        for (const std::uint32_t sid : sids(example)) {
            report_.failures.push_back(at(example, fmt::format("sid {} matches what is benign: {}",
                                                               sid, shortened(example.shown))));
        }
    }

    /// The very spelling that rules match, kept as text by a ticket system.
    void as_data(const Example& example) {
        if (example.values.empty()) return;
        std::string literal;
        for (const char c : example.values.front().text)
            literal.append(c == '\'' ? 2 : 1, c);
        const auto views = views_of("INSERT INTO dbo.notes (body) VALUES (N'" + literal + "')");
        for (const std::uint32_t sid : matcher_.sids(views.values)) {
            report_.warnings.push_back(
                at(example, fmt::format("sid {} matches this also where it is data: a note that "
                                        "mentions it",
                                        sid)));
            report_.warnings.back().hint =
                "tds.sql has literals in upper case: write code in lower case, without nocase";
        }
    }

    const RuleSet& rules_;
    ExampleMatcher& matcher_;
    const InspectCapture& inspect_;
    std::set<std::uint32_t> checked_;
    ExampleReport report_;
};

}  // namespace

Result<ExampleReport> check_examples(const std::shared_ptr<const RuleSet>& rules,
                                     const Examples& examples, const InspectCapture& inspect) {
    auto matcher = ExampleMatcher::create(rules);
    if (!matcher) return matcher.error();
    return Checker(*rules, **matcher, inspect).run(examples);
}

}  // namespace querytap::signature
