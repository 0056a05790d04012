#include "options.h"

#include <algorithm>

#include "text.h"

namespace querytap::signature {
namespace {

class Splitter {
  public:
    Splitter(const Source& source, std::size_t start)
        : source_(source), text_(source.text()), at_(start) {}

    Result<std::vector<Option>> run() {
        std::vector<Option> options;
        for (;;) {
            skip_blank();
            if (at_ >= text_.size()) {
                return source_.error(at_, "the rule is not closed",
                                     "end it with ;) or continue the line with a backslash");
            }
            if (text_[at_] == ')') break;
            auto option = one();
            if (!option) return option.error();
            options.push_back(option.value());
        }
        const std::size_t close = at_++;
        skip_blank();
        if (at_ < text_.size()) {
            return source_.error(at_, "text after the closing parenthesis",
                                 "one rule to a line; a ) inside a value needs no escape");
        }
        if (options.empty()) {
            return source_.error(close, "the rule has no options", "it needs at least msg and sid");
        }
        return options;
    }

  private:
    Result<Option> one() {
        Option option;
        option.name_at = at_;
        while (at_ < text_.size() && text_[at_] != ':' && text_[at_] != ';' && text_[at_] != ')' &&
               text_[at_] != '"') {
            ++at_;
        }
        option.name = trim(text_.substr(option.name_at, at_ - option.name_at));
        if (option.name.empty()) {
            return source_.error(option.name_at, "a keyword is expected here",
                                 "options read keyword; or keyword:value;");
        }
        if (at_ < text_.size() && text_[at_] == ':') {
            ++at_;
            skip_blank();
            option.has_value = true;
            option.value_at = at_;
            if (auto end = value_end(option); !end) return end.error();
            option.value = trim(text_.substr(option.value_at, at_ - option.value_at));
        }
        if (at_ >= text_.size() || text_[at_] != ';') return unended(option);
        ++at_;
        return option;
    }

    // Stops at the ';' that ends the value. A backslash takes the next byte with it.
    Status value_end(const Option& option) {
        bool inside = false;
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '\\') {
                ++at_;
            } else if (c == '"') {
                inside = !inside;
            } else if (c == ';') {
                if (!inside) return success();
                return source_.error(at_, "';' inside the quotes of " + in_quotes(option.name),
                                     "write \\; or |3B| there, or close the quotes before it");
            }
        }
        at_ = text_.size();
        return unended(option);
    }

    Error unended(const Option& option) const {
        return source_.error(option.name_at, in_quotes(option.name) + " is not ended by ';'",
                             "every option ends with ;, the last one too");
    }

    void skip_blank() {
        const std::size_t next = text_.find_first_not_of(kBlank, at_);
        at_ = next == std::string_view::npos ? text_.size() : next;
    }

    const Source& source_;
    std::string_view text_;
    std::size_t at_;
};

}  // namespace

Result<std::vector<Option>> split_options(const Source& source, std::size_t start) {
    return Splitter(source, start).run();
}

Result<Quoted> unquote(const Source& source, const Option& option, bool may_be_negated) {
    std::string_view value = option.value;
    Quoted quotes;
    quotes.at = option.value_at;
    if (may_be_negated && value.starts_with('!')) {
        quotes.negated = true;
        value.remove_prefix(1);
        const std::size_t blank = std::min(value.find_first_not_of(kBlank), value.size());
        value.remove_prefix(blank);
        quotes.at += 1 + blank;
    }
    if (value.size() < 2 || value.front() != '"' || value.back() != '"') {
        return source.error(quotes.at, "the value of " + in_quotes(option.name) + " needs quotes",
                            "write " + std::string(option.name) + ":\"...\";");
    }
    quotes.inner = value.substr(1, value.size() - 2);
    ++quotes.at;
    return quotes;
}

}  // namespace querytap::signature
