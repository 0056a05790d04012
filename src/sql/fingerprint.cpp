#include <algorithm>
#include <cstring>

#include <querytap/sql/fingerprint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "chars.h"
#include "kernels.h"

namespace querytap::sql {
namespace {

/// Of the normalised view: everything beyond ASCII is a letter.
constexpr auto kInWord = [] {
    std::array<bool, 256> table{};
    for (unsigned byte = 0; byte < table.size(); ++byte) {
        const CharClass kind = kClasses[byte];
        table[byte] = continues_word(kind) || kind == CharClass::kBeyond;
    }
    return table;
}();

bool in_word(char c) noexcept {
    return kInWord[static_cast<unsigned char>(c)];
}

/// A sign behind one of these is an operator.
bool ends_operand(char c) noexcept {
    return in_word(c) || c == ')' || c == '?';
}

std::size_t word_size(std::string_view text) noexcept {
    std::size_t size = 0;
    while (size < text.size() && in_word(text[size]))
        ++size;
    return size;
}

}  // namespace

void Fingerprint::begin() noexcept {
    hash_ = 0;
    state_ = State::kCode;
    after_word_ = false;
    previous_ = 0;
    name_size_ = 0;
    size_ = 0;
}

/// The last bytes stay in the buffer: a value may take them back.
void Fingerprint::hash_block() noexcept {
    hash_ = XXH3_64bits_withSeed(buffer_.data(), kBlock, hash_);
    size_ = static_cast<std::uint16_t>(size_ - kBlock);
    std::memmove(buffer_.data(), buffer_.data() + kBlock, size_);
}

void Fingerprint::put(std::string_view text) noexcept {
    while (!text.empty()) {
        if (size_ == buffer_.size()) hash_block();
        const std::size_t part = std::min(text.size(), buffer_.size() - size_);
        std::memcpy(buffer_.data() + size_, text.data(), part);
        size_ = static_cast<std::uint16_t>(size_ + part);
        text.remove_prefix(part);
    }
}

/// The last byte but `count`; 0 where the text begins.
char Fingerprint::before(std::size_t count) const noexcept {
    return size_ > count ? buffer_[size_ - count - 1u] : '\0';
}

/// A value: the blank, the sign and the point before it are its own; behind a value and a comma it
/// is one more of the same list.
void Fingerprint::put_value() noexcept {
    if (before(0) == ' ') --size_;
    if (before(0) == '.' && !ends_operand(before(1))) --size_;
    if ((before(0) == '-' || before(0) == '+') && !ends_operand(before(1))) --size_;
    if (before(0) == ',' && before(1) == '?') {
        --size_;
    } else {
        put("?");
    }
}

void Fingerprint::add(std::string_view normalised) noexcept {
    while (!normalised.empty())
        normalised = step(normalised);
}

/// Takes a byte or more, or changes the state.
std::string_view Fingerprint::step(std::string_view text) noexcept {
    switch (state_) {
        case State::kCode:
            return code(text);
        case State::kNumber:
        case State::kNumberPoint:
            return number(text);
        case State::kLiteral: {
            const std::size_t size = find_either(text.data(), text.size(), '\'', '\'');
            if (size == text.size()) return {};
            state_ = State::kQuote;
            return text.substr(size + 1);
        }
        case State::kQuote:
            state_ = text[0] == '\'' ? State::kLiteral : State::kValueEnd;
            return text.substr(text[0] == '\'' ? 1 : 0);
        case State::kVariable:
        case State::kVariableEnd:
            return variable(text);
        case State::kValueEnd:
            // A blank stands between a number and a word, none between a literal and one.
            state_ = State::kCode;
            after_word_ = false;
            return text.substr(text[0] == ' ' ? 1 : 0);
    }
    return {};
}

/// All that is no value goes into the shape as it is.
std::string_view Fingerprint::code(std::string_view text) noexcept {
    const std::size_t size = find_value(text.data(), text.size(), after_word_);
    put(text.substr(0, size));
    if (size > 0) after_word_ = in_word(text[size - 1]);
    if (size == text.size()) return {};
    const char c = text[size];
    if (c == '@') {
        name_size_ = 0;
        state_ = State::kVariable;
        return text.substr(size);
    }
    put_value();
    previous_ = c;
    state_ = c == '\'' ? State::kLiteral : State::kNumber;
    return text.substr(size + 1);
}

std::string_view Fingerprint::number(std::string_view text) noexcept {
    const char c = text[0];
    if (state_ == State::kNumberPoint) {
        const bool digit = class_of(c) == CharClass::kDigit;
        state_ = digit ? State::kNumber : State::kValueEnd;
        if (!digit) put(".");
        return text;
    }
    const std::size_t size = word_size(text);
    if (size > 0) {
        previous_ = text[size - 1];
        return text.substr(size);
    }
    if (previous_ == 'e' && (c == '-' || c == '+')) {
        previous_ = c;
        return text.substr(1);
    }
    state_ = c == '.' ? State::kNumberPoint : State::kValueEnd;
    return text.substr(c == '.' ? 1 : 0);
}

/// @name: a value, unless '=' follows. @@name is none, nor what is longer than any name.
std::string_view Fingerprint::variable(std::string_view text) noexcept {
    if (state_ == State::kVariable) {
        const std::size_t size = std::min(word_size(text), kNameMax - name_size_);
        std::copy_n(text.begin(), size, name_.begin() + name_size_);
        name_size_ = static_cast<std::uint8_t>(name_size_ + size);
        text.remove_prefix(size);
        if (text.empty()) return text;
        state_ = State::kVariableEnd;
    }
    const bool global = name_size_ > 1 && name_[1] == '@';
    if (text[0] == '=' || global || in_word(text[0])) {
        put({name_.data(), name_size_});
        after_word_ = true;
        state_ = State::kCode;
    } else {
        put_value();
        state_ = State::kValueEnd;
    }
    return text;
}

std::uint64_t Fingerprint::end() noexcept {
    if (state_ == State::kNumberPoint) put(".");
    if (state_ == State::kVariable || state_ == State::kVariableEnd) variable(" ");
    if (size_ > kBlock) hash_block();
    return XXH3_64bits_withSeed(buffer_.data(), size_, hash_);
}

}  // namespace querytap::sql
