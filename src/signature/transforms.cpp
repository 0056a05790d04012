// Transforms of a buffer (to_lowercase, strip_whitespace) become other patterns on the buffer as it
// is, so that they cost nothing when traffic comes: lower case is a match without case, and text
// without blanks is text with any blanks between its characters.
#include <algorithm>
#include <array>
#include <utility>

#include "keywords.h"

namespace querytap::signature {
namespace {

constexpr std::size_t kStrippedMax = 256;  // characters; each may have blanks before it

Error match_error(const Draft& draft, const Match& match, std::string message, std::string hint) {
    return Error{.message = std::move(message),
                 .hint = std::move(hint),
                 .file = draft.source.file(),
                 .line = match.where.line,
                 .column = match.where.column};
}

bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/// Escapes (\D, \x4B) are no letters.
bool has_upper(std::string_view pattern) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '\\') {
            i += i + 1 < pattern.size() && pattern[i + 1] == 'x' ? 3u : 1u;
        } else if (is_upper(pattern[i])) {
            return true;
        }
    }
    return false;
}

Status lower(const Draft& draft, Match& match) {
    Content* const content = std::get_if<Content>(&match.what);
    Pcre* const pcre = std::get_if<Pcre>(&match.what);
    const bool upper = content != nullptr
                           ? std::any_of(content->bytes.begin(), content->bytes.end(), is_upper)
                           : has_upper(pcre->pattern);
    if (upper) {
        return match_error(draft, match, "no capital letter is left after 'to_lowercase'",
                           "write it in lower case");
    }
    (content != nullptr ? content->nocase : pcre->caseless) = true;
    return success();
}

Status strip(const Draft& draft, Match& match) {
    const Content* const content = match.content();
    if (content == nullptr) {
        return match_error(draft, match, "'pcre' after 'strip_whitespace' is not supported",
                           "leave strip_whitespace out, and write \\s* where blanks may stand");
    }
    if (content->relative() || content->offset || content->depth) {
        return match_error(draft, match, "places are not known after 'strip_whitespace'",
                           "only startswith and endswith can be asked for");
    }
    if (std::any_of(content->bytes.begin(), content->bytes.end(), is_blank)) {
        return match_error(draft, match, "no blank is left after 'strip_whitespace'",
                           "write the content without blanks");
    }
    if (content->bytes.size() > kStrippedMax) {
        return match_error(draft, match,
                           "content after 'strip_whitespace' is longer than " +
                               std::to_string(kStrippedMax) + " bytes",
                           "the first part of it is enough to tell it");
    }
    Pcre pcre;
    pcre.caseless = content->nocase;
    if (content->startswith) pcre.pattern = "^\\s*";
    for (std::size_t i = 0; i < content->bytes.size(); ++i)
        pcre.pattern += (i == 0 ? "" : "\\s*") + hex_escape(content->bytes[i]);
    if (content->endswith) pcre.pattern += "\\s*\\z";
    match.what = std::move(pcre);
    return success();
}

template <bool Transforms::*kWhich>
Status keyword_transform(Draft& draft, const Option& option) {
    if (auto status = needs_no_value(draft, option); !status) return status;
    draft.transforms.*kWhich = true;
    return success();
}

constexpr std::array<std::pair<std::string_view, Keyword>, 2> kKeywords{{
    {"to_lowercase", keyword_transform<&Transforms::lower>},
    {"strip_whitespace", keyword_transform<&Transforms::strip>},
}};

}  // namespace

Keyword find_transform_keyword(std::string_view name) noexcept {
    for (const auto& [known, keyword] : kKeywords) {
        if (known == name) return keyword;
    }
    return nullptr;
}

Status apply_transforms(Draft& draft) {
    for (BufferMatches& values : draft.rule.buffers) {
        for (Match& match : values.matches) {
            if (match.transforms.lower) {
                if (auto status = lower(draft, match); !status) return status;
            }
            if (!match.transforms.strip) continue;
            if (auto status = strip(draft, match); !status) return status;
        }
    }
    return success();
}

}  // namespace querytap::signature
