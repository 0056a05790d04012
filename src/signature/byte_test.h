// byte_test as an expression: a comparison of a number of n bytes is a choice among classes of
// bytes, so that Hyperscan does it in the same pass as the contents around it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace querytap::signature {

struct ByteTest {
    enum class Operator : std::uint8_t {
        kLess,
        kLessOrEqual,
        kEqual,
        kGreater,
        kGreaterOrEqual,
        kAnd
    };
    std::uint32_t bytes = 1;  ///< 1 to 8
    Operator compare{};
    bool negated = false;
    std::uint64_t value = 0;
    std::uint32_t offset = 0;
    bool little_endian = false;
};

/// "(?:...)" over exactly `bytes` bytes, for dots that match all; nothing when no number passes.
std::optional<std::string> byte_test_expression(const ByteTest& test);

}  // namespace querytap::signature
