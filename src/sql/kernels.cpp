#include "kernels.h"

#include <algorithm>

#include "chars.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/sql/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace querytap::sql {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<std::uint8_t>;
// Most literals are shorter than the widest vectors.
using ShortTag = hn::CappedTag<std::uint8_t, 16>;

/// The part of copy_upper_to_quote that fits whole vectors, from `done` on. True: found the quote.
template <typename D>
HWY_INLINE bool copy_upper_vectors(D tag, const char* in, std::size_t size, char* out,
                                   std::size_t& done) {
    const std::size_t lanes = hn::Lanes(tag);
    for (; done + lanes <= size; done += lanes) {
        const auto text = hn::LoadU(tag, reinterpret_cast<const std::uint8_t*>(in) + done);
        const auto is_lower =
            hn::Lt(hn::Sub(text, hn::Set(tag, std::uint8_t{'a'})), hn::Set(tag, std::uint8_t{26}));
        hn::StoreU(hn::Sub(text, hn::IfThenElseZero(is_lower, hn::Set(tag, std::uint8_t{32}))), tag,
                   reinterpret_cast<std::uint8_t*>(out) + done);
        const std::intptr_t found =
            hn::FindFirstTrue(tag, hn::Eq(text, hn::Set(tag, std::uint8_t{'\''})));
        if (found >= 0) {
            done += static_cast<std::size_t>(found);
            return true;
        }
    }
    return false;
}

std::size_t copy_upper(const char* in, std::size_t size, char* out) {
    std::size_t done = 0;
    if (copy_upper_vectors(Tag(), in, size, out, done)) return done;
    if (copy_upper_vectors(ShortTag(), in, size, out, done)) return done;
    for (; done < size && in[done] != '\''; ++done)
        out[done] = upper(in[done]);
    return done;
}

template <typename D>
HWY_INLINE bool find_either_vectors(D tag, const char* in, std::size_t size, char a, char b,
                                    std::size_t& done) {
    const std::size_t lanes = hn::Lanes(tag);
    const auto first = hn::Set(tag, static_cast<std::uint8_t>(a));
    const auto second = hn::Set(tag, static_cast<std::uint8_t>(b));
    for (; done + lanes <= size; done += lanes) {
        const auto text = hn::LoadU(tag, reinterpret_cast<const std::uint8_t*>(in) + done);
        const std::intptr_t found =
            hn::FindFirstTrue(tag, hn::Or(hn::Eq(text, first), hn::Eq(text, second)));
        if (found >= 0) {
            done += static_cast<std::size_t>(found);
            return true;
        }
    }
    return false;
}

std::size_t find(const char* in, std::size_t size, char a, char b) {
    std::size_t done = 0;
    // Short first: what is looked for is usually near.
    if (find_either_vectors(ShortTag(), in, std::min(size, std::size_t{32}), a, b, done))
        return done;
    if (find_either_vectors(Tag(), in, size, a, b, done)) return done;
    if (find_either_vectors(ShortTag(), in, size, a, b, done)) return done;
    while (done < size && in[done] != a && in[done] != b)
        ++done;
    return done;
}

std::size_t base64_run(const char* in, std::size_t size) {
    const Tag tag;
    const std::size_t lanes = hn::Lanes(tag);
    const auto below = [&](auto text, char first, std::uint8_t count) {
        return hn::Lt(hn::Sub(text, hn::Set(tag, static_cast<std::uint8_t>(first))),
                      hn::Set(tag, count));
    };
    std::size_t done = 0;
    for (; done + lanes <= size; done += lanes) {
        const auto text = hn::LoadU(tag, reinterpret_cast<const std::uint8_t*>(in) + done);
        const auto letter = below(hn::Or(text, hn::Set(tag, std::uint8_t{0x20})), 'a', 26);
        const auto digit = below(text, '/', 11);  // '/' stands before '0'
        const auto plus = hn::Eq(text, hn::Set(tag, std::uint8_t{'+'}));
        const auto outside = hn::Not(hn::Or(letter, hn::Or(digit, plus)));
        const std::intptr_t found = hn::FindFirstTrue(tag, outside);
        if (found >= 0) return done + static_cast<std::size_t>(found);
    }
    for (; done < size; ++done) {
        const char c = lower(in[done]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '/' && c <= '9') && c != '+') break;
    }
    return done;
}

