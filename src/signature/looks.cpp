// isdataat, byte_test and "this byte must not follow" look at bytes behind a match and leave the
// place where it is. Looks from one place become one pattern, which stands in the expression of the
// contents before it.
#include <utility>

#include "keywords.h"

namespace querytap::signature {
namespace {

Error look_error(const Draft& draft, const Match& match, std::string message, std::string hint) {
    return Error{.message = std::move(message),
                 .hint = std::move(hint),
                 .file = draft.source.file(),
                 .line = match.where.line,
                 .column = match.where.column};
}

std::string any_bytes(std::uint32_t count) {
    return count == 0 ? "" : ".{" + std::to_string(count) + "}";
}

/// content:!"x"; within:N; and nothing else.
bool is_absent_byte(const Match& match) {
    const Content* const content = match.content();
    return match.negated && content != nullptr && content->bytes.size() == 1 && content->within &&
           content->distance.value_or(0) == 0 && !content->absolute() && !content->endswith;
}

/// N bytes or as many as there are, none of which is x. `known`: bytes that are there for sure.
Pcre absent_byte(const Content& content, std::uint32_t known) {
    const std::uint32_t n = *content.within;
    const char c = content.bytes[0];
    std::string other = "[^" + hex_escape(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (content.nocase && letter) other += hex_escape(static_cast<char>(c ^ 0x20));
    other += "]";
    const std::uint32_t sure = std::min(n, known);
    Pcre look;
    look.dotall = true;
    look.relative = true;
    look.look = std::max(n, known);
    look.pattern = "^";
    if (sure > 0) look.pattern += other + "{" + std::to_string(sure) + "}";
    if (n > sure) {
        const std::uint32_t rest = n - sure;
        const std::string fewer =
            rest == 1 ? "" : other + "{0," + std::to_string(rest - 1) + "}";  // {0,0} is no repeat
        look.pattern += "(?:" + other + "{" + std::to_string(rest) + "}|" + fewer + "\\z)";
        look.look = Pcre::kToTheEnd;
    }
    look.pattern += any_bytes(known - sure);
    return look;
}

/// Two looks from one place: one of them must be no more than a count of bytes.
bool join(Pcre& first, const Pcre& second) {
    if (first.look == Pcre::kToTheEnd || second.look == Pcre::kToTheEnd) return false;
    if (second.at_least == 0 && first.at_least == 0) return false;
    Pcre joined = second.at_least != 0 ? first : second;
    const std::uint32_t least = second.at_least != 0 ? second.at_least : first.at_least;
    if (least > joined.look) {
        joined.pattern += any_bytes(least - joined.look);
        joined.look = least;
    }
    if (joined.at_least != 0) joined.at_least = joined.look;
    first = std::move(joined);
    return true;
}

Status join_in(const Draft& draft, std::vector<Match>& matches) {
    // What is absolute has nothing to do with its neighbours, and may not part them.
    std::stable_partition(matches.begin(), matches.end(),
                          [](const Match& match) { return !match.is_look() || match.relative(); });
    std::vector<Match> made;
    for (Match& match : matches) {
        const bool behind_look = !made.empty() && made.back().is_look() && made.back().relative();
        if (is_absent_byte(match) && !made.empty()) {
            const std::uint32_t known = behind_look ? made.back().pcre()->at_least : 0;
            if (behind_look && known == 0) {
                return look_error(draft, match, "a content that must not follow, behind byte_test",
                                  "write one pcre with a class [^...]");
            }
            Match look{match.where, false, absent_byte(*match.content(), known)};
            if (behind_look) made.pop_back();
            made.push_back(std::move(look));
        } else if (behind_look && match.is_look() && match.relative()) {
            if (!join(std::get<Pcre>(made.back().what), *match.pcre())) {
                return look_error(draft, match, "isdataat or byte_test twice from one place",
                                  "write one pcre, or make one of them absolute");
            }
        } else {
            made.push_back(std::move(match));
        }
    }
    matches = std::move(made);
    return success();
}

}  // namespace

Status join_looks(Draft& draft) {
    for (BufferMatches& buffer : draft.rule.buffers) {
        if (auto status = join_in(draft, buffer.matches); !status) return status;
    }
    return success();
}

}  // namespace querytap::signature
