#include "squeeze.h"

#include "chars.h"

namespace querytap::sql {
namespace {

class Squeezer {
  public:
    Squeezer(char* text, std::size_t size) : text_(text), size_(size) {}

    std::size_t run() noexcept {
        while (at_ < size_) {
            const char c = text_[at_];
            if (class_of(c) == CharClass::kBlank) {
                ++at_;
                blank();
            } else if (c == '-' && next() == '-') {
                line_comment();
            } else if (c == '/' && next() == '*') {
                comment();
            } else if (c == '\'' || c == '"' || c == '[') {
                quoted(c == '[' ? ']' : c);
            } else {
                keep();
            }
        }
        return kept_;
    }

  private:
    char next() const noexcept { return at_ + 1 < size_ ? text_[at_ + 1] : '\0'; }
    void keep() noexcept { text_[kept_++] = text_[at_++]; }
    void keep(char c) noexcept { text_[kept_++] = c; }
    void blank() noexcept {
        if (kept_ == 0 || text_[kept_ - 1] != ' ') keep(' ');
    }

    /// A doubled quote ends and begins anew, which comes to the same.
    void quoted(char close) noexcept {
        do {
            keep();
        } while (at_ < size_ && text_[at_] != close);
        if (at_ < size_) keep();
    }

    void line_comment() noexcept {
        while (at_ < size_ && text_[at_] != '\n')
            ++at_;
        if (at_ < size_) {
            blank();
        } else {
            keep('-');
            keep('-');
        }
    }

    void comment() noexcept {
        std::size_t depth = 0;
        char mark = '\0';  // may be the first half of what opens or closes
        do {
            const char c = text_[at_];
            const bool opens = c == '/' && next() == '*';
            const bool closes = c == '*' && next() == '/';
            if (opens) ++depth;
            if (closes) --depth;
            mark = opens || closes ? '\0' : c;
            at_ += opens || closes ? 2 : 1;
        } while (depth > 0 && at_ < size_);
        if (depth == 0) {
            blank();
            return;
        }
        for (; depth > 0; --depth) {
            keep('/');
            keep('*');
        }
        if (mark == '*' || mark == '/') keep(mark);
    }

    char* text_;
    std::size_t size_;
    std::size_t at_ = 0;
    std::size_t kept_ = 0;
};

}  // namespace

std::size_t squeeze(char* text, std::size_t size) noexcept {
    return Squeezer(text, size).run();
}

}  // namespace querytap::sql
