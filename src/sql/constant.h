// The value of a function whose arguments are constants.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "keywords.h"
#include "token_log.h"

namespace querytap::sql {

/// Text, or the digits of a binary value.
struct Constant {
    TokenLog::Kind kind = TokenLog::Kind::kLiteral;
    std::size_t size = 0;
};

/// Evaluates the call whose arguments are the records of `log` from `arguments` to its end (without
/// the closing parenthesis); kNone: plain parentheses. Nothing if it is not constant or does not
/// fit.
std::optional<Constant> evaluate(Keyword function, const TokenLog& log, std::size_t arguments,
                                 std::span<char> out) noexcept;

/// The bytes that the digits of a 0x literal stand for, read as text: as VARCHAR (a byte a
/// character) or NVARCHAR (UTF-16LE). Writes UTF-8; returns its size, cut to `out` on a character's
/// border.
std::size_t binary_as_text(std::string_view hex, bool national, std::span<char> out) noexcept;

}  // namespace querytap::sql
