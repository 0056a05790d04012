#include "folder.h"

#include "constant.h"
#include "statements.h"

namespace querytap::sql {

using Kind = TokenLog::Kind;

namespace {

constexpr bool makes_character(Keyword function) noexcept {
    return function == Keyword::kChar || function == Keyword::kNchar;
}

/// Functions that read binary values.
constexpr bool takes_binary(Keyword function) noexcept {
    return function == Keyword::kCast || function == Keyword::kConvert || makes_character(function);
}

}  // namespace

/// May a literal or a function stand here and still be part of a constant?
bool Folder::accepts_operand() noexcept {
    const Frame& frame = top();
    if (frame.lone_char || frame.expects_type) return false;
    if (frame.function != Keyword::kNone && !frame.entered) return false;
    return !frame.has_literal || frame.plus;
}

/// Does this word (no function) keep the call constant? Numbers, types, AS, MAX and COLLATE where
/// they belong.
bool Folder::holds_word(std::string_view text, Keyword keyword) noexcept {
    Frame& frame = top();
    if (frame.has_literal && !frame.plus && frame.collate != Collate::kSeen) {
        const bool name = frame.collate == Collate::kName;
        if (name || keyword == Keyword::kCollate) {
            frame.collate = name ? Collate::kSeen : Collate::kName;
            return true;
        }
    }
    if (!frame.entered || frame.plus || frame.function == Keyword::kNone) return false;
    const bool number = text[0] >= '0' && text[0] <= '9';
    if (frame.expects_type) {
        return is_type(keyword) || (frame.in_type && (number || keyword == Keyword::kMax));
    }
    if (frame.function == Keyword::kCast && keyword == Keyword::kAs) {
        frame.expects_type = true;
        return true;
    }
    return number && !frame.has_literal;
}

/// Inside CHAR numbers are added and multiplied.
bool Folder::computes(const Frame& frame) noexcept {
    return makes_character(frame.function) && frame.entered && !frame.has_literal;
}

/// The same for punctuation, but for what opens or closes a frame.
bool Folder::holds_punctuation(char c) noexcept {
    Frame& frame = top();
    switch (c) {
        case '+':
            if (frame.lone_char) {
                const Frame lone = frame;
                log_.truncate(0);
                frame = {};
                put_value({lone.character.data(), lone.character_size});
            }
            if (computes(frame)) return true;
            if (!frame.has_literal || frame.plus || frame.expects_type) return false;
            if (frame.collate == Collate::kName) return false;
            frame.plus = true;
            return true;
        case '-':
        case '*':
            return computes(frame);
        case '(':
            if (frame.function != Keyword::kNone && !frame.entered) {
                frame.entered = true;
                frame.expects_type = frame.function == Keyword::kConvert;
                return true;
            }
            if (!frame.expects_type || frame.in_type) return false;
            frame.in_type = true;
            return true;
        case ')':
            if (!frame.in_type) return false;
            frame.in_type = false;
            return true;
        case ',':
            if (!frame.entered || frame.in_type || frame.plus) return false;
            if (frame.function == Keyword::kNone) return false;
            frame.has_literal = false;
            frame.collate = Collate::kNone;
            frame.expects_type = false;
            return true;
        default:
            return false;
    }
}

/// Every token that is held leaves, in order. With kOpen the last is a literal that goes on.
void Folder::release(Run& run, Last last) {
    for (std::size_t at = 0; at < log_.size();) {
        const TokenLog::Record record = log_.read(at);
        run.meter.steps += 1 + record.text.size();
        before_ = record.kind == Kind::kPunctuation ? record.text[0] : '\0';
        switch (record.kind) {
            case Kind::kWord:
                run.statements.word(record.text, keyword_of(record.text), run);
                break;
            case Kind::kPunctuation:
                run.statements.punctuation(record.text[0], run);
                break;
            case Kind::kLiteral:
                run.statements.literal_begin(run);
                run.statements.literal_piece(record.text, run);
                if (last == Last::kWhole || record.next < log_.size()) {
                    run.statements.literal_end(run);
                }
                break;
            case Kind::kBinary:
                run.statements.binary_begin(run);
                run.statements.binary_piece(record.text, run);
                if (last == Last::kWhole || record.next < log_.size()) {
                    run.statements.binary_end(run);
                }
                break;
        }
        at = record.next;
    }
    log_.truncate(0);
    depth_ = 0;
    frames_[0] = {};
}

void Folder::give_up(Run& run) {
    ++run.meter.limits_hit;
    release(run);
}

/// A function's name or a parenthesis that may open a constant. False, with nothing held any more,
/// where a bound is hit.
bool Folder::open(Keyword function, std::string_view text, Run& run) {
    const std::size_t at = log_.size();
    const Kind kind = function == Keyword::kNone ? Kind::kPunctuation : Kind::kWord;
    if (depth_ + 1u == kDepthMax || !log_.push(kind, text)) {
        give_up(run);
        return false;
    }
    ++depth_;
    top() = {};
    top().function = function;
    top().entered = function == Keyword::kNone;
    top().at = static_cast<std::uint16_t>(at);
    return true;
}

/// A value joins the literal before the '+', or is the first.
void Folder::put_value(std::string_view value) noexcept {
    // It takes the place of the longer call that it came from, so there is room.
    if (top().plus) {
        log_.reopen(top().literal_at);
        log_.grow(value);
    } else {
        top().literal_at = static_cast<std::uint16_t>(log_.size());
        log_.push(Kind::kLiteral, value);
    }
    top().has_literal = true;
    top().plus = false;
    top().collate = Collate::kNone;
}

/// Binary values do not grow; a '+' behind one is for nobody.
void Folder::put_binary(std::string_view digits) noexcept {
    log_.push(Kind::kBinary, digits);
}

/// Inside a function: the constant that a variable was given. False: it stays a name.
bool Folder::put_variable(std::string_view name, Run& run) {
    if (depth_ == 0 || top().function == Keyword::kNone || !accepts_operand()) return false;
    const auto constant = run.statements.constant_of(name, run);
    if (!constant || !log_.has_room(constant->text.size())) return false;
    if (!constant->is_binary) {
        put_value(constant->text);
    } else if (takes_binary(top().function) && !top().plus) {
        put_binary(constant->text);
    } else {
        return false;
    }
    return true;
}

/// The closing parenthesis of a call: its value takes the call's place.
void Folder::close(Run& run) {
    const Frame frame = top();
    std::array<char, TokenLog::kSize> value;
    // A value longer than the call itself (REPLACE can) would let a short text make much work.
    const std::size_t value_max = log_.size() - frame.at;
    std::size_t arguments = log_.read(frame.at).next;
    if (frame.function != Keyword::kNone) arguments = log_.read(arguments).next;
    run.meter.steps += value_max;
    std::optional<Constant> constant;
    if (!frame.plus && frame.collate == Collate::kNone) {
        constant = evaluate(frame.function, log_, arguments, std::span(value).first(value_max));
    }
    if (!constant) {
        release(run);
        before_ = ')';
        run.statements.punctuation(')', run);
        return;
    }
    const bool operand = before_ == '+' || before_ == '=';
    if (makes_character(frame.function) && frame.at == 0 && !operand && log_.push(')')) {
        // Alone it stays: CREATE TABLE t (name CHAR(10)) is a type. A '+' will tell.
        depth_ = 0;
        top() = {};
        top().lone_char = true;
        top().character_size = static_cast<std::uint8_t>(constant->size);
        std::copy_n(value.begin(), constant->size, top().character.begin());
        return;
    }
    log_.truncate(frame.at);
    --depth_;
    const std::string_view text(value.data(), constant->size);
    if (constant->kind == Kind::kLiteral) {
        put_value(text);
    } else if (depth_ > 0 && !top().plus) {
        put_binary(text);
    } else {
        release(run);
        run.statements.binary_begin(run);
        run.statements.binary_piece(text, run);
        run.statements.binary_end(run);
    }
}

void Folder::word(std::string_view text, Keyword keyword, Run& run) {
    ++run.meter.steps;
    if (!log_.empty() && holds_word(text, keyword)) {
        if (log_.push(Kind::kWord, text)) return;
        ++run.meter.limits_hit;
    } else if (text[0] == '@' && put_variable(text, run)) {
        return;
    } else if (is_function(keyword) && before_ != '.') {
        if (!log_.empty() && !accepts_operand()) release(run);
        if (open(keyword, text, run)) return;
    }
    if (!log_.empty()) release(run);
    before_ = 0;
    run.statements.word(text, keyword, run);
}

void Folder::long_word(std::string_view piece, bool first, Run& run) {
    if (!log_.empty()) release(run);
    ++run.meter.steps;
    before_ = 0;
    run.statements.long_word(piece, first, run);
}

void Folder::punctuation(char c, Run& run) {
    ++run.meter.steps;
    if (!log_.empty()) {
        if (c == ')' && top().entered && !top().in_type) {
            close(run);
            return;
        }
        if (c == '(' && accepts_operand() && (top().plus || depth_ > 0)) {
            if (open(Keyword::kNone, "(", run)) return;
        } else if (holds_punctuation(c)) {
            if (log_.push(c)) return;
            ++run.meter.limits_hit;
        }
        release(run);
    }
    before_ = c;
    run.statements.punctuation(c, run);
}

void Folder::literal_begin(Run& run) {
    ++run.meter.steps;
    before_ = 0;
    if (!log_.empty() && !accepts_operand()) release(run);
    if (!top().plus && !log_.has_room(0)) give_up(run);
    put_value({});
}

void Folder::literal_piece(std::string_view text, Run& run) {
    if (streaming_ == Streaming::kNo) {
        if (log_.grow(text)) return;
        ++run.meter.limits_hit;
        release(run, Last::kOpen);
        streaming_ = Streaming::kLiteral;
    }
    run.meter.steps += text.size();
    run.statements.literal_piece(text, run);
}

void Folder::literal_end(Run& run) {
    if (streaming_ == Streaming::kLiteral) run.statements.literal_end(run);
    streaming_ = Streaming::kNo;
}

/// Binary literals wait only where a conversion may make text of them.
void Folder::binary_begin(Run& run) {
    ++run.meter.steps;
    before_ = 0;
    if (!log_.empty() && top().entered && accepts_operand() && !top().plus &&
        takes_binary(top().function) && log_.push(Kind::kBinary, {})) {
        return;
    }
    if (!log_.empty()) release(run);
    streaming_ = Streaming::kBinary;
    run.statements.binary_begin(run);
}

void Folder::binary_piece(std::string_view digits, Run& run) {
    if (streaming_ == Streaming::kNo) {
        if (log_.grow(digits)) return;
        ++run.meter.limits_hit;
        release(run, Last::kOpen);
        streaming_ = Streaming::kBinary;
    }
    run.meter.steps += digits.size();
    run.statements.binary_piece(digits, run);
}

void Folder::binary_end(Run& run) {
    if (streaming_ == Streaming::kBinary) run.statements.binary_end(run);
    streaming_ = Streaming::kNo;
}

}  // namespace querytap::sql
