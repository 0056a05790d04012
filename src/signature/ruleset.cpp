#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <querytap/signature/ruleset.h>

#include "parser.h"
#include "program.h"

namespace querytap::signature {
namespace {

Result<std::vector<std::filesystem::path>> rule_files(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> files;
    std::error_code code;
    std::filesystem::directory_iterator entries(directory, code);
    for (const std::filesystem::directory_iterator end; !code && entries != end;
         entries.increment(code)) {
        if (entries->path().extension() == ".rules") files.push_back(entries->path());
    }
    if (code) {
        return Error{.message = "cannot read the signature directory: " + code.message(),
                     .hint = "give the directory that holds the *.rules files",
                     .file = directory.string()};
    }
    if (files.empty()) {
        return Error{.message = "no *.rules file in the signature directory",
                     .hint = "give the directory that holds the *.rules files",
                     .file = directory.string()};
    }
    std::sort(files.begin(), files.end());
    return files;
}

Result<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.is_open() || in.bad()) {
        return Error{.message = "cannot read the file", .file = path.string()};
    }
    return text;
}

}  // namespace

RuleSet::RuleSet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RuleSet::~RuleSet() = default;

std::span<const Rule> RuleSet::rules() const noexcept {
    return impl_->rules;
}

bool RuleSet::uses(Buffer buffer) const noexcept {
    return impl_->buffers[static_cast<std::size_t>(buffer)].in_use();
}

const std::vector<Error>& RuleSet::skipped() const noexcept {
    return impl_->skipped;
}

Result<std::shared_ptr<const RuleSet>> RuleSet::load(const std::filesystem::path& directory,
                                                     const LoadOptions& options) {
    const auto files = rule_files(directory);
    if (!files) return files.error();
    Parser parser(options);
    for (const std::filesystem::path& file : files.value()) {
        const auto text = read_file(file);
        if (!text) return text.error();
        if (auto status = parser.parse(text.value(), file.string()); !status) {
            return status.error();
        }
    }
    return finish(parser, options);
}

Result<std::shared_ptr<const RuleSet>> RuleSet::parse(std::string_view text, std::string_view name,
                                                      const LoadOptions& options) {
    Parser parser(options);
    if (auto status = parser.parse(text, name); !status) return status.error();
    return finish(parser, options);
}

Result<std::shared_ptr<const RuleSet>> RuleSet::finish(Parser& parser, const LoadOptions& options) {
    auto impl = compile(std::move(parser.rules()), options.lenient);
    if (!impl) return impl.error();
    auto& skipped = impl.value()->skipped;
    skipped.insert(skipped.begin(), std::make_move_iterator(parser.skipped().begin()),
                   std::make_move_iterator(parser.skipped().end()));
    return std::shared_ptr<const RuleSet>(new RuleSet(std::move(impl).value()));
}

}  // namespace querytap::signature
