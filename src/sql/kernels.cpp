#include "kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/sql/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace querytap::sql {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<std::uint8_t>;

void copy_upper_vectors(const char* in, std::size_t size, char* out) {
    const Tag tag;
    const std::size_t lanes = hn::Lanes(tag);
    const auto* const from = reinterpret_cast<const std::uint8_t*>(in);
    auto* const to = reinterpret_cast<std::uint8_t*>(out);
    std::size_t done = 0;
    for (; done + lanes <= size; done += lanes) {
        const auto text = hn::LoadU(tag, from + done);
        const auto is_lower =
            hn::Lt(hn::Sub(text, hn::Set(tag, std::uint8_t{'a'})), hn::Set(tag, std::uint8_t{26}));
        hn::StoreU(hn::Sub(text, hn::IfThenElseZero(is_lower, hn::Set(tag, std::uint8_t{32}))), tag,
                   to + done);
    }
    for (; done < size; ++done) {
        const std::uint8_t c = from[done];
        to[done] = c >= 'a' && c <= 'z' ? static_cast<std::uint8_t>(c - 32) : c;
    }
}

std::size_t find_either_vectors(const char* in, std::size_t size, char a, char b) {
    const Tag tag;
    const std::size_t lanes = hn::Lanes(tag);
    const auto* const from = reinterpret_cast<const std::uint8_t*>(in);
    const auto first = hn::Set(tag, static_cast<std::uint8_t>(a));
    const auto second = hn::Set(tag, static_cast<std::uint8_t>(b));
    std::size_t done = 0;
    for (; done + lanes <= size; done += lanes) {
        const auto text = hn::LoadU(tag, from + done);
        const std::intptr_t found =
            hn::FindFirstTrue(tag, hn::Or(hn::Eq(text, first), hn::Eq(text, second)));
        if (found >= 0) return done + static_cast<std::size_t>(found);
    }
    while (done < size && in[done] != a && in[done] != b)
        ++done;
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

HWY_EXPORT(copy_upper_vectors);
HWY_EXPORT(find_either_vectors);
HWY_EXPORT(copy_ascii_run);

void copy_upper(const char* in, std::size_t size, char* out) noexcept {
    HWY_DYNAMIC_DISPATCH(copy_upper_vectors)(in, size, out);
}

std::size_t find_either(const char* in, std::size_t size, char a, char b) noexcept {
    return HWY_DYNAMIC_DISPATCH(find_either_vectors)(in, size, a, b);
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
