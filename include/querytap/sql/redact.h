// SQL text without what must not leave the process: passwords always, all literals on request.
//
// Works on the bounded text that a record shows, and keeps its spelling, which the normalised view
// does not. For the control thread: allocates.
//
// Secrets are
//   the literal behind PASSWORD, OLD_PASSWORD, SECRET and their like (CREATE and ALTER LOGIN, USER,
//     APPLICATION ROLE, CREDENTIAL, ENCRYPTION BY PASSWORD) and behind a column, variable or
//     argument of such a name (@rmtpassword = '...');
//   the arguments that are passwords of sp_addlogin, sp_password, sp_setapprole,
//     sp_addlinkedsrvlogin, EncryptByPassPhrase and others, by their place;
//   in OPENROWSET and OPENDATASOURCE the third of 'source';'user';'password';
//   pwd=...; and password=...; inside a literal: connection strings;
//   all of these again in the SQL that stands in a literal, three levels deep.
// An application's INSERT of a password by place is a literal like any other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace querytap::sql {

enum class Hide : std::uint8_t {
    kSecrets,   ///< secrets become '***'
    kLiterals,  ///< literals, numbers and comments become ?
};

/// A text from its beginning, in UTF-8; its end may be cut off.
std::string redact(std::string_view text, Hide hide);

/// What stands in a literal, or the end of it.
std::string redact_literal(std::string_view content, Hide hide);

/// Parameters of a call as its record shows them: @name='text', 0x0102, 7.
std::string redact_parameters(std::string_view procedure, std::string_view parameters, Hide hide);

/// The end of a raw text: what stands before its first quote may be the rest of a literal, and goes.
std::string redact_end(std::string_view text, Hide hide);

/// The end of a normalised text. Where it begins, in code or in a literal, is told by the case of
/// its letters (normaliser.h); a literal whose beginning is missing is hidden, unless it is all
/// that is there and only secrets are to go.
std::string redact_normalised_end(std::string_view normalised, Hide hide);

}  // namespace querytap::sql
