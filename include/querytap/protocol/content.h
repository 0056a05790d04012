// What a stream looks like that no recogniser knows: a shell in plain text, bytes without structure,
// or neither. Judged from the first kilobyte of each direction.
//
// Thread-safe: no state.
#pragma once

#include <cstdint>

#include <querytap/base/bytes.h>

namespace querytap::protocol {

enum class Content : std::uint8_t {
    kUndecided,    ///< too few bytes so far
    kShell,        ///< prompts or a shell's banner from one side, commands from the other
    kHighEntropy,  ///< as good as random: encrypted or compressed
    kText,
    kBinary,
};

inline constexpr std::size_t kContentBytes = 1024;  ///< of each direction; more is not looked at

/// The first bytes of both directions, in any order. Linear in their size.
Content judge_content(Bytes one, Bytes other) noexcept;

}  // namespace querytap::protocol
