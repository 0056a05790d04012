#include "expression.h"

#include <span>

#include <hs.h>

#include "pcre_text.h"
#include "text.h"

namespace querytap::signature {
namespace {

constexpr unsigned kBaseFlags = HS_FLAG_SINGLEMATCH;

void append_literal(std::string& out, std::string_view bytes) {
    for (const char c : bytes) {
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (plain) {
            out += c;
        } else {
            out += hex_escape(c);
        }
    }
}

// n or more bytes; with `most`, not more than that.
std::string gap(std::uint64_t least, std::optional<std::uint64_t> most) {
    if (least == 0 && !most) return ".*";
    std::string text = ".{" + std::to_string(least);
    if (!most) return text + ",}";
    if (*most == 0) return {};
    if (*most != least) text += "," + std::to_string(*most);
    return text + "}";
}

std::string part(const Content& content) {
    std::string text = content.nocase ? "(?i:" : "(?:";
    append_literal(text, content.bytes);
    return text + ")";
}

std::string part(const Pcre& pcre) {
    std::string text = "(?";
    if (pcre.caseless) text += 'i';
    if (pcre.multiline) text += 'm';
    if (pcre.extended) text += 'x';
    text += pcre.dotall ? "s:" : "-s:";  // gaps want dots that match all; this one may not
    text += pcre.pattern;
    if (pcre.extended) text += '\n';  // ends a comment, which would swallow the parenthesis
    return text + ")";
}

// A content that nothing is relative to: its place is a matter of Hyperscan's offsets, which cost
// less than a prefix of repeats.
Term single(const Content& content) {
    Term term;
    term.flags = kBaseFlags | (content.nocase ? unsigned{HS_FLAG_CASELESS} : 0u);
    if (content.startswith) term.expression += '^';
    append_literal(term.expression, content.bytes);
    if (content.endswith) term.expression += "\\z";
    // A relative content without anything before it counts from the buffer's first byte.
    const std::uint64_t offset = content.offset.value_or(content.distance.value_or(0));
    const auto depth = content.depth ? content.depth : content.within;
    if (offset != 0) term.min_offset = offset + content.bytes.size();
    if (depth) term.max_offset = offset + *depth;
    return term;
}

Term single(const Pcre& pcre) {
    Term term;
    term.expression = pcre.pattern;
    term.flags = kBaseFlags | (pcre.caseless ? unsigned{HS_FLAG_CASELESS} : 0u) |
                 (pcre.dotall ? unsigned{HS_FLAG_DOTALL} : 0u) |
                 (pcre.multiline ? unsigned{HS_FLAG_MULTILINE} : 0u);
    // The newline ends a comment, which Hyperscan wants closed.
    if (pcre.extended) term.expression = "(?x)" + term.expression + "\n";
    return term;
}

std::string head_prefix(const Content& content) {
    if (content.startswith) return "^";
    const std::uint64_t offset = content.offset.value_or(content.distance.value_or(0));
    const auto depth = content.depth ? content.depth : content.within;
    if (depth) return "^" + gap(offset, offset + *depth - content.bytes.size());
    return offset == 0 ? std::string() : "^" + gap(offset, std::nullopt);
}

/// looked: so many bytes of the gap stand in the expression already.
std::string next_part(const Content& content, std::uint32_t looked) {
    const std::uint64_t distance = content.distance.value_or(0) - looked;
    std::optional<std::uint64_t> most;
    if (content.within) most = distance + *content.within - content.bytes.size();
    std::string text = gap(distance, most) + part(content);
    return content.endswith ? text + "\\z" : text;
}

std::string next_part(const Pcre& pcre) {
    if (!find_anchors(pcre.pattern).leading) return ".*" + part(pcre);
    Pcre rest = pcre;
    rest.pattern.erase(0, pcre.pattern.starts_with('^') ? 1 : 2);
    return part(rest);
}

Term chain(std::span<const Match> matches) {
    Term term;
    term.flags = kBaseFlags | HS_FLAG_DOTALL;
    const Match& head = matches.front();
    term.expression = head.content() != nullptr
                          ? head_prefix(*head.content()) + part(*head.content())
                          : part(*head.pcre());
    std::uint32_t looked = 0;
    for (const Match& match : matches.subspan(1)) {
        term.expression += match.content() != nullptr ? next_part(*match.content(), looked)
                                                      : next_part(*match.pcre());
        looked = match.is_look() ? match.pcre()->look : 0;
    }
    return term;
}

Term build(std::span<const Match> matches) {
    if (matches.size() > 1) return chain(matches);
    const Match& match = matches.front();
    return match.content() != nullptr ? single(*match.content()) : single(*match.pcre());
}

}  // namespace

hs_expr_ext_t extension(const Term& term) noexcept {
    hs_expr_ext_t ext{};
    if (term.min_offset != 0) {
        ext.flags |= HS_EXT_FLAG_MIN_OFFSET;
        ext.min_offset = term.min_offset;
    }
    if (term.max_offset != 0) {
        ext.flags |= HS_EXT_FLAG_MAX_OFFSET;
        ext.max_offset = term.max_offset;
    }
    return ext;
}

std::vector<TermUse> build_terms(const BufferMatches& buffer) {
    std::vector<TermUse> uses;
    const std::span<const Match> matches(buffer.matches);
    TermUse* last = nullptr;
    for (std::size_t start = 0; start < matches.size();) {
        std::size_t end = start + 1;
        while (end < matches.size() && matches[end].relative())
            ++end;
        uses.push_back({.term = build(matches.subspan(start, end - start)),
                        .negated = matches[start].negated,
                        .look = matches[start].is_look(),
                        .where = matches[start].where});
        start = end;
    }
    for (TermUse& use : uses) {
        if (!use.negated && !use.look) last = &use;
    }
    if (last != nullptr) last->last = true;
    return uses;
}

}  // namespace querytap::signature
