// querytap check --sql: a statement as rules see it, and which of them match.
#include <iostream>
#include <iterator>

#include <fmt/format.h>

#include <querytap/signature/examples.h>

#include "check_options.h"
#include "exit_status.h"

namespace querytap::cli {
namespace {

using signature::Buffer;
using signature::Value;

/// One line on a terminal: control characters as \n, \t, \x1b.
std::string printable(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\x{:02x}", byte);
        } else {
            out += c;
        }
    }
    return out;
}

void print_views(const signature::StatementViews& views) {
    bool first_sql = true;
    for (const Value& value : views.values) {
        const bool executed = value.buffer == Buffer::kTdsSql && !first_sql;
        first_sql = first_sql && value.buffer != Buffer::kTdsSql;
        std::string_view text = value.text;
        if (value.buffer == Buffer::kTdsLiteral || value.buffer == Buffer::kTdsDecoded) {
            text.remove_suffix(text.ends_with('\n') ? 1 : 0);
        }
        fmt::print("{:<13} {}{}\n", signature::name(value.buffer), printable(text),
                   executed ? "    (executed)" : "");
    }
    fmt::print("{:<13} {:016x}\n", "query_hash", views.query_hash);
}

}  // namespace

int check_sql(const CheckOptions& options) {
    auto rules = signature::RuleSet::load(options.directory, options.load);
    if (!rules) return fail(kUsage, rules.error());
    auto matcher = signature::ExampleMatcher::create(*rules);
    if (!matcher) return fail(kFailed, matcher.error());
    const std::string sql = options.sql == "-"
                                ? std::string(std::istreambuf_iterator<char>(std::cin), {})
                                : options.sql;
    const auto views = signature::views_of(sql);
    print_views(views);
    const auto found = (*matcher)->match(views.values);
    fmt::print("\n");
    if (found.empty()) fmt::print("No signature matches.\n");
    for (const auto& [index, buffer] : found) {
        const signature::Rule& rule = (*rules)->rules()[index];
        fmt::print("{}  {}  ({}, {} confidence{}{}, in {})\n", rule.sid, rule.message,
                   rule.classtype.empty() ? "no class" : rule.classtype, rule.confidence,
                   rule.technique.empty() ? "" : ", ", rule.technique, signature::name(buffer));
    }
    return kDone;
}

}  // namespace querytap::cli
