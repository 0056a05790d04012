// Keywords that say what a rule looks for: sticky buffers, content and its modifiers, pcre.
#include <array>
#include <utility>

#include "buffers.h"
#include "keywords.h"
#include "pcre_text.h"

namespace querytap::signature {
namespace {

constexpr std::size_t kContentMax = 2048;  // bytes; Hyperscan's limit for a pattern is 16,000

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The inside of content:"...": plain bytes, \escapes and |hex|.
class ContentReader {
  public:
    ContentReader(const Source& source, const Quoted& quotes)
        : source_(source), text_(quotes.inner), base_(quotes.at) {}

    Result<std::string> read() {
        while (at_ < text_.size()) {
            const Status step = text_[at_] == '|' ? hex() : text_[at_] == '\\' ? escape() : plain();
            if (!step) return step.error();
        }
        if (bytes_.empty()) return error(0, "empty content", "give it at least one byte");
        if (bytes_.size() > kContentMax) {
            return error(0, "content is longer than " + std::to_string(kContentMax) + " bytes",
                         "the first part of it is enough to tell it");
        }
        return std::move(bytes_);
    }

  private:
    Error error(std::size_t at, std::string message, std::string hint) const {
        return source_.error(base_ + at, std::move(message), std::move(hint));
    }

    Status plain() {
        if (text_[at_] == '"') return error(at_, "'\"' inside content", "write \\\" or |22|");
        bytes_ += text_[at_++];
        return success();
    }

    Status escape() {
        constexpr std::string_view kEscaped = "\"\\;:|";
        const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        if (next == '\0' || kEscaped.find(next) == std::string_view::npos) {
            return error(at_, "unknown escape in content",
                         "write \\\\ for a backslash; \\\" \\; \\: or |hex| for the rest");
        }
        bytes_ += next;
        at_ += 2;
        return success();
    }

    Status hex() {
        const std::size_t start = at_++;
        int high = -1;
        for (; at_ < text_.size() && text_[at_] != '|'; ++at_) {
            const char c = text_[at_];
            if (c == ' ') continue;
            const int digit = hex_digit(c);
            if (digit < 0) {
                return error(at_, "no hexadecimal digit between | and |",
                             "write |41 42|, or |7C| for a plain bar");
            }
            if (high < 0) {
                high = digit;
            } else {
                bytes_ += static_cast<char>(high * 16 + digit);
                high = -1;
            }
        }
        if (at_ >= text_.size()) {
            return error(start, "'|' is not closed", "write |41 42|, or |7C| for a plain bar");
        }
        if (high >= 0) return error(start, "odd number of hexadecimal digits", "write |0A|");
        ++at_;
        return success();
    }

