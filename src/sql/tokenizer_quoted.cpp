// The lexer inside quotes and comments.
#include "chars.h"
#include "kernels.h"
#include "tokenizer.h"

namespace querytap::sql {

void Tokenizer::begin_literal(Run& run, char delimiter) {
    run.folder.literal_begin(run);
    delimiter_ = delimiter;
    state_ = State::kLiteral;
}

void Tokenizer::finish_literal(Run& run) {
    run.folder.literal_end(run);
    state_ = State::kCode;
}

std::string_view Tokenizer::literal(std::string_view text, Run& run) {
    const std::size_t size = find_either(text.data(), text.size(), delimiter_, '\\');
    if (size > 0) {
        run.folder.literal_piece(text.substr(0, size), run);
        if (size == text.size()) return {};
    }
    state_ = text[size] == '\\' ? State::kBackslash : State::kLiteralEnd;
    return text.substr(size + 1);
}

std::string_view Tokenizer::literal_end(std::string_view text, Run& run) {
    if (text[0] == delimiter_) {
        run.folder.literal_piece(text.substr(0, 1), run);
        state_ = State::kLiteral;
        return text.substr(1);
    }
    finish_literal(run);
    return text;
}

/// A backslash before a line end joins two lines of a literal (MS KB 164291); any other is itself.
/// `text` is empty at the end of the input.
std::string_view Tokenizer::backslash(std::string_view text, Run& run) {
    const bool in_literal = state_ == State::kBackslash || state_ == State::kBackslashCr;
    const bool after_cr = state_ == State::kBackslashCr || state_ == State::kBinaryBackslashCr;
    if (!text.empty() && text[0] == '\n') {
        state_ = in_literal ? State::kLiteral : State::kBinary;
        return text.substr(1);
    }
    if (!text.empty() && text[0] == '\r' && !after_cr) {
        state_ = in_literal ? State::kBackslashCr : State::kBinaryBackslashCr;
        return text.substr(1);
    }
    if (in_literal) {
        run.folder.literal_piece(after_cr ? "\\\r" : "\\", run);
        state_ = State::kLiteral;
    } else {
        run.folder.binary_end(run);
        run.folder.punctuation('\\', run);
        state_ = State::kCode;
    }
    return text;
}

/// "..." is a name (QUOTED_IDENTIFIER ON) if it can be one, otherwise a text (OFF).
std::string_view Tokenizer::quoted(std::string_view text, Run& run) {
    if (text[0] == '"') {
        state_ = State::kQuotedEnd;
        return text.substr(1);
    }
    const Character c = character_at(text);
    const bool word =
        c.kind == Character::Kind::kWord ||
        (c.kind == Character::Kind::kAscii && !c.full_width && continues_word(class_of(c.ascii)));
    const bool blank_before = held_size_ > 0 && held_[held_size_ - 1u] == ' ';
    const bool fits = held_size_ + c.size <= kHeldMax;
    const bool name = (word && !blank_before) || text[0] == ' ';
    if (name && fits && (held_size_ > 0 || class_of(text[0]) != CharClass::kDigit)) {
        hold(text.substr(0, c.size), run);
        return text.substr(c.size);
    }
    quoted_is_literal(run);
    return text;
}

void Tokenizer::quoted_is_literal(Run& run) {
    begin_literal(run, '"');
    run.folder.literal_piece({held_.data(), held_size_}, run);
    held_size_ = 0;
}

std::string_view Tokenizer::quoted_end(std::string_view text, Run& run) {
    if (text[0] == '"') {
        quoted_is_literal(run);
        state_ = State::kLiteralEnd;
        return text;
    }
    std::uint8_t size = held_size_;
    while (size > 0 && held_[size - 1u] == ' ')
        --size;
    if (size == 0) {
        quoted_is_literal(run);
        finish_literal(run);
        return text;
    }
    held_size_ = size;
    for (std::size_t i = 0; i < held_size_; ++i)
        held_[i] = lower(held_[i]);
    end_word(run, true);
    return text;
}

std::string_view Tokenizer::comment_start(std::string_view text, Run& run) {
    const bool dash = state_ == State::kDash;
    if (!text.empty() && text[0] == (dash ? '-' : '*')) {
        state_ = dash ? State::kLineComment : State::kComment;
        depth_ = 1;
        return text.substr(1);
    }
    state_ = State::kCode;
    run.folder.punctuation(dash ? '-' : '/', run);
    return text;
}

/// Only LF ends it: SQL Server does not take a lone CR for the end of a line.
std::string_view Tokenizer::line_comment(std::string_view text) {
    const std::size_t size = find_either(text.data(), text.size(), '\n', '\n');
    if (size == text.size()) return {};
    state_ = State::kCode;
    return text.substr(size + 1);
}

std::string_view Tokenizer::comment(std::string_view text) {
    const std::size_t size = find_either(text.data(), text.size(), '*', '/');
    if (size == text.size()) return {};
    state_ = text[size] == '*' ? State::kCommentStar : State::kCommentSlash;
    return text.substr(size + 1);
}

/// After a star or a slash in a comment: comments nest (unlike in C).
std::string_view Tokenizer::comment_mark(std::string_view text) {
    const bool star = state_ == State::kCommentStar;
    if (text[0] == (star ? '*' : '/')) return text.substr(1);
    state_ = State::kComment;
    if (text[0] != (star ? '/' : '*')) return text.substr(1);
    depth_ += star ? ~0u : 1u;
    if (depth_ == 0) state_ = State::kCode;
    return text.substr(1);
}

}  // namespace querytap::sql
