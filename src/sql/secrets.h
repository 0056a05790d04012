// Where T-SQL takes passwords.
#pragma once

#include <cstdint>
#include <string_view>

namespace querytap::sql {

/// A word behind which a password stands: a keyword, a column, a @variable.
bool names_secret(std::string_view word) noexcept;

/// False: nothing in the text can make any of it secret. Nearly all texts are such.
bool may_hold_secret(std::string_view text) noexcept;

/// What of a call is secret.
struct SecretArguments {
    std::uint8_t places = 0;  ///< bit n: argument n, from 0
    bool rowset = false;      ///< the third of 'source';'user';'password'
    explicit operator bool() const noexcept { return places != 0 || rowset; }
};

/// Of a procedure or function, in any case.
SecretArguments secret_arguments(std::string_view name) noexcept;

}  // namespace querytap::sql