    const Source& source_;
    std::string_view text_;
    std::size_t base_;
    std::size_t at_ = 0;
    std::string bytes_;
};

Status keyword_content(Draft& draft, const Option& option) {
    const auto quotes = unquote(draft.source, option, true);
    if (!quotes) return quotes.error();
    auto bytes = ContentReader(draft.source, quotes.value()).read();
    if (!bytes) return bytes.error();
    Content content;
    content.bytes = std::move(bytes).value();
    draft.matches().push_back({draft.source.at(option.name_at), quotes.value().negated,
                               std::move(content), draft.transforms});
    if (!quotes.value().negated) draft.rule.shown = draft.buffer;
    return success();
}

Status pcre_flags(Draft& draft, const Quoted& quotes, std::size_t start, Pcre& pcre) {
    for (std::size_t i = start; i < quotes.inner.size(); ++i) {
        const char flag = quotes.inner[i];
        switch (flag) {
            case 'i':
                pcre.caseless = true;
                break;
            case 's':
                pcre.dotall = true;
                break;
            case 'm':
                pcre.multiline = true;
                break;
            case 'x':
                pcre.extended = true;
                break;
            case 'R':
                pcre.relative = true;
                break;
            default: {
                const bool buffer =
                    std::string_view("UIPQHDMCSYBWVN").find(flag) != std::string_view::npos;
                return draft.source.error(
                    quotes.at + i, "pcre flag " + in_quotes({&flag, 1}) + " is not supported",
                    buffer ? "write a sticky buffer before pcre" : "flags are i, s, m, x and R");
            }
        }
    }
    return success();
}

Status keyword_pcre(Draft& draft, const Option& option) {
    const auto quotes = unquote(draft.source, option, true);
    if (!quotes) return quotes.error();
    const std::string_view text = quotes.value().inner;
    const std::size_t slash = text.rfind('/');
    if (text.size() < 3 || text.front() != '/' || slash < 2) {
        return draft.source.error(quotes.value().at, "a pcre stands between two slashes",
                                  "write pcre:\"/pattern/i\";");
    }
    Pcre pcre;
    if (auto status = pcre_flags(draft, quotes.value(), slash + 1, pcre); !status) return status;
    // Rule syntax wants \; and \" ; to the expression they are the plain bytes either way.
    pcre.pattern = text.substr(1, slash - 1);
    if (const auto fault = find_unsupported(pcre.pattern)) {
        return draft.source.error(quotes.value().at + 1 + fault->at,
                                  std::string(fault->what) + " is not supported in pcre",
                                  "Hyperscan has none; use content with distance and within, or "
                                  "content:!\"...\" for what must not be there");
    }
    draft.matches().push_back({draft.source.at(option.name_at), quotes.value().negated,
                               std::move(pcre), draft.transforms});
    if (!quotes.value().negated) draft.rule.shown = draft.buffer;
    return success();
}

/// The content that a modifier belongs to.
Result<Content*> modified(Draft& draft, const Option& option) {
    Match* const match = draft.last_match();
    if (match == nullptr || match->content() == nullptr) {
        const std::string name(option.name);
        const bool pcre = match != nullptr;
        return keyword_error(
            draft, option,
            in_quotes(name) + (pcre ? " stands after a pcre" : " has no content before it"),
            pcre ? "put it right after its content; pcre has flags: /.../i, /.../R"
                 : "write content:\"...\"; " + name + " ... within the same buffer");
    }
    return std::get_if<Content>(&match->what);
}

template <bool Content::*kField>
Status set_flag(Draft& draft, const Option& option) {
    if (auto status = needs_no_value(draft, option); !status) return status;
    const auto content = modified(draft, option);
    if (!content) return content.error();
    content.value()->*kField = true;
    return success();
}

template <std::optional<std::uint32_t> Content::*kField>
Status set_number(Draft& draft, const Option& option) {
    const auto content = modified(draft, option);
    if (!content) return content.error();
    if (content.value()->*kField) {
        return keyword_error(draft, option, in_quotes(option.name) + " stands twice", "keep one");
    }
    if (option.value.starts_with('-')) {
        return draft.source.error(option.value_at,
                                  "negative " + std::string(option.name) + " is not supported",
                                  "match both orders with one pcre");
    }
    const auto value = number(draft, option, 0, INT32_MAX);
    if (!value) return value.error();
    content.value()->*kField = value.value();
    return success();
}

// Hyperscan picks its own; any value is taken and has no effect.
Status keyword_fast_pattern(Draft& draft, const Option& option) {
    const auto content = modified(draft, option);
    if (!content) return content.error();
    return success();
}

Status keyword_buffer(Draft& draft, const Option& option) {
    if (auto status = needs_no_value(draft, option); !status) return status;
    draft.buffer = *find_buffer(option.name);
    draft.transforms = {};
    return success();
}

constexpr std::array<std::pair<std::string_view, Keyword>, 10> kKeywords{{
    {"content", keyword_content},
    {"pcre", keyword_pcre},
    {"nocase", set_flag<&Content::nocase>},
    {"startswith", set_flag<&Content::startswith>},
    {"endswith", set_flag<&Content::endswith>},
    {"offset", set_number<&Content::offset>},
    {"depth", set_number<&Content::depth>},
    {"distance", set_number<&Content::distance>},
    {"within", set_number<&Content::within>},
    {"fast_pattern", keyword_fast_pattern},
}};

}  // namespace

Keyword find_content_keyword(std::string_view name) noexcept {
    if (find_buffer(name)) return keyword_buffer;
    for (const auto& [known, keyword] : kKeywords) {
        if (known == name) return keyword;
    }
    return nullptr;
}

}  // namespace querytap::signature
