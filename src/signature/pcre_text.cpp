#include "pcre_text.h"

#include <algorithm>
#include <array>

namespace querytap::signature {
namespace {

struct Construct {
    std::string_view text;
    std::string_view what;
};

constexpr std::array kGroups{
    Construct{"(?=", "lookahead (?="},
    Construct{"(?!", "negative lookahead (?!"},
    Construct{"(?<=", "lookbehind (?<="},
    Construct{"(?<!", "negative lookbehind (?<!"},
    Construct{"(?>", "atomic group (?>"},
    Construct{"(?|", "branch reset (?|"},
    Construct{"(?(", "conditional (?("},
    Construct{"(?R", "recursion (?R)"},
    Construct{"(?&", "subroutine call (?&"},
    Construct{"(?P>", "subroutine call (?P>"},
    Construct{"(?P=", "back reference (?P="},
    Construct{"(?C", "callout (?C)"},
    Construct{"(*", "verb (*"},
};

std::string_view refused_escape(char c) noexcept {
    if (c >= '1' && c <= '9') return "back reference \\1";
    switch (c) {
        case 'g':
            return "back reference \\g";
        case 'k':
            return "back reference \\k";
        case 'G':
            return "\\G";
        case 'K':
            return "\\K";
        case 'R':
            return "\\R";
        case 'X':
            return "\\X";
        case 'C':
            return "\\C";
        default:
            return {};
    }
}

std::string_view refused_group(std::string_view rest) noexcept {
    for (const Construct& group : kGroups) {
        if (rest.starts_with(group.text)) return group.what;
    }
    if (rest.size() > 2 && rest.starts_with("(?") && rest[2] >= '0' && rest[2] <= '9') {
        return "recursion (?1)";
    }
    return {};
}

bool is_word(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_quantifier_end(char c) noexcept {
    return c == '*' || c == '+' || c == '?' || c == '}';
}

/// Walks a pattern one element at a time: escapes are one element, classes are skipped.
class Walker {
  public:
    explicit Walker(std::string_view pattern) : pattern_(pattern) {}

    bool done() const noexcept { return at_ >= pattern_.size(); }
    std::size_t at() const noexcept { return at_; }
    std::string_view rest() const noexcept { return pattern_.substr(at_); }
    char current() const noexcept { return pattern_[at_]; }

    void step() noexcept {
        if (current() == '\\') {
            at_ += 2;
        } else if (current() == '[') {
            skip_class();
        } else {
            ++at_;
        }
    }

  private:
    void skip_class() noexcept {
        ++at_;
        if (at_ < pattern_.size() && pattern_[at_] == '^') ++at_;
        if (at_ < pattern_.size() && pattern_[at_] == ']') ++at_;  // a plain ] when it is first
        while (at_ < pattern_.size() && pattern_[at_] != ']')
            at_ += pattern_[at_] == '\\' ? 2u : 1u;
        ++at_;
    }

    std::string_view pattern_;
    std::size_t at_ = 0;
};

}  // namespace

std::optional<PcreFault> find_unsupported(std::string_view pattern) noexcept {
    bool after_quantifier = false;
    int depth = 0;
    for (Walker walker(pattern); !walker.done(); walker.step()) {
        const std::string_view rest = walker.rest();
        const char c = rest.front();
        if (c == '+' && after_quantifier) {
            return PcreFault{walker.at(), "possessive quantifier"};
        }
        after_quantifier = is_quantifier_end(c);
        if (c == '\\' && rest.size() > 1) {
            const std::string_view what = refused_escape(rest[1]);
            if (!what.empty()) return PcreFault{walker.at(), what};
        }
        if (c == '(') {
            const std::string_view what = refused_group(rest);
            if (!what.empty()) return PcreFault{walker.at(), what};
            ++depth;
        }
        // Parts of a chain are joined as text: each must be whole in itself.
        if (c == ')' && --depth < 0) return PcreFault{walker.at(), "unbalanced ')'"};
    }
    if (depth != 0) return PcreFault{0, "unbalanced '('"};
    return std::nullopt;
}

std::size_t longest_literal(std::string_view pattern) noexcept {
    constexpr std::string_view kSpecial = ".^$|()[]{}*+?";
    std::size_t longest = 0;
    std::size_t run = 0;
    char skipped_to = 0;  // the end of {1,9} or of (?i:
    for (Walker walker(pattern); !walker.done(); walker.step()) {
        const std::string_view rest = walker.rest();
        const char c = rest.front();
        if (skipped_to != 0) {
            if (c == skipped_to) skipped_to = 0;
            continue;
        }
        if (c == '{') skipped_to = '}';
        if (rest.starts_with("(?")) skipped_to = ':';
        if (c == '\\' && rest.size() > 1 && (rest[1] == 'b' || rest[1] == 'B')) continue;
        // What need not be there belongs to no text.
        if ((c == '?' || c == '*' || rest.starts_with("{0")) && run > 0) --run;
        longest = std::max(longest, run);
        const bool escaped = c == '\\' && rest.size() > 1 && !is_word(rest[1]);
        run = escaped || (c != '\\' && kSpecial.find(c) == kSpecial.npos) ? run + 1 : 0;
    }
    return std::max(longest, run);
}

Anchors find_anchors(std::string_view pattern) noexcept {
    Anchors anchors;
    int depth = 0;
    for (Walker walker(pattern); !walker.done(); walker.step()) {
        const std::string_view rest = walker.rest();
        if (rest.starts_with('^') || rest.starts_with("\\A")) {
            (walker.at() == 0 ? anchors.leading : anchors.elsewhere) = true;
        }
        if (rest.front() == '(') ++depth;
        if (rest.front() == ')') --depth;
        if (rest.front() == '|' && depth == 0) anchors.alternation = true;
    }
    return anchors;
}

}  // namespace querytap::signature
