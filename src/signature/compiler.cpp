#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <hs.h>

#include "compile_trial.h"
#include "database_cache.h"
#include "expression.h"
#include "in_parallel.h"
#include "program.h"

namespace querytap::signature {
namespace {

struct CompileErrorDeleter {
    void operator()(hs_compile_error_t* error) const noexcept { hs_free_compile_error(error); }
};
using CompileError = std::unique_ptr<hs_compile_error_t, CompileErrorDeleter>;

/// A term that Hyperscan refused, to be laid at the door of the first rule that uses it.
struct Refused {
    std::uint32_t term = 0;
    std::string why;
};

/// The terms of one buffer, each once, and who uses it.
class TermTable {
  public:
    std::uint32_t add(const TermUse& use, std::uint32_t rule) {
        const auto next = static_cast<std::uint32_t>(terms_.size());
        const auto [known, fresh] = index_.try_emplace(use.term, next);
        if (fresh) {
            terms_.push_back(use.term);
            users_.emplace_back();
        }
        users_[known->second].push_back({rule, use.where});
        return known->second;
    }

    struct User {
        std::uint32_t rule;
        Position where;
    };
    const std::vector<Term>& terms() const noexcept { return terms_; }
    const std::vector<User>& users(std::uint32_t term) const { return users_[term]; }

    /// Each term by itself: cheap, and finds all that are wrong at once.
    std::vector<Refused> check(const CompileBudget& budget) const {
        std::vector<std::string> why(terms_.size());
        in_parallel(terms_.size(), [&](std::size_t i) {
            const hs_expr_ext_t ext = extension(terms_[i]);
            hs_expr_info_t* info = nullptr;
            hs_compile_error_t* raw = nullptr;
            const hs_error_t code = hs_expression_ext_info(terms_[i].expression.c_str(),
                                                           terms_[i].flags, &ext, &info, &raw);
            const CompileError error(raw);
            if (code != HS_SUCCESS) {
                why[i] = error ? error->message : "refused";
                return;
            }
            std::free(info);
            if (!looks_dear(terms_[i].expression)) return;
            why[i] = exceeds(terms_[i], budget).value_or("");
        });
        std::vector<Refused> refused;
        for (std::uint32_t i = 0; i < why.size(); ++i) {
            if (!why[i].empty()) refused.push_back({i, std::move(why[i])});
        }
        return refused;
    }

    /// All that decides what compile() makes.
    std::string content(unsigned mode) const {
        std::string text = std::to_string(mode) + "\n";
        for (const Term& term : terms_) {
            for (const std::uint64_t number : {std::uint64_t{term.flags}, term.min_offset,
                                               term.max_offset, term.expression.size()}) {
                text += std::to_string(number) + " ";
            }
            text += term.expression + "\n";
        }
        return text;
    }

    std::optional<Refused> compile(unsigned mode, Database& out) const {
        std::vector<const char*> expressions;
        std::vector<unsigned> flags;
        std::vector<unsigned> ids;
        std::vector<hs_expr_ext_t> extensions;
        std::vector<const hs_expr_ext_t*> extension_pointers;
        extensions.reserve(terms_.size());
        for (std::uint32_t i = 0; i < terms_.size(); ++i) {
            expressions.push_back(terms_[i].expression.c_str());
            flags.push_back(terms_[i].flags);
            ids.push_back(i);
            extensions.push_back(extension(terms_[i]));
            extension_pointers.push_back(&extensions.back());
        }
        hs_database_t* database = nullptr;
        hs_compile_error_t* raw = nullptr;
        const hs_error_t code = hs_compile_ext_multi(
            expressions.data(), flags.data(), ids.data(), extension_pointers.data(),
            static_cast<unsigned>(terms_.size()), mode, nullptr, &database, &raw);
        const CompileError error(raw);
        if (code == HS_SUCCESS) {
            out.reset(database);
            return std::nullopt;
        }
        const bool one = error && error->expression >= 0;
        return Refused{one ? static_cast<std::uint32_t>(error->expression) : kNoIndex,
                       error ? error->message : "Hyperscan failed"};
    }

