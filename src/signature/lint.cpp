#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include <querytap/signature/lint.h>

#include "expression.h"
#include "pcre_text.h"
#include "rule_files.h"

namespace querytap::signature {
namespace {

/// What is shorter stands in nearly every statement.
constexpr std::size_t kContentMin = 4;
/// Hyperscan's cheap engines look for texts of at least this size.
constexpr std::size_t kLiteralMin = 3;

bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

/// tds.sql has small letters in code and capitals in literals, so no word has both.
bool mixes_cases(std::string_view text) {
    bool upper = false;
    bool lower = false;
    for (const char c : text) {
        if (!is_upper(c) && !is_lower(c)) {
            upper = lower = false;
            continue;
        }
        upper = upper || is_upper(c);
        lower = lower || is_lower(c);
        if (upper && lower) return true;
    }
    return false;
}

bool never_spelled_so(Buffer buffer, const Content& content) {
    if (content.nocase) return false;
    if (buffer == Buffer::kTdsSql) return mixes_cases(content.bytes);
    return buffer == Buffer::kTdsProc &&
           std::any_of(content.bytes.begin(), content.bytes.end(), is_upper);
}

std::string_view spelling(Buffer buffer) {
    return buffer == Buffer::kTdsSql
               ? "tds.sql has code in lower case and the contents of literals in upper case"
               : "tds.proc has names in lower case";
}

class Linter {
  public:
    explicit Linter(const std::vector<ParsedRule>& rules) : rules_(rules) {}

    std::vector<Error> run() {
        for (const ParsedRule& rule : rules_) {
            metadata(rule);
            contents(rule);
            same_as_another(rule);
        }
        std::stable_sort(warnings_.begin(), warnings_.end(), [](const Error& a, const Error& b) {
            return std::tie(a.file, a.line) < std::tie(b.file, b.line);
        });
        return std::move(warnings_);
    }

  private:
    void warn(const ParsedRule& rule, const Position& where, std::string message,
              std::string hint) {
        warnings_.push_back({.message = fmt::format("sid {}: {}", rule.rule.sid, message),
                             .hint = std::move(hint),
                             .file = rule.rule.file,
                             .line = where.line,
                             .column = where.column});
    }

    void metadata(const ParsedRule& parsed) {
        const Rule& rule = parsed.rule;
        const auto lacks = [&](std::string_view key) {
            return std::none_of(rule.metadata.begin(), rule.metadata.end(),
                                [&](const Metadata& entry) { return entry.key == key; });
        };
        std::string missing;
        const auto note = [&](bool is_missing, std::string_view what) {
            if (is_missing) missing += (missing.empty() ? "" : ", ") + std::string(what);
        };
        if (rule.action == Action::kPass) return;
        note(rule.classtype.empty(), "classtype");
        note(rule.references.empty(), "reference");
        note(rule.technique.empty(), "metadata mitre_technique_id");
        note(lacks("confidence"), "metadata confidence");
        note(lacks("false_positive"), "metadata false_positive");
        if (missing.empty()) return;
        warn(parsed, {rule.line, 0}, "without " + missing,
             "an analyst reads these beside the alert");
    }

    void contents(const ParsedRule& rule) {
        std::size_t longest = 0;
        bool has_pattern = rule.buffers.empty();
        for (const BufferMatches& buffer : rule.buffers) {
            for (const Match& match : buffer.matches) {
                const Content* const content = match.content();
                if (match.is_look()) continue;
                has_pattern = has_pattern || (content == nullptr && !match.negated);
                if (content == nullptr) {
                    pattern(rule, match);
                    continue;
                }
                if (!match.negated) longest = std::max(longest, content->bytes.size());
                if (never_spelled_so(buffer.buffer, *content)) {
                    warn(rule, match.where, "this content can never match",
                         std::string(spelling(buffer.buffer)));
                }
            }
        }
        if (has_pattern || longest >= kContentMin) return;
        warn(rule, {rule.rule.line, 0},
             fmt::format("its longest content has {} bytes, which stand everywhere", longest),
             "match at least four bytes, or write a pcre with what stands around them");
    }

    void pattern(const ParsedRule& rule, const Match& match) {
        if (longest_literal(match.pcre()->pattern) >= kLiteralMin) return;
        warn(rule, match.where, "this pattern has no text to look for: it is tried on every byte",
             fmt::format("let it hold {} bytes that must stand there", kLiteralMin));
    }

    /// Only what tells rules apart beside their headers: equal headers cannot be seen here.
    void same_as_another(const ParsedRule& parsed) {
        std::set<std::string> parts;
        for (const BufferMatches& buffer : parsed.buffers) {
            for (const TermUse& use : build_terms(buffer)) {
                parts.insert(fmt::format("{} {} {} {} {} {}", name(buffer.buffer), use.negated,
                                         use.term.flags, use.term.min_offset, use.term.max_offset,
                                         use.term.expression));
            }
        }
        if (parts.empty() || asks_more(parsed)) return;
        const auto side = parsed.flow.to_server;
        std::string key = !side ? "any" : *side ? "server" : "client";
        for (const std::string& part : parts)
            key += "\n" + part;
        const auto [other, fresh] = known_.try_emplace(key, parsed.rule.sid);
        if (fresh) return;
        warn(parsed, {parsed.rule.line, 0},
             fmt::format("asks for the same contents as sid {}", other->second),
             "one of the two is shadowed wherever both headers hold");
    }

    /// Beside contents.
    static bool asks_more(const ParsedRule& rule) {
        return rule.bits.any() || rule.xbits.any() || !rule.numbers.empty() ||
               std::any_of(rule.buffers.begin(), rule.buffers.end(),
                           [](const BufferMatches& buffer) { return !buffer.size.any(); });
    }

    const std::vector<ParsedRule>& rules_;
    std::map<std::string, std::uint32_t> known_;
    std::vector<Error> warnings_;
};

}  // namespace

Result<std::vector<Error>> lint(const std::filesystem::path& directory,
                                const LoadOptions& options) {
    Parser parser(options);
    if (auto status = parse_directory(parser, directory); !status) return status.error();
    return Linter(parser.rules()).run();
}

}  // namespace querytap::signature
