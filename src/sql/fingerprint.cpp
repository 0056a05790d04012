#include <new>

#include <querytap/sql/fingerprint.h>

#define XXH_STATIC_LINKING_ONLY  // the size of its state
#include <xxhash.h>

#include "chars.h"

namespace querytap::sql {
namespace {

static_assert(sizeof(XXH3_state_t) == 576 && alignof(XXH3_state_t) == 64);

XXH3_state_t* hash_of(std::array<unsigned char, 576>& bytes) noexcept {
    return std::launder(reinterpret_cast<XXH3_state_t*>(bytes.data()));
}

/// Of the normalised view: everything beyond ASCII is a letter.
bool in_word(char c) noexcept {
    const CharClass kind = class_of(c);
    return continues_word(kind) || kind == CharClass::kBeyond;
}

bool is_digit(char c) noexcept {
    return class_of(c) == CharClass::kDigit;
}

}  // namespace

void Fingerprint::begin() noexcept {
    XXH3_64bits_reset(::new (hash_.data()) XXH3_state_t);
    state_ = State::kBetween;
    last_ = Last::kNothing;
    blank_ = comma_ = point_ = false;
    sign_ = previous_ = 0;
    size_ = 0;
}

void Fingerprint::flush() noexcept {
    XXH3_64bits_update(hash_of(hash_), buffer_.data(), size_);
    size_ = 0;
}

void Fingerprint::put(char c) noexcept {
    if (size_ == buffer_.size()) flush();
    buffer_[size_++] = c;
}

/// What might have belonged to a value does not.
void Fingerprint::put_held() noexcept {
    if (comma_) put(',');
    if (sign_ != 0) put(sign_);
    if (point_) put('.');
    if (comma_ || sign_ != 0 || point_) last_ = Last::kPunctuation;
    comma_ = point_ = false;
    sign_ = 0;
}

/// A value, and the sign or point that was its own; after a value and a comma it is one more of
/// the same list.
void Fingerprint::put_value() noexcept {
    if (!comma_) put('?');
    comma_ = point_ = blank_ = false;
    sign_ = 0;
    last_ = Last::kValue;
}

void Fingerprint::add(std::string_view normalised) noexcept {
    for (const char c : normalised) {
        while (!step(c)) {
        }
    }
}

/// False: the token before ended, and `c` is to be looked at again.
bool Fingerprint::step(char c) noexcept {
    switch (state_) {
        case State::kBetween:
            return between(c);
        case State::kWord:
            if (in_word(c)) {
                put(c);
                return true;
            }
            break;
        case State::kNumber: {
            const bool exponent = previous_ == 'e' && (c == '-' || c == '+');
            previous_ = c;
            if (in_word(c) || exponent) return true;
            if (c != '.') break;
            state_ = State::kNumberPoint;
            return true;
        }
        case State::kNumberPoint:
            state_ = is_digit(c) ? State::kNumber : State::kBetween;
            if (state_ == State::kNumber) return true;
            put('.');
            last_ = Last::kPunctuation;
            return false;
        case State::kLiteral:
            if (c == '\'') state_ = State::kQuote;
            return true;
        case State::kQuote:
            if (c == '\'') {
                state_ = State::kLiteral;
                return true;
            }
            break;
    }
    state_ = State::kBetween;
    return false;
}

/// The first byte of a token, or the blank before one.
bool Fingerprint::between(char c) noexcept {
    if (c == ' ') {
        blank_ = true;
        return true;
    }
    const bool after_operand =
        !comma_ && sign_ == 0 &&
        (last_ == Last::kWord || last_ == Last::kValue || last_ == Last::kClosing);
    if (c == '\'') {
        if (sign_ != 0 || point_) put_held();
        put_value();
        state_ = State::kLiteral;
    } else if (is_digit(c)) {
        put_value();
        previous_ = c;
        state_ = State::kNumber;
    } else if (c == '$' && sign_ == 0 && !point_) {
        sign_ = c;  // money, mostly
    } else if (in_word(c)) {
        const bool apart = blank_ && last_ == Last::kWord && !comma_ && sign_ == 0 && !point_;
        put_held();
        if (apart) put(' ');
        put(c);
        last_ = Last::kWord;
        state_ = State::kWord;
    } else if (c == ',' && last_ == Last::kValue && !comma_ && sign_ == 0 && !point_) {
        comma_ = true;
    } else if ((c == '-' || c == '+') && !after_operand && sign_ == 0 && !point_) {
        sign_ = c;
    } else if (c == '.' && !after_operand && !point_) {
        point_ = true;
    } else {
        put_held();
        put(c);
        last_ = c == ')' ? Last::kClosing : Last::kPunctuation;
    }
    blank_ = false;
    return true;
}

std::uint64_t Fingerprint::end() noexcept {
    if (state_ == State::kNumberPoint) put('.');
    put_held();
    flush();
    return XXH3_64bits_digest(hash_of(hash_));
}

}  // namespace querytap::sql