  private:
    std::map<Term, std::uint32_t> index_;
    std::vector<Term> terms_;
    std::vector<std::vector<User>> users_;
};

/// One attempt: groups and terms of the given rules, then the databases.
class Attempt {
  public:
    Attempt(const std::vector<ParsedRule>& rules, const LoadOptions& options, DatabaseCache& cache)
        : rules_(rules),
          pattern_budget_{options.pattern_budget, options.pattern_memory_mb},
          cache_(cache),
          impl_(std::make_unique<RuleSet::Impl>()) {
        for (std::uint32_t i = 0; i < rules.size(); ++i)
            add(i);
    }

    /// Rule -> what is wrong with it.
    std::map<std::uint32_t, Error> build() {
        std::map<std::uint32_t, Error> faults;
        find_databases();
        for (std::size_t i = 0; i < kBufferCount; ++i) {
            const TermTable& table = tables_[i];
            if (impl_->buffers[i].block && impl_->buffers[i].stream) continue;  // compiled before
            for (const Refused& refused : table.check(pattern_budget_))
                blame(table, refused, faults);
        }
        if (faults.empty()) build_databases(faults);
        return faults;
    }

    std::unique_ptr<RuleSet::Impl> take() { return std::move(impl_); }

  private:
    void add(std::uint32_t rule) {
        const ParsedRule& parsed = rules_[rule];
        Conditions conditions{parsed.header,
                              parsed.flow,
                              parsed.bits,
                              parsed.xbits,
                              parsed.suppressions,
                              count_number(parsed.rule),
                              static_cast<std::uint32_t>(impl_->groups.size()),
                              0,
                              Buffer::kPayload};
        if (!parsed.buffers.empty()) conditions.shown_buffer = parsed.buffers.back().buffer;
        if (parsed.shown) conditions.shown_buffer = *parsed.shown;
        for (const BufferMatches& buffer : parsed.buffers)
            add_group(rule, buffer);
        for (const NumberCondition& number : parsed.numbers)
            add_group(rule, number);
        if (parsed.buffers.empty() && parsed.numbers.empty()) {
            impl_->without_content.push_back(conditions.first_group);
            impl_->groups.push_back({.rule = rule, .required = {}, .forbidden = {}});
        }
        conditions.group_count =
            static_cast<std::uint32_t>(impl_->groups.size()) - conditions.first_group;
        impl_->conditions.push_back(std::move(conditions));
        impl_->rules.push_back(parsed.rule);
        impl_->has_bits = impl_->has_bits || parsed.bits.any() || parsed.xbits.any();
        impl_->has_pass = impl_->has_pass || parsed.rule.action == Action::kPass;
    }

    void add_group(std::uint32_t rule, const BufferMatches& buffer) {
        const auto index = static_cast<std::size_t>(buffer.buffer);
        Group group{.rule = rule,
                    .required = {},
                    .forbidden = {},
                    .size = buffer.size,
                    .sized = !buffer.size.any()};
        const bool shows = rules_[rule].shown == buffer.buffer;
        for (const TermUse& use : build_terms(buffer)) {
            const std::uint32_t term = tables_[index].add(use, rule);
            (use.negated ? group.forbidden : group.required).push_back(term);
            if (shows && use.last) group.shown = term;
        }
        // A longer expression is rarer: it decides when a group is looked at.
        const auto& terms = tables_[index].terms();
        std::stable_sort(group.required.begin(), group.required.end(), [&](auto a, auto b) {
            return terms[a].expression.size() > terms[b].expression.size();
        });
        register_group(impl_->buffers[index], group);
        impl_->groups.push_back(std::move(group));
    }

    void add_group(std::uint32_t rule, const NumberCondition& condition) {
        const auto number = static_cast<std::uint32_t>(impl_->groups.size());
        impl_->numbers[static_cast<std::size_t>(condition.number)].push_back({number, condition});
        impl_->groups.push_back({.rule = rule, .required = {}, .forbidden = {}});
    }

    void register_group(BufferProgram& program, const Group& group) {
        const auto number = static_cast<std::uint32_t>(impl_->groups.size());
        if (group.required.empty()) {
            program.always.push_back(number);
            return;
        }
        const std::uint32_t pivot = group.required.front();
        if (program.groups_of_term.size() <= pivot) program.groups_of_term.resize(pivot + 1);
        program.groups_of_term[pivot].push_back(number);
        if (group.shown == kNoIndex) return;
        if (program.shown.size() <= group.shown) program.shown.resize(group.shown + 1);
        program.shown[group.shown] = true;
    }

