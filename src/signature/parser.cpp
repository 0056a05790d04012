#include "parser.h"

#include <string>
#include <utility>

#include "header_parser.h"
#include "keywords.h"
#include "options.h"
#include "refused.h"
#include "source.h"

namespace querytap::signature {
namespace {

Status apply(Draft& draft, const Option& option) {
    if (const Keyword keyword = find_meta_keyword(option.name)) return keyword(draft, option);
    if (const Keyword keyword = find_content_keyword(option.name)) return keyword(draft, option);
    if (const Keyword keyword = find_payload_keyword(option.name)) return keyword(draft, option);
    if (const Keyword keyword = find_bits_keyword(option.name)) return keyword(draft, option);
    if (const Keyword keyword = find_transform_keyword(option.name)) return keyword(draft, option);
    if (const Keyword keyword = find_xbits_keyword(option.name)) return keyword(draft, option);
    if (const Keyword keyword = find_number_keyword(option.name)) return keyword(draft, option);
    if (const Keyword keyword = find_rate_keyword(option.name)) return keyword(draft, option);
    if (const RefusedKeyword* refused = find_refused(option.name)) {
        const std::string why =
            refused->refusal == Refusal::kMeaningless ? " means nothing here" : " is not supported";
        return keyword_error(draft, option, in_quotes(option.name) + why,
                             std::string(refused->instead));
    }
    return keyword_error(draft, option, "unknown keyword " + in_quotes(option.name),
                         "signatures/README.md lists all keywords");
}

struct Parsed {
    ParsedRule rule;
    std::size_t sid_at = 0;
};

Result<Parsed> parse_rule(const Source& source, const Variables& variables) {
    Draft draft{.source = source, .rule = {}};
    const auto after_header = parse_header(source, variables, draft.rule);
    if (!after_header) return after_header.error();
    const auto options = split_options(source, after_header.value());
    if (!options) return options.error();
    for (const Option& option : options.value()) {
        if (auto status = apply(draft, option); !status) return status.error();
    }
    if (!draft.has_message) {
        return source.error(0, "the rule has no msg", "add msg:\"what an analyst should read\";");
    }
    if (!draft.has_sid) {
        return source.error(0, "the rule has no sid", "add sid:9100001; with a number of its own");
    }
    if (auto status = apply_transforms(draft); !status) return status.error();
    if (auto status = join_looks(draft); !status) return status.error();
    if (auto status = check_contents(draft); !status) return status.error();

    Rule& rule = draft.rule.rule;
    if (rule.confidence.empty()) rule.confidence = "medium";
    rule.file = source.file();
    rule.line = source.at(0).line;
    return Parsed{std::move(draft.rule), draft.sid_at};
}

}  // namespace

Parser::Parser(const LoadOptions& options)
    : lenient_(options.lenient), variables_(options.variables) {
    for (const char* name : {"HOME_NET", "EXTERNAL_NET", "SQL_SERVERS"}) {
        variables_.try_emplace(name, "any");
    }
}

Status Parser::parse(std::string_view text, std::string_view file) {
    for (const Source& source : split_rules(text, file)) {
        auto parsed = parse_rule(source, variables_);
        const Status status = parsed ? add(std::move(parsed.value().rule),
                                           source.error(parsed.value().sid_at, "duplicate sid"))
                                     : Status(parsed.error());
        if (status) continue;
        if (!lenient_) return status;
        skipped_.push_back(status.error());
    }
    return success();
}

Status Parser::add(ParsedRule rule, const Error& duplicate) {
    const std::string place = rule.rule.file + ":" + std::to_string(rule.rule.line);
    const auto [known, fresh] = known_.try_emplace({rule.rule.sid, rule.rule.gid}, place);
    if (!fresh) {
        Error error = duplicate;
        error.message += " " + std::to_string(rule.rule.sid);
        error.hint = "first used at " + known->second;
        return error;
    }
    rules_.push_back(std::move(rule));
    return success();
}

}  // namespace querytap::signature
