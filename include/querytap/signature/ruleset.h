// Rule files -> an immutable, compiled set: parsed rules and Hyperscan databases, one block and one
// streaming database for each buffer in use. Built off the packet path (oneTBB), shared read-only
// by all workers, replaced as a whole on reload.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <querytap/base/result.h>
#include <querytap/signature/rule.h>

namespace querytap::signature {

/// Values of $NAMES in rule headers, as they stand in a rule: "any", "[10.0.0.0/8,!10.1.0.0/16]".
using Variables = std::map<std::string, std::string, std::less<>>;

struct LoadOptions {
    bool lenient = false;  ///< skip rules that are not supported, and list them, instead of failing
    /// Beside or instead of HOME_NET, EXTERNAL_NET and SQL_SERVERS, which are "any" unless given.
    Variables variables{};
    /// A folder for compiled databases, which makes the next start fast; empty: none.
    std::filesystem::path cache{};
    /// A threshold.config: suppress, threshold and event_filter; empty: none.
    std::filesystem::path thresholds{};
    /// What one pattern may take to compile.
    std::chrono::milliseconds pattern_budget{2000};
    std::uint64_t pattern_memory_mb = 1024;
};

/// A pattern took longer than its budget, and a thread is still busy with it: end the process with
/// std::_Exit, or wait.
bool compiling_abandoned() noexcept;

class RuleSet {
  public:
    /// Loads every *.rules file of `directory`, in order of name. Fails with the first error (file,
    /// line, column, what to write instead).
    static Result<std::shared_ptr<const RuleSet>> load(const std::filesystem::path& directory,
                                                       const LoadOptions& options = {});
    /// The same from memory; `name` stands for the file in errors.
    static Result<std::shared_ptr<const RuleSet>> parse(std::string_view text,
                                                        std::string_view name,
                                                        const LoadOptions& options = {});
    ~RuleSet();
    RuleSet(const RuleSet&) = delete;
    RuleSet& operator=(const RuleSet&) = delete;

    std::span<const Rule> rules() const noexcept;
    /// Is any rule interested in this buffer? What nobody matches need not be produced.
    bool uses(Buffer buffer) const noexcept;
    /// Lenient loading: why each skipped rule was skipped.
    const std::vector<Error>& skipped() const noexcept;
    /// What an owner should hear of, and rules do not suffer from: of the cache, of thresholds.
    const std::vector<Error>& warnings() const noexcept;

    struct Impl;
    const Impl& impl() const noexcept { return *impl_; }

  private:
    explicit RuleSet(std::unique_ptr<Impl> impl);
    static Result<std::shared_ptr<const RuleSet>> finish(class Parser& parser,
                                                         const LoadOptions& options);
    std::unique_ptr<Impl> impl_;
};

}  // namespace querytap::signature