    void find_databases() {
        in_parallel(2 * kBufferCount, [&](std::size_t i) {
            if (tables_[i / 2].terms().empty()) return;
            database(i) = cache_.find(tables_[i / 2].content(kModes[i % 2]));
        });
    }

    Database& database(std::size_t i) {
        return i % 2 == 0 ? impl_->buffers[i / 2].block : impl_->buffers[i / 2].stream;
    }

    void build_databases(std::map<std::uint32_t, Error>& faults) {
        std::array<std::optional<Refused>, 2 * kBufferCount> refused;
        // The most expensive thing at start: every database on a core of its own.
        in_parallel(refused.size(), [&](std::size_t i) {
            const TermTable& table = tables_[i / 2];
            Database& made = database(i);
            if (table.terms().empty() || made) return;
            refused[i] = table.compile(kModes[i % 2], made);
            if (made) cache_.keep(table.content(kModes[i % 2]), *made);
        });
        for (std::size_t i = 0; i < refused.size(); ++i) {
            if (refused[i]) blame(tables_[i / 2], *refused[i], faults);
        }
        if (!faults.empty()) return;
        for (std::size_t i = 0; i < kBufferCount; ++i) {
            BufferProgram& program = impl_->buffers[i];
            program.terms = static_cast<std::uint32_t>(tables_[i].terms().size());
            program.groups_of_term.resize(program.terms);
            program.shown.resize(program.terms);
            if (program.stream) hs_stream_size(program.stream.get(), &program.stream_size);
        }
    }

    void blame(const TermTable& table, const Refused& refused,
               std::map<std::uint32_t, Error>& faults) const {
        // Hyperscan did not say which one: nothing can be left out, so the first rule carries it.
        const bool known = refused.term != kNoIndex;
        const std::vector<TermTable::User>& users = table.users(known ? refused.term : 0);
        const bool empty = refused.why.starts_with("Pattern matches empty buffer");
        for (const TermTable::User& user : users) {
            const Rule& rule = rules_[user.rule].rule;
            Error error{
                .message = "sid " + std::to_string(rule.sid) +
                           (empty ? ": this matches even the empty text: it would always hold"
                                  : ": Hyperscan cannot compile this: " + refused.why),
                .hint = empty ? "write + for *, or {1,9} for {0,9}"
                              : "shorten its repeats, or split it into contents",
                .file = rule.file,
                .line = user.where.line,
                .column = user.where.column};
            faults.try_emplace(user.rule, std::move(error));
            if (!known) return;
        }
    }

    static constexpr std::array<unsigned, 2> kModes{HS_MODE_BLOCK, HS_MODE_STREAM};

    const std::vector<ParsedRule>& rules_;
    CompileBudget pattern_budget_;
    DatabaseCache& cache_;
    std::unique_ptr<RuleSet::Impl> impl_;
    std::array<TermTable, kBufferCount> tables_;
};

}  // namespace

Result<std::unique_ptr<RuleSet::Impl>> compile(std::vector<ParsedRule> rules,
                                               const LoadOptions& options, DatabaseCache& cache) {
    if (hs_valid_platform() != HS_SUCCESS) {
        return Error{.message = "this CPU lacks SSSE3, which Hyperscan needs",
                     .hint = "run on a CPU made after 2008"};
    }
    std::stable_sort(rules.begin(), rules.end(), [](const ParsedRule& a, const ParsedRule& b) {
        return std::pair(a.rule.sid, a.rule.gid) < std::pair(b.rule.sid, b.rule.gid);
    });
    std::vector<Error> skipped;
    for (;;) {
        Attempt attempt(rules, options, cache);
        auto faults = attempt.build();
        if (faults.empty()) {
            auto impl = attempt.take();
            impl->skipped = std::move(skipped);
            return impl;
        }
        if (!options.lenient) return std::move(faults.begin()->second);
        for (auto fault = faults.rbegin(); fault != faults.rend(); ++fault) {
            rules.erase(rules.begin() + fault->first);
            skipped.push_back(std::move(fault->second));
        }
    }
}

}  // namespace querytap::signature