/// `in[-1]` may be read.
template <typename D>
HWY_INLINE bool find_value_vectors(D tag, const char* in, std::size_t size, std::size_t& done) {
    const std::size_t lanes = hn::Lanes(tag);
    const auto set = [&](char c) { return hn::Set(tag, static_cast<std::uint8_t>(c)); };
    const auto below = [&](auto text, char first, char count) {
        return hn::Lt(hn::Sub(text, set(first)), set(count));
    };
    for (; done + lanes <= size; done += lanes) {
        const auto* const at = reinterpret_cast<const std::uint8_t*>(in) + done;
        const auto text = hn::LoadU(tag, at);
        const auto before = hn::LoadU(tag, at - 1);
        const auto letter = below(hn::Or(before, set(0x20)), 'a', 26);
        const auto digit = below(before, '0', 10);
        const auto sign = hn::Or(below(before, '#', 2),  // # $
                                 hn::Or(hn::Eq(before, set('_')), hn::Eq(before, set('@'))));
        const auto beyond = hn::Gt(before, set(0x7f));
        const auto in_word = hn::Or(hn::Or(letter, digit), hn::Or(sign, beyond));
        const auto starts =
            hn::Or(below(text, '0', 10), hn::Or(hn::Eq(text, set('@')), hn::Eq(text, set('$'))));
        const auto value = hn::Or(hn::AndNot(in_word, starts), hn::Eq(text, set('\'')));
        const std::intptr_t found = hn::FindFirstTrue(tag, value);
        if (found >= 0) {
            done += static_cast<std::size_t>(found);
            return true;
        }
    }
    return false;
}

std::size_t value_start(const char* in, std::size_t size, bool after_word) {
    const auto is_value = [](char c, bool in_word) {
        const bool starts = (c >= '0' && c <= '9') || c == '@' || c == '$';
        return c == '\'' || (starts && !in_word);
    };
    if (size == 0 || is_value(in[0], after_word)) return 0;
    std::size_t done = 1;
    if (find_value_vectors(ShortTag(), in, std::min(size, std::size_t{17}), done)) return done;
    if (find_value_vectors(Tag(), in, size, done)) return done;
    if (find_value_vectors(ShortTag(), in, size, done)) return done;
    for (; done < size; ++done) {
        const CharClass before = class_of(in[done - 1]);
        const bool in_word = continues_word(before) || before == CharClass::kBeyond;
        if (is_value(in[done], in_word)) break;
    }
    return done;
}

/// Copies up to the first byte that is not ASCII; returns how many.
std::size_t copy_ascii_run(const std::uint8_t* in, std::size_t size, char* out) {
    const Tag tag;
    const std::size_t lanes = hn::Lanes(tag);
    auto* const to = reinterpret_cast<std::uint8_t*>(out);
    std::size_t done = 0;
    for (; done + lanes <= size; done += lanes) {
        const auto text = hn::LoadU(tag, in + done);
        hn::StoreU(text, tag, to + done);
        const std::intptr_t found =
            hn::FindFirstTrue(tag, hn::Gt(text, hn::Set(tag, std::uint8_t{0x7f})));
        if (found >= 0) return done + static_cast<std::size_t>(found);
    }
    for (; done < size && in[done] < 0x80; ++done)
        to[done] = in[done];
    return done;
}

}  // namespace HWY_NAMESPACE
}  // namespace querytap::sql
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace querytap::sql {

HWY_EXPORT(copy_upper);
HWY_EXPORT(find);
HWY_EXPORT(base64_run);
HWY_EXPORT(value_start);
HWY_EXPORT(copy_ascii_run);

std::size_t copy_upper_to_quote(const char* in, std::size_t size, char* out) noexcept {
    return HWY_DYNAMIC_DISPATCH(copy_upper)(in, size, out);
}

std::size_t find_either(const char* in, std::size_t size, char a, char b) noexcept {
    return HWY_DYNAMIC_DISPATCH(find)(in, size, a, b);
}

std::size_t find_non_base64(const char* in, std::size_t size) noexcept {
    return HWY_DYNAMIC_DISPATCH(base64_run)(in, size);
}

std::size_t find_value(const char* in, std::size_t size, bool after_word) noexcept {
    return HWY_DYNAMIC_DISPATCH(value_start)(in, size, after_word);
}

std::size_t widen_latin1(const std::uint8_t* in, std::size_t size, char* out) noexcept {
    char* const begin = out;
    for (std::size_t at = 0; at < size;) {
        if (in[at] < 0x80) {
            const std::size_t run = HWY_DYNAMIC_DISPATCH(copy_ascii_run)(in + at, size - at, out);
            out += run;
            at += run;
        } else {
            *out++ = static_cast<char>(0xc0 | (in[at] >> 6));
            *out++ = static_cast<char>(0x80 | (in[at] & 0x3f));
            ++at;
        }
    }
    return static_cast<std::size_t>(out - begin);
}

}  // namespace querytap::sql
#endif  // HWY_ONCE
