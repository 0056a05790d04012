#include <algorithm>
#include <cstring>

#include <querytap/base/utf16.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/base/utf16.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace querytap {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR
/// One vector of units at `in`; returns the place of the first that is not ASCII, or -1.
template <typename Wide>
std::intptr_t narrow_vector(Wide wide, const std::uint8_t* in, std::uint8_t* out) {
    const hn::Repartition<std::uint8_t, Wide> wide_bytes;
    const hn::Rebind<std::uint8_t, Wide> narrow;
    // Units are little-endian on the wire and on every target that DPDK and Hyperscan serve.
    const auto text = hn::BitCast(wide, hn::LoadU(wide_bytes, in));
    hn::StoreU(hn::DemoteTo(narrow, hn::BitCast(hn::RebindToSigned<Wide>(), text)), narrow, out);
    return hn::FindFirstTrue(wide, hn::Gt(text, hn::Set(wide, std::uint16_t{0x7f})));
}
#endif

/// Narrows units up to the first that is not ASCII; returns how many. May write, beyond what it
/// returns, up to the place of the last of `units`: the caller's bound covers it.
std::size_t narrow_ascii_run(const std::uint8_t* in, std::size_t units, char* out) {
    auto* const bytes_out = reinterpret_cast<std::uint8_t*>(out);
    std::size_t done = 0;
#if HWY_TARGET != HWY_SCALAR  // one lane: the loop below is that already
    const hn::ScalableTag<std::uint16_t> wide;
    for (const std::size_t lanes = hn::Lanes(wide); done + lanes <= units; done += lanes) {
        const std::intptr_t first = narrow_vector(wide, in + 2 * done, bytes_out + done);
        if (first >= 0) return done + static_cast<std::size_t>(first);
    }
    // Most values are short: eight at a time, the last eight again rather than one by one.
    constexpr std::size_t kFew = 8;
    const hn::CappedTag<std::uint16_t, kFew> few;
    while (units >= kFew && done < units) {
        const std::size_t at = std::min(done, units - kFew);
        const std::intptr_t first = narrow_vector(few, in + 2 * at, bytes_out + at);
        if (first >= 0) return at + static_cast<std::size_t>(first);
        done = at + kFew;
    }
#endif
    for (; done < units; ++done) {
        if (in[2 * done + 1] != 0 || in[2 * done] > 0x7f) break;
        bytes_out[done] = in[2 * done];
    }
    return done;
}

}  // namespace HWY_NAMESPACE
}  // namespace querytap
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace querytap {

HWY_EXPORT(narrow_ascii_run);

namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

char* put(char* out, std::uint32_t code_point) noexcept {
    const auto continuation = [code_point](unsigned shift) {
        return static_cast<char>(0x80 | ((code_point >> shift) & 0x3f));
    };
    if (code_point < 0x80) {
        *out++ = static_cast<char>(code_point);
    } else if (code_point < 0x800) {
        *out++ = static_cast<char>(0xc0 | (code_point >> 6));
        *out++ = continuation(0);
    } else if (code_point < 0x10000) {
        *out++ = static_cast<char>(0xe0 | (code_point >> 12));
        *out++ = continuation(6);
        *out++ = continuation(0);
    } else {
        *out++ = static_cast<char>(0xf0 | (code_point >> 18));
        *out++ = continuation(12);
        *out++ = continuation(6);
        *out++ = continuation(0);
    }
    return out;
}

constexpr bool is_high(std::uint16_t unit) noexcept {
    return (unit & 0xfc00) == 0xd800;
}

constexpr bool is_low(std::uint16_t unit) noexcept {
    return (unit & 0xfc00) == 0xdc00;
}

/// One unit of any kind, with the high surrogate that may wait before it.
char* put_unit(char* out, std::uint16_t unit, NarrowState& state) noexcept {
    if (state.high_surrogate != 0) {
        const std::uint32_t high = state.high_surrogate;
        state.high_surrogate = 0;
        if (is_low(unit)) return put(out, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00u));
        out = put(out, kReplacement);
    }
    if (is_high(unit)) {
        state.high_surrogate = unit;
        return out;
    }
    return put(out, is_low(unit) ? kReplacement : unit);
}

constexpr std::uint16_t unit_of(std::uint8_t low, std::uint8_t high) noexcept {
    return static_cast<std::uint16_t>(low | high << 8);
}

}  // namespace

std::size_t narrow(Bytes in, char* out, NarrowState& state) noexcept {
    if (!state.has_odd_byte && state.high_surrogate == 0 && narrow_short(in, out))
        return in.size() / 2;

    char* const begin = out;
    if (state.has_odd_byte && !in.empty()) {
        out = put_unit(out, unit_of(state.odd_byte, in[0]), state);
        state.has_odd_byte = false;
        in = in.subspan(1);
    }
    const std::size_t units = in.size() / 2;
    for (std::size_t at = 0; at < units;) {
        const std::uint8_t* const place = in.data() + 2 * at;
        const std::uint16_t unit = unit_of(place[0], place[1]);
        if (unit < 0x80 && state.high_surrogate == 0) {
            const std::size_t run = HWY_DYNAMIC_DISPATCH(narrow_ascii_run)(place, units - at, out);
            out += run;
            at += run;
        } else {
            out = put_unit(out, unit, state);
            ++at;
        }
    }
    if (in.size() % 2 != 0) {
        state.odd_byte = in.back();
        state.has_odd_byte = true;
    }
    return static_cast<std::size_t>(out - begin);
}

std::size_t narrow_end(char* out, NarrowState& state) noexcept {
    char* const begin = out;
    if (state.high_surrogate != 0) out = put(out, kReplacement);
    if (state.has_odd_byte) out = put(out, kReplacement);
    state = {};
    return static_cast<std::size_t>(out - begin);
}

std::size_t narrow_text(Bytes utf16le, char* out, std::size_t out_max) noexcept {
    if (utf16le.size() / 2 <= out_max && narrow_short(utf16le, out)) return utf16le.size() / 2;
    NarrowState state;
    std::size_t size = 0;
    char character[6];
    const auto append = [&](std::size_t length) {
        if (length > out_max - size) return false;
        std::memcpy(out + size, character, length);
        size += length;
        return true;
    };
    for (std::size_t at = 0; at + 1 < utf16le.size(); at += 2) {
        const std::uint16_t unit = unit_of(utf16le[at], utf16le[at + 1]);
        if (!append(static_cast<std::size_t>(put_unit(character, unit, state) - character)))
            return size;
    }
    if (utf16le.size() % 2 != 0) {
        state.odd_byte = utf16le.back();
        state.has_odd_byte = true;
    }
    append(narrow_end(character, state));
    return size;
}

}  // namespace querytap
#endif  // HWY_ONCE
