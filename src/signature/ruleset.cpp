#include <iterator>
#include <utility>

#include <querytap/signature/ruleset.h>

#include "database_cache.h"
#include "parser.h"
#include "program.h"
#include "rule_files.h"
#include "threshold_config.h"

namespace querytap::signature {
RuleSet::RuleSet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RuleSet::~RuleSet() = default;

std::span<const Rule> RuleSet::rules() const noexcept {
    return impl_->rules;
}

bool RuleSet::uses(Buffer buffer) const noexcept {
    return impl_->buffers[static_cast<std::size_t>(buffer)].in_use();
}

const std::vector<Error>& RuleSet::warnings() const noexcept {
    return impl_->warnings;
}

const std::vector<Error>& RuleSet::skipped() const noexcept {
    return impl_->skipped;
}

Result<std::shared_ptr<const RuleSet>> RuleSet::load(const std::filesystem::path& directory,
                                                     const LoadOptions& options) {
    Parser parser(options);
    if (auto status = parse_directory(parser, directory); !status) return status.error();
    return finish(parser, options);
}

Result<std::shared_ptr<const RuleSet>> RuleSet::parse(std::string_view text, std::string_view name,
                                                      const LoadOptions& options) {
    Parser parser(options);
    if (auto status = parser.parse(text, name); !status) return status.error();
    return finish(parser, options);
}

Result<std::shared_ptr<const RuleSet>> RuleSet::finish(Parser& parser, const LoadOptions& options) {
    std::vector<Error> warnings;
    if (auto status =
            apply_thresholds(parser.rules(), options.thresholds, parser.variables(), warnings);
        !status) {
        return status.error();
    }
    DatabaseCache cache(options.cache);
    auto impl = compile(std::move(parser.rules()), options, cache);
    if (!impl) return impl.error();
    for (Error& fault : cache.take_faults())
        warnings.push_back(std::move(fault));
    impl.value()->warnings = std::move(warnings);
    auto& skipped = impl.value()->skipped;
    skipped.insert(skipped.begin(), std::make_move_iterator(parser.skipped().begin()),
                   std::make_move_iterator(parser.skipped().end()));
    return std::shared_ptr<const RuleSet>(new RuleSet(std::move(impl).value()));
}

}  // namespace querytap::signature
