#include "tokenizer.h"

#include "chars.h"
#include "kernels.h"
#include "plain_code.h"
#include "statements.h"

namespace querytap::sql {

void Tokenizer::feed(std::string_view text, Run& run) {
    while (!text.empty()) {
        if (state_ == State::kCode) text = plain_code(text, run);
        if (text.empty()) return;
        ++run.meter.steps;
        text = step(text, run);
    }
}

/// The fast path, where nothing is held back and no statement is followed.
std::string_view Tokenizer::plain_code(std::string_view text, Run& run) {
    static_assert(Output::kSlack >= kPlainCodeSlack);
    constexpr std::size_t kWorthwhile = 8;
    if (text.size() < kWorthwhile || !run.statements.idle()) return text;
    if (!run.folder.idle()) {
        if (!run.folder.waits_for_plus()) return text;
        const CharClass kind = class_of(text[0]);
        const bool token = continues_word(kind) || kind == CharClass::kPunctuation;
        const bool collate = text[0] == 'c' || text[0] == 'C';  // perhaps; it may stand before '+'
        if (!token || text[0] == '+' || collate) return text;
        run.folder.end(run);
    }
    const CharClass next = class_of(text[1]);
    if (next == CharClass::kQuote || next == CharClass::kBeyond) return text;
    const std::size_t size = std::min(text.size(), Output::kSize - 1);
    PlainCode code{.after_word = run.spelling.after_word()};
    const std::size_t taken =
        pass_plain_code(text.data(), size, run.output.code_room(size + 1), code);
    run.meter.steps += 1 + taken / 64;
    run.output.commit_code(code.written);
    if (code.any) {
        run.spelling.continue_after(code.after_word);
        run.folder.continue_after(code.punctuation);
    }
    return text.substr(taken);
}

/// Takes at least one byte, or changes to a state that will.
std::string_view Tokenizer::step(std::string_view text, Run& run) {
    switch (state_) {
        case State::kCode:
            return code(text, run);
        case State::kWord:
            return word(text, run);
        case State::kNumber:
            return number(text, run);
        case State::kExponent:
            return exponent(text, run);
        case State::kBinary:
            return binary(text, run);
        case State::kBracket:
            return bracket(text, run);
        case State::kBracketEnd:
            return bracket_end(text, run);
        case State::kQuoted:
            return quoted(text, run);
        case State::kQuotedEnd:
            return quoted_end(text, run);
        case State::kLiteral:
            return literal(text, run);
        case State::kLiteralEnd:
            return literal_end(text, run);
        case State::kBackslash:
        case State::kBackslashCr:
        case State::kBinaryBackslash:
        case State::kBinaryBackslashCr:
            return backslash(text, run);
        case State::kDash:
        case State::kSlash:
            return comment_start(text, run);
        case State::kLineComment:
            return line_comment(text);
        case State::kComment:
            return comment(text);
        case State::kCommentStar:
        case State::kCommentSlash:
            return comment_mark(text);
    }
    return {};
}

std::string_view Tokenizer::code(std::string_view text, Run& run) {
    switch (class_of(text[0])) {
        case CharClass::kBlank: {
            std::size_t size = 1;
            while (size < text.size() && class_of(text[size]) == CharClass::kBlank)
                ++size;
            return text.substr(size);
        }
        case CharClass::kWord:
            state_ = State::kWord;
            return text;
        case CharClass::kDigit:
            state_ = State::kNumber;
            return text;
        case CharClass::kQuote:
            begin_literal(run, '\'');
            break;
        case CharClass::kDoubleQuote:
            state_ = State::kQuoted;
            break;
        case CharClass::kBracket:
            state_ = State::kBracket;
            blanks_ = 0;
            break;
        case CharClass::kDash:
            state_ = State::kDash;
            break;
        case CharClass::kSlash:
            state_ = State::kSlash;
            break;
        case CharClass::kPunctuation:
            run.folder.punctuation(text[0], run);
            break;
        case CharClass::kBeyond:
            return character(text, run);
    }
    return text.substr(1);
}

/// A character beyond ASCII where a token may begin.
std::string_view Tokenizer::character(std::string_view text, Run& run) {
    const Character c = character_at(text);
    if (c.kind == Character::Kind::kWord) {
        state_ = State::kWord;
        return text;
    }
    if (c.kind == Character::Kind::kAscii) {
        const CharClass kind = class_of(c.ascii);
        if (continues_word(kind)) {
            state_ = kind == CharClass::kDigit ? State::kNumber : State::kWord;
            return text;
        }
        run.folder.punctuation(c.ascii, run);
    }
    return text.substr(c.size);
}

void Tokenizer::hold(std::string_view text, Run& run) {
    if (held_size_ + text.size() > kHeldMax) {
        run.folder.long_word({held_.data(), held_size_}, !long_word_, run);
        long_word_ = true;
        held_size_ = 0;
        if (text.size() > kHeldMax) {
            run.folder.long_word(text, false, run);
            return;
        }
    }
    std::copy(text.begin(), text.end(), held_.begin() + held_size_);
    held_size_ = static_cast<std::uint8_t>(held_size_ + text.size());
}

void Tokenizer::hold(char c, Run& run) {
    hold(std::string_view(&c, 1), run);
}

void Tokenizer::end_word(Run& run, bool quoted) {
    const std::string_view text(held_.data(), held_size_);
    held_size_ = 0;
    state_ = State::kCode;
    if (long_word_) {
        long_word_ = false;
        run.folder.long_word(text, false, run);
        return;
    }
    // A name in brackets is never a statement or a function, but it may be a procedure.
    Keyword keyword = keyword_of(text);
    if (quoted && keyword != Keyword::kExecutesql) keyword = Keyword::kNone;
    run.folder.word(text, keyword, run);
}

std::string_view Tokenizer::word(std::string_view text, Run& run) {
    const CharClass kind = class_of(text[0]);
    if (continues_word(kind)) {
        std::size_t size = 0;
        std::array<char, 64> part;
        while (size < part.size() && size < text.size() && continues_word(class_of(text[size]))) {
            part[size] = lower(text[size]);
            ++size;
        }
        hold({part.data(), size}, run);
        return text.substr(size);
    }
    if (kind == CharClass::kBeyond) {
        const Character c = character_at(text);
        if (c.kind == Character::Kind::kWord) {
            hold(text.substr(0, c.size), run);
            return text.substr(c.size);
        }
        if (c.kind == Character::Kind::kAscii && continues_word(class_of(c.ascii))) {
            hold(lower(c.ascii), run);
            return text.substr(c.size);
        }
    }
    const bool quote = kind == CharClass::kQuote || kind == CharClass::kDoubleQuote;
    if (quote && !long_word_ && held_size_ == 1 && held_[0] == 'n') {
        held_size_ = 0;  // N'...': the prefix is no word
        begin_literal(run, text[0]);
        return text.substr(1);
    }
    end_word(run, false);
    return text;
}

/// Digits and an exponent; what follows is a token of its own: 1from is two. A point is
/// punctuation.
std::string_view Tokenizer::number(std::string_view text, Run& run) {
    Character c{Character::Kind::kAscii, 1, text[0]};
    if (class_of(text[0]) == CharClass::kBeyond) c = character_at(text);
    if (c.kind == Character::Kind::kAscii) {
        if (class_of(c.ascii) == CharClass::kDigit) {
            hold(c.ascii, run);
            return text.substr(c.size);
        }
        if (lower(c.ascii) == 'x' && !long_word_ && held_size_ == 1 && held_[0] == '0') {
            held_size_ = 0;
            run.folder.binary_begin(run);
            state_ = State::kBinary;
            return text.substr(c.size);
        }
        if (lower(c.ascii) == 'e') {
            hold('e', run);
            state_ = State::kExponent;
            return text.substr(c.size);
        }
    }
    end_word(run, false);
    return text;
}

std::string_view Tokenizer::exponent(std::string_view text, Run& run) {
    const bool sign =
        (text[0] == '+' || text[0] == '-') && held_size_ > 0 && held_[held_size_ - 1u] == 'e';
    if (sign || class_of(text[0]) == CharClass::kDigit) {
        hold(text[0], run);
        return text.substr(1);
    }
    end_word(run, false);
    return text;
}

std::string_view Tokenizer::binary(std::string_view text, Run& run) {
    std::size_t size = 0;
    std::array<char, 64> digits;
    while (size < digits.size() && size < text.size() && hex_digit(text[size]) >= 0) {
        digits[size] = upper(text[size]);
        ++size;
    }
    if (size > 0) {
        run.folder.binary_piece({digits.data(), size}, run);
        return text.substr(size);
    }
    if (text[0] == '\\') {
        state_ = State::kBinaryBackslash;
        return text.substr(1);
    }
    run.folder.binary_end(run);
    state_ = State::kCode;
    return text;
}

std::string_view Tokenizer::bracket(std::string_view text, Run& run) {
    if (text[0] == ']') {
        state_ = State::kBracketEnd;
        return text.substr(1);
    }
    const Character c = character_at(text);
    // SQL Server takes [name  ] for [name], and compares without what has no weight.
    if (text[0] == ' ') ++blanks_;
    if (text[0] == ' ' || c.kind == Character::Kind::kIgnorable) return text.substr(c.size);
    for (; blanks_ > 0; --blanks_)
        hold('_', run);
    if (c.kind == Character::Kind::kWord) {
        hold(text.substr(0, c.size), run);
    } else {
        const bool plain = c.kind == Character::Kind::kAscii && continues_word(class_of(c.ascii));
        hold(plain ? lower(c.ascii) : '_', run);
    }
    return text.substr(c.size);
}

std::string_view Tokenizer::bracket_end(std::string_view text, Run& run) {
    if (text[0] == ']') {
        for (; blanks_ > 0; --blanks_)
            hold('_', run);
        hold('_', run);
        state_ = State::kBracket;
        return text.substr(1);
    }
    if (held_size_ == 0 && !long_word_) hold('_', run);  // [] is an error, but a word
    end_word(run, true);
    return text;
}

void Tokenizer::end(Run& run) {
    switch (state_) {
        case State::kWord:
        case State::kNumber:
        case State::kExponent:
            end_word(run, false);
            break;
        case State::kBracket:
        case State::kBracketEnd:
            if (held_size_ == 0 && !long_word_) hold('_', run);
            end_word(run, true);
            break;
        case State::kQuoted:
            quoted_is_literal(run);
            finish_literal(run);
            break;
        case State::kQuotedEnd:
            quoted_end(" ", run);
            break;
        case State::kLiteral:
        case State::kLiteralEnd:
            finish_literal(run);
            break;
        case State::kBackslash:
        case State::kBackslashCr:
        case State::kBinaryBackslash:
        case State::kBinaryBackslashCr:
            backslash({}, run);
            end(run);
            break;
        case State::kBinary:
            run.folder.binary_end(run);
            break;
        case State::kDash:
        case State::kSlash:
            comment_start({}, run);
            break;
        case State::kCode:
        case State::kLineComment:
        case State::kComment:
        case State::kCommentStar:
        case State::kCommentSlash:
            break;
    }
    state_ = State::kCode;
}

}  // namespace querytap::sql
