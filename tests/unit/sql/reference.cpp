#include "reference.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace querytap::sql::test {
namespace {

using Text = std::u32string;

Text decode(std::string_view utf8) {
    Text text;
    for (std::size_t at = 0; at < utf8.size();) {
        const auto lead = static_cast<unsigned char>(utf8[at]);
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        char32_t point = size == 1 ? lead : lead & (0xffu >> (size + 1));
        for (std::size_t i = 1; i < size; ++i) {
            point = point << 6 | (static_cast<unsigned char>(utf8[at + i]) & 0x3f);
        }
        text += point;
        at += size;
    }
    return text;
}

std::string encode(const Text& text) {
    std::string utf8;
    for (const char32_t c : text) {
        const auto tail = [&](int shift) {
            utf8 += static_cast<char>(0x80 | ((c >> shift) & 0x3f));
        };
        if (c < 0x80) {
            utf8 += static_cast<char>(c);
        } else if (c < 0x800) {
            utf8 += static_cast<char>(0xc0 | c >> 6);
            tail(0);
        } else if (c < 0x10000) {
            utf8 += static_cast<char>(0xe0 | c >> 12);
            tail(6);
            tail(0);
        } else {
            utf8 += static_cast<char>(0xf0 | c >> 18);
            tail(12);
            tail(6);
            tail(0);
        }
    }
    return utf8;
}

bool is_ignorable(char32_t c) {
    return c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x2060 && c <= 0x2064) || c == 0xfeff;
}
bool is_blank(char32_t c) {
    const Text others = U"\x7f\x85\xa0\x1680\x180e\x2028\x2029\x202f\x205f\x3000";
    return c <= 0x20 || (c >= 0x2000 && c <= 0x200a) || others.find(c) != Text::npos;
}
char32_t plain(char32_t c) {
    const bool full_width = c >= 0xff01 && c <= 0xff5e;
    const bool quote = c == 0xff07 || c == 0xff02 || c == 0xff3b || c == 0xff3d;
    return full_width && !quote ? c - 0xff01 + 0x21 : c;
}
char32_t lower(char32_t c) {
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}
bool is_digit(char32_t c) {
    return c >= '0' && c <= '9';
}
/// Of characters that plain() gave.
bool is_word(char32_t c) {
    if (c < 0x80)
        return std::isalnum(static_cast<int>(c)) != 0 || Text(U"_@#$").find(c) != Text::npos;
    return !is_blank(c) && !is_ignorable(c);
}

enum class Kind { kWord, kLiteral, kPunctuation };
struct Token {
    Kind kind;
    Text text;
};

class Lexer {
  public:
    explicit Lexer(Text text) : text_(std::move(text)) {}

    std::vector<Token> tokens() {
        while (at_ < text_.size())
            next();
        return tokens_;
    }

