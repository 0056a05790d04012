// What signatures must match and what they must not, in reviewable files beside them:
// <class>.examples.yaml and benign.yaml (signatures/README.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <querytap/base/result.h>
#include <querytap/signature/ruleset.h>
#include <querytap/signature/statement_views.h>

namespace querytap::signature {

struct Example {
    std::string shown;              ///< as it stands in the file
    std::vector<Value> values;      ///< what rules are given
    bool statement = false;         ///< it is SQL as a client sends it
    std::filesystem::path capture;  ///< instead of values
    std::string file;
    int line = 0;
    int column = 0;
};

/// The examples of one signature.
struct SignatureExamples {
    std::uint32_t sid = 0;
    std::vector<Example> must;
    std::vector<Example> must_not;
    std::string file;
    int line = 0;
};

struct Examples {
    std::vector<SignatureExamples> signatures;
    std::vector<Example> benign;  ///< what no signature may match
};

/// All *.examples.yaml and benign.yaml of a directory; there may be none.
Result<Examples> load_examples(const std::filesystem::path& directory);

/// The sids that match a capture.
using InspectCapture = std::function<Result<std::set<std::uint32_t>>(const std::filesystem::path&)>;

struct ExampleReport {
    std::size_t examples = 0;
    std::vector<Error> failures;  ///< examples that did not turn out as they say
    std::vector<Error> warnings;  ///< signatures that have too few, or match their own text as data
};

inline constexpr std::size_t kExamplesMin = 2;  ///< of each kind, for each signature

Result<ExampleReport> check_examples(const std::shared_ptr<const RuleSet>& rules,
                                     const Examples& examples, const InspectCapture& inspect);

/// What one transaction with these values matches. Both directions are tried: whether the values
/// suit a rule's `flow` is not their business.
class ExampleMatcher {
  public:
    struct Found {
        std::uint32_t rule = 0;  ///< index into RuleSet::rules()
        Buffer buffer{};
    };
    static Result<std::unique_ptr<ExampleMatcher>> create(std::shared_ptr<const RuleSet> rules);
    ~ExampleMatcher();

    std::vector<Found> match(const std::vector<Value>& values);
    std::set<std::uint32_t> sids(const std::vector<Value>& values);

  private:
    struct Impl;
    explicit ExampleMatcher(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace querytap::signature
