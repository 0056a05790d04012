// Keywords that say what a rule is: msg, sid, classtype, metadata, flow, ...
#include <algorithm>
#include <array>
#include <utility>

#include "classtypes.h"
#include "keywords.h"

namespace querytap::signature {
namespace {

std::string unescape(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) ++i;
        plain += text[i];
    }
    return plain;
}

std::string lower(std::string_view text) {
    std::string made(text);
    std::transform(made.begin(), made.end(), made.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return made;
}

Status once(const Draft& draft, const Option& option, bool seen) {
    if (!seen) return success();
    return keyword_error(draft, option, in_quotes(option.name) + " stands twice", "keep one");
}

Status keyword_msg(Draft& draft, const Option& option) {
    if (auto first = once(draft, option, draft.has_message); !first) return first;
    const auto quotes = unquote(draft.source, option, false);
    if (!quotes) return quotes.error();
    draft.rule.rule.message = unescape(quotes.value().inner);
    draft.has_message = true;
    return success();
}

Status keyword_sid(Draft& draft, const Option& option) {
    if (auto first = once(draft, option, draft.has_sid); !first) return first;
    const auto value = number(draft, option, 1, UINT32_MAX);
    if (!value) return value.error();
    draft.rule.rule.sid = value.value();
    draft.has_sid = true;
    draft.sid_at = option.name_at;
    return success();
}

Status keyword_rev(Draft& draft, const Option& option) {
    const auto value = number(draft, option, 0, UINT32_MAX);
    if (!value) return value.error();
    draft.rule.rule.rev = value.value();
    return success();
}

Status keyword_gid(Draft& draft, const Option& option) {
    const auto value = number(draft, option, 1, UINT32_MAX);
    if (!value) return value.error();
    draft.rule.rule.gid = value.value();
    return success();
}

Status keyword_classtype(Draft& draft, const Option& option) {
    const auto priority = classtype_priority(option.value);
    if (!priority) {
        return draft.source.error(option.has_value ? option.value_at : option.name_at,
                                  "unknown classtype " + in_quotes(option.value),
                                  "write one of c2-channel, execution, lateral-movement, "
                                  "exfiltration, persistence, discovery, credential-access, "
                                  "tool-fingerprint, protocol-anomaly, or a class of Suricata's");
    }
    draft.rule.rule.classtype = option.value;
    if (!draft.has_priority) draft.rule.rule.priority = *priority;
    return success();
}

Status keyword_priority(Draft& draft, const Option& option) {
    const auto value = number(draft, option, 1, 255);
    if (!value) return value.error();
    draft.rule.rule.priority = static_cast<std::uint8_t>(value.value());
    draft.has_priority = true;
    return success();
}

Status keyword_reference(Draft& draft, const Option& option) {
    const std::size_t comma = option.value.find(',');
    if (comma == std::string_view::npos || comma == 0 || comma + 1 == option.value.size()) {
        return keyword_error(draft, option, "'reference' needs a kind and a value",
                             "write reference:url,example.com/page;");
    }
    draft.rule.rule.references.emplace_back(unescape(option.value));
    return success();
}

bool is_technique(std::string_view text) {
    const auto digits = [](std::string_view part, std::size_t n) {
        return part.size() == n &&
               std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    if (!text.starts_with('T')) return false;
    const std::size_t dot = text.find('.');
    return digits(text.substr(1, dot == std::string_view::npos ? dot : dot - 1), 4) &&
           (dot == std::string_view::npos || digits(text.substr(dot + 1), 3));
}

Status meaningful(Draft& draft, std::size_t at, const Metadata& entry) {
    Rule& rule = draft.rule.rule;
    if (entry.key == "mitre_technique_id") {
        if (!is_technique(entry.value)) {
            return draft.source.error(at, in_quotes(entry.value) + " is no ATT&CK technique",
                                      "write T1505 or T1505.001");
        }
        rule.technique = entry.value;
    } else if (entry.key == "threat") {
        rule.threat = entry.value;
    } else if (entry.key == "confidence") {
        rule.confidence = lower(entry.value);
        if (rule.confidence != "high" && rule.confidence != "medium" && rule.confidence != "low") {
            return draft.source.error(at, "unknown confidence " + in_quotes(entry.value),
                                      "write high, medium or low");
        }
    }
    return success();
}

// "key words of the value, key value": a comma ends each pair.
Status keyword_metadata(Draft& draft, const Option& option) {
    std::size_t start = 0;
    while (start <= option.value.size()) {
        const std::size_t comma = std::min(option.value.find(',', start), option.value.size());
        const std::string_view pair = trim(option.value.substr(start, comma - start));
        const std::size_t blank = std::min(pair.find_first_of(" \t"), pair.size());
        if (pair.empty() || blank == pair.size()) {
            return draft.source.error(option.has_value ? option.value_at + start : option.name_at,
                                      "metadata needs a key and a value",
                                      "write metadata:threat sqlc2, confidence high;");
        }
        Metadata entry{std::string(pair.substr(0, blank)), unescape(trim(pair.substr(blank)))};
        const std::size_t at = option.value_at + start;
        if (auto status = meaningful(draft, at, entry); !status) return status;
        draft.rule.rule.metadata.push_back(std::move(entry));
        start = comma + 1;
    }
    return success();
}

struct FlowWord {
    std::string_view name;
    std::optional<bool> FlowCondition::*field;  ///< nullptr: asks nothing
    bool value;
};
constexpr std::array kFlowWords{
    FlowWord{"established", &FlowCondition::established, true},
    FlowWord{"not_established", &FlowCondition::established, false},
    FlowWord{"to_server", &FlowCondition::to_server, true},
    FlowWord{"from_client", &FlowCondition::to_server, true},
    FlowWord{"to_client", &FlowCondition::to_server, false},
    FlowWord{"from_server", &FlowCondition::to_server, false},
    FlowWord{"stateless", nullptr, false},
    FlowWord{"only_stream", nullptr, false},  // streams and messages are all that we match,
    FlowWord{"no_stream", nullptr, false},    // and what one packet holds stands in them
};

Status flow_word(Draft& draft, std::size_t at, std::string_view word) {
    for (const FlowWord& known : kFlowWords) {
        if (known.name != word) continue;
        if (known.field == nullptr) return success();
        auto& field = draft.rule.flow.*known.field;
        if (field && *field != known.value) {
            return draft.source.error(at, in_quotes(word) + " contradicts what stands before it",
                                      "one rule matches one direction");
        }
        field = known.value;
        return success();
    }
    return draft.source.error(at, "flow has no " + in_quotes(word),
                              "write established, not_established, stateless, to_server, "
                              "to_client, from_client or from_server");
}

Status keyword_flow(Draft& draft, const Option& option) {
    std::size_t start = 0;
    while (start <= option.value.size()) {
        const std::size_t comma = std::min(option.value.find(',', start), option.value.size());
        const std::string_view part = option.value.substr(start, comma - start);
        const std::size_t blank = std::min(part.find_first_not_of(" \t"), part.size());
        const std::size_t at = option.has_value ? option.value_at + start + blank : option.name_at;
        if (auto status = flow_word(draft, at, trim(part)); !status) return status;
        start = comma + 1;
    }
    return success();
}

// Every record names both sides; nothing is left to tell.
Status keyword_target(Draft& draft, const Option& option) {
    if (option.value == "src_ip" || option.value == "dest_ip") return success();
    return keyword_error(draft, option, "target is src_ip or dest_ip", "write target:dest_ip;");
}

constexpr std::array<std::pair<std::string_view, Keyword>, 10> kKeywords{{
    {"msg", keyword_msg},
    {"sid", keyword_sid},
    {"rev", keyword_rev},
    {"gid", keyword_gid},
    {"classtype", keyword_classtype},
    {"priority", keyword_priority},
    {"reference", keyword_reference},
    {"metadata", keyword_metadata},
    {"flow", keyword_flow},
    {"target", keyword_target},
}};

}  // namespace

Keyword find_meta_keyword(std::string_view name) noexcept {
    for (const auto& [known, keyword] : kKeywords) {
        if (known == name) return keyword;
    }
    return nullptr;
}

}  // namespace querytap::signature
