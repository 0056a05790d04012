#include <algorithm>

#include <querytap/sql/base64_runs.h>

#include "chars.h"
#include "engine.h"
#include "kernels.h"

namespace querytap::sql {
namespace {

constexpr auto kValues = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}();

std::int8_t value_of(char c) noexcept {
    return kValues[static_cast<unsigned char>(c)];
}

bool is_readable(std::uint8_t byte) noexcept {
    return (byte >= 0x20 && byte < 0x7f) || byte == '\t' || byte == '\r' || byte == '\n';
}

}  // namespace

void Base64Runs::feed(std::string_view text, Output& out) {
    while (!text.empty()) {
        switch (phase_) {
            case Phase::kOutside:
                text = outside(text, out);
                break;
            case Phase::kUnread:
                read_held();
                break;
            case Phase::kHolding:
                text = holding(text, out);
                break;
            case Phase::kNarrow:
            case Phase::kWide:
                text = emitting(text, out);
                break;
            case Phase::kRejected:
                text = text.substr(find_non_base64(text.data(), text.size()));
                if (!text.empty()) finish(out);
                break;
        }
    }
}

void Base64Runs::hold(std::string_view text) noexcept {
    std::copy(text.begin(), text.end(), held_.begin());
    held_size_ = static_cast<std::uint8_t>(text.size());
    phase_ = Phase::kUnread;
}

/// More comes behind what is held: only its end matters now.
void Base64Runs::read_held() noexcept {
    std::size_t begin = held_size_;
    while (begin > 0 && value_of(held_[begin - 1]) >= 0)
        --begin;
    std::copy(held_.begin() + static_cast<std::ptrdiff_t>(begin), held_.begin() + held_size_,
              held_.begin());
    held_size_ = static_cast<std::uint8_t>(held_size_ - begin);
    phase_ = held_size_ > 0 ? Phase::kHolding : Phase::kOutside;
}

/// Finds where a run begins that is long enough. `text` begins at a border. Looks at the end of
/// each possible run first: most words are much shorter.
std::string_view Base64Runs::outside(std::string_view text, Output& out) {
    while (text.size() >= kRunMin) {
        std::size_t at = kRunMin;
        while (at > 0 && value_of(text[at - 1]) >= 0)
            --at;
        if (at == 0) {
            judge(text.substr(0, kRunMin), out);
            return text.substr(kRunMin);
        }
        text.remove_prefix(at);
    }
    hold(text);
    return {};
}

std::string_view Base64Runs::holding(std::string_view text, Output& out) {
    while (!text.empty() && held_size_ < kRunMin) {
        if (value_of(text[0]) < 0) {
            phase_ = Phase::kOutside;
            return text;
        }
        held_[held_size_++] = text[0];
        text.remove_prefix(1);
    }
    if (held_size_ == kRunMin) judge({held_.data(), kRunMin}, out);
    return text;
}

/// Adds a character's six bits; true when a byte is complete in bits_ above bit_count_.
bool Base64Runs::take(char c) noexcept {
    bits_ = bits_ << 6 | static_cast<std::uint8_t>(value_of(c));
    bit_count_ = static_cast<std::uint8_t>(bit_count_ + 6);
    if (bit_count_ < 8) return false;
    bit_count_ = static_cast<std::uint8_t>(bit_count_ - 8);
    return true;
}

/// Is this text? What is none mostly shows it in its first bytes.
void Base64Runs::judge(std::string_view head, Output& out) {
    std::array<std::uint8_t, kRunMin / 4 * 3> bytes;
    std::size_t size = 0;
    bit_count_ = 0;
    bool narrow = true;
    bool wide = true;
    for (const char c : head) {
        if (!take(c)) continue;
        const auto byte = static_cast<std::uint8_t>(bits_ >> bit_count_);
        const bool readable = is_readable(byte);
        narrow = narrow && readable;
        wide = wide && (size % 2 == 0 ? readable : byte == 0);
        if (!narrow && !wide) {
            phase_ = Phase::kRejected;
            return;
        }
        bytes[size++] = byte;
    }
    phase_ = narrow ? Phase::kNarrow : Phase::kWide;
    odd_ = false;
    for (const std::uint8_t byte : bytes)
        emit(byte, out);
}

/// False: that is no text.
bool Base64Runs::emit(std::uint8_t byte, Output& out) {
    if (phase_ == Phase::kNarrow) {
        if (!is_readable(byte) && byte < 0x80) return false;
        out.decoded({reinterpret_cast<const char*>(&byte), 1});
        return true;
    }
    odd_ = !odd_;
    if (odd_) {
        low_ = byte;
        return true;
    }
    const std::uint32_t unit = low_ | static_cast<std::uint32_t>(byte) << 8;
    if (unit < 0x80 && !is_readable(low_)) return false;
    std::array<char, 4> utf8;
    out.decoded({utf8.data(), put_utf8(utf8.data(), unit)});
    return true;
}

std::string_view Base64Runs::emitting(std::string_view text, Output& out) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\r' || c == '\n') continue;  // MIME breaks lines
        if (value_of(c) < 0) {
            finish(out);
            return text.substr(at);
        }
        if (take(c) && !emit(static_cast<std::uint8_t>(bits_ >> bit_count_), out)) {
            out.decoded("\n");
            phase_ = Phase::kRejected;
            return text.substr(at + 1);
        }
    }
    return {};
}

/// A run ends.
void Base64Runs::finish(Output& out) {
    if (phase_ == Phase::kNarrow || phase_ == Phase::kWide) out.decoded("\n");
    phase_ = Phase::kOutside;
}

void Base64Runs::end(Output& out) {
    finish(out);
}

void Base64Runs::feed(std::string_view text, Scratch& scratch, Views& views) {
    Output& out = scratch.impl().output;
    out.begin(views, kMainView);
    feed(text, out);
    out.flush();
}

void Base64Runs::end(Scratch& scratch, Views& views) {
    Output& out = scratch.impl().output;
    out.begin(views, kMainView);
    end(out);
    out.flush();
}

}  // namespace querytap::sql