  private:
    char32_t peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : U'\U0010ffff';
    }
    bool end() const { return at_ >= text_.size(); }
    bool takes(const Text& what) {
        if (text_.compare(at_, what.size(), what) != 0) return false;
        at_ += what.size();
        return true;
    }

    void next() {
        const char32_t c = plain(peek());
        if (takes(U"--")) {
            while (!end() && text_[at_++] != '\n') {
            }
        } else if (takes(U"/*")) {
            comment();
        } else if (is_blank(peek()) || is_ignorable(peek())) {
            ++at_;
        } else if (takes(U"'")) {
            literal('\'');
        } else if (takes(U"\"")) {
            quoted();
        } else if (takes(U"[")) {
            bracket();
        } else if (is_digit(c)) {
            number();
        } else if (is_word(c)) {
            word();
        } else {
            ++at_;
            tokens_.push_back({Kind::kPunctuation, Text(1, c)});
        }
    }

    void comment() {
        for (int depth = 1; !end() && depth > 0;) {
            if (takes(U"/*")) {
                ++depth;
            } else if (takes(U"*/")) {
                --depth;
            } else {
                ++at_;
            }
        }
    }

    void literal(char32_t delimiter) {
        Text content;
        while (!end()) {
            if (takes(U"\\\r\n") || takes(U"\\\n")) continue;
            if (peek() == delimiter) {
                ++at_;
                if (peek() != delimiter || end()) break;
            }
            content += text_[at_++];
        }
        tokens_.push_back({Kind::kLiteral, content});
    }

    void quoted() {
        const std::size_t close = text_.find(U'"', at_);
        Text name = text_.substr(at_, close == Text::npos ? 0 : close - at_);
        while (!name.empty() && name.back() == ' ')
            name.pop_back();
        const bool doubled =
            close != Text::npos && close + 1 < text_.size() && text_[close + 1] == '"';
        const bool letters = std::all_of(name.begin(), name.end(),
                                         [](char32_t c) { return plain(c) == c && is_word(c); });
        // 128 bytes of UTF-8 are held, the blanks at the end too.
        const bool fits =
            close != Text::npos && encode(text_.substr(at_, close - at_)).size() <= 128;
        if (name.empty() || doubled || !letters || !fits || is_digit(name[0])) {
            literal('"');
            return;
        }
        std::transform(name.begin(), name.end(), name.begin(), lower);
        tokens_.push_back({Kind::kWord, name});
        at_ = close + 1;
    }

    void bracket() {
        Text name;
        std::size_t blanks = 0;
        while (!end()) {
            char32_t c = text_[at_++];
            if (c == ']') {
                if (end() || peek() != ']') break;
                ++at_;
            }
            if (is_ignorable(c)) continue;
            if (c == ' ') {
                ++blanks;
                continue;
            }
            name.append(blanks, U'_');
            blanks = 0;
            c = plain(c);
            name += is_word(c) ? lower(c) : U'_';
        }
        if (name.empty()) name.push_back('_');
        tokens_.push_back({Kind::kWord, name});
    }

    void number() {
        Text digits;
        while (!end() && is_digit(plain(peek())))
            digits += plain(text_[at_++]);
        const char32_t mark = lower(plain(peek()));
        if (!end() && mark == 'x' && digits == U"0") {
            ++at_;
            binary();
            return;
        }
        if (!end() && mark == 'e') {
            ++at_;
            digits += 'e';
            if (!end() && (peek() == '+' || peek() == '-')) digits += text_[at_++];
            while (!end() && is_digit(peek()))
                digits += text_[at_++];
        }
        tokens_.push_back({Kind::kWord, digits});
    }

    void binary() {
        Text digits{U'0', U'X'};
        while (!end()) {
            if (takes(U"\\\r\n") || takes(U"\\\n")) continue;
            if (peek() >= 0x80 || std::isxdigit(static_cast<int>(peek())) == 0) break;
            digits += static_cast<char32_t>(std::toupper(static_cast<int>(text_[at_++])));
        }
        tokens_.push_back({Kind::kWord, digits});
    }

    void word() {
        Text word;
        while (!end() && is_word(plain(peek())))
            word += lower(plain(text_[at_++]));
        if (word == U"n" && takes(U"'")) {
            literal('\'');
        } else if (word == U"n" && takes(U"\"")) {
            literal('"');
        } else {
            tokens_.push_back({Kind::kWord, word});
        }
    }

    Text text_;
    std::size_t at_ = 0;
    std::vector<Token> tokens_;
};

std::vector<Token> fold(const std::vector<Token>& tokens) {
    std::vector<Token> folded;
    for (const Token& token : tokens) {
        const std::size_t count = folded.size();
        if (token.kind == Kind::kLiteral && count >= 2 && folded[count - 1].text == U"+" &&
            folded[count - 1].kind == Kind::kPunctuation &&
            folded[count - 2].kind == Kind::kLiteral) {
            folded.pop_back();
            folded.back().text += token.text;
        } else {
            folded.push_back(token);
        }
    }
    return folded;
}

}  // namespace

Reference reference(std::string_view utf8) {
    Reference result;
    Kind last = Kind::kPunctuation;
    for (const Token& token : fold(Lexer(decode(utf8)).tokens())) {
        const bool apart = token.kind == last && last != Kind::kPunctuation;
        if (apart) result.normalised += ' ';
        last = token.kind;
        if (token.kind != Kind::kLiteral) {
            result.normalised += encode(token.text);
            continue;
        }
        const std::string content = encode(token.text);
        result.literals += content + '\n';
        result.normalised += '\'';
        for (const char c : content) {
            result.normalised += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
            if (c == '\'') result.normalised += c;
        }
        result.normalised += '\'';
    }
    return result;
}

}  // namespace querytap::sql::test
