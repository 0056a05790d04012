// The inside of tokens that have a length: ERROR, INFO, LOGINACK, ENVCHANGE, TABNAME, COLINFO,
// FEDAUTHINFO.
#pragma once

#include "facts.h"

namespace querytap::tds {

/// Of a token with a length this much is looked at; longer ones are error texts, and are cut.
inline constexpr std::size_t kTokenBodyMax = SessionPool::kBufferSize - 16;

/// Each calls its handler and returns true, or returns false when the body is not what its token
/// should have. A body may be cut behind its first kTokenBodyMax bytes: texts are shorter then.
bool read_error(Bytes body, bool is_info, const MessageScope& scope);
bool read_login_ack(Bytes body, const MessageScope& scope);
bool read_env_change(Bytes body, const MessageScope& scope);
/// `size`: of the whole body.
bool read_federation(Bytes body, std::size_t size, const MessageScope& scope);

/// Is it what its token should have? A body that is cut, up to where it is.
bool is_table_names(Bytes body, std::size_t size, Dialect dialect) noexcept;
bool is_column_info(Bytes body, std::size_t size) noexcept;

/// ENVCHANGE 15, the one whose length does not count its value (MS-TDS 2.2.7.9).
bool promotes_transaction(Bytes body) noexcept;

}  // namespace querytap::tds
