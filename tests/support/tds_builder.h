// TDS messages for tests, as bytes: enough of MS-TDS to log in, ask and answer. Written apart from
// the parser, so that both have to be wrong in the same way for a test to miss it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "byte_writer.h"

namespace querytap::test {

/// UTF-16LE; three bytes of UTF-8 that stand for half a surrogate pair become that half.
ByteVector utf16(std::string_view utf8);

/// MS-TDS 2.2.5.3: ALL_HEADERS with a transaction descriptor, 22 bytes.
void transaction_header(ByteVector& out);

/// Cuts a payload into TDS packets of at most `packet_size` bytes, headers included.
ByteVector packets(std::uint8_t type, const ByteVector& payload, std::size_t packet_size = 4096);

ByteVector prelogin(std::uint8_t encryption = 2);
ByteVector prelogin_answer(std::uint8_t encryption = 2);

struct LoginFields {
    std::string_view host = "WS01";
    std::string_view user = "app";
    std::string_view application = "Billing";
    std::string_view server = "db01";
    std::string_view library = "ODBC";
    std::string_view database = "billing";
    std::uint32_t tds_version = 0x74000004;
};
ByteVector login7(const LoginFields& fields = {});
ByteVector login_answer(std::uint32_t tds_version = 0x74000004);

/// SQLBatch; ALL_HEADERS as TDS 7.2 and later want them.
ByteVector batch(std::string_view sql, bool all_headers = true, std::size_t packet_size = 4096);

/// sp_executesql by ProcID with an NVARCHAR statement and one NVARCHAR parameter @p.
ByteVector execute_sql(std::string_view statement, std::string_view parameter);

/// One NVARCHAR column "c", a row for each value, DONE with the count.
ByteVector rows(const std::vector<std::string_view>& values);

/// DONE without rows; before TDS 7.2 with the short count.
ByteVector done(bool wide_count = true);

}  // namespace querytap::test
