#include "tds_builder.h"

#include <algorithm>
#include <array>
#include <span>

namespace querytap::test {
namespace {

/// TYPE_INFO of NVARCHAR(4000) with the usual collation.
void nvarchar_type(ByteVector& out) {
    out.push_back(0xe7);
    le16(out, 8000);
    append(out, {0x09, 0x04, 0xd0, 0x00, 0x34});
}

void nvarchar_value(ByteVector& out, std::string_view text) {
    le16(out, text.size() * 2);
    append(out, utf16(text));
}

void nvarchar_parameter(ByteVector& out, std::string_view name, std::string_view text) {
    out.push_back(static_cast<std::uint8_t>(name.size()));
    append(out, utf16(name));
    out.push_back(0);  // by value
    nvarchar_type(out);
    nvarchar_value(out, text);
}

/// DoneRowCount has eight bytes since TDS 7.2, four before.
void done_token(ByteVector& out, std::size_t count, bool wide = true) {
    out.push_back(0xfd);
    le16(out, count > 0 ? 0x10 : 0);  // DONE_COUNT
    le16(out, 0xc1);
    if (wide) {
        le64(out, count);
    } else {
        le32(out, count);
    }
}

ByteVector prelogin_payload(std::uint8_t encryption) {
    ByteVector out{0x00, 0x00, 0x0b, 0x00, 0x06,  // VERSION at 11
                   0x01, 0x00, 0x11, 0x00, 0x01,  // ENCRYPTION at 17
                   0xff, 0x10, 0x00, 0x07, 0xd0, 0x00, 0x00};
    out.push_back(encryption);
    return out;
}

}  // namespace

void transaction_header(ByteVector& out) {
    le32(out, 22);
    le32(out, 18);
    le16(out, 2);
    le64(out, 0);
    le32(out, 1);
}

ByteVector utf16(std::string_view utf8) {
    ByteVector out;
    for (std::size_t at = 0; at < utf8.size();) {
        const auto lead = static_cast<unsigned char>(utf8[at]);
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        std::uint32_t code_point = size == 1 ? lead : lead & (0xffU >> (size + 1));
        for (std::size_t i = 1; i < size; ++i) {
            code_point = code_point << 6 | (static_cast<unsigned char>(utf8.at(at + i)) & 0x3fU);
        }
        at += size;
        if (code_point >= 0x10000) {
            le16(out, 0xd800 + ((code_point - 0x10000) >> 10));
            code_point = 0xdc00 + (code_point & 0x3ff);
        }
        le16(out, code_point);
    }
    return out;
}

ByteVector packets(std::uint8_t type, const ByteVector& payload, std::size_t packet_size) {
    ByteVector out;
    std::uint8_t id = 1;
    std::span<const std::uint8_t> rest = payload;
    do {
        const std::size_t size = std::min(rest.size(), packet_size - 8);
        const bool last = size == rest.size();
        const std::size_t length = size + 8;
        append(out, {type, static_cast<std::uint8_t>(last ? 1 : 0),
                     static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length), 0,
                     0, id++, 0});
        out.insert(out.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
        rest = rest.subspan(size);
    } while (!rest.empty());
    return out;
}

ByteVector prelogin(std::uint8_t encryption) {
    return packets(0x12, prelogin_payload(encryption));
}

ByteVector prelogin_answer(std::uint8_t encryption) {
    return packets(0x04, prelogin_payload(encryption));
}

ByteVector login7(const LoginFields& fields) {
    constexpr std::size_t kFixed = 94;
    // HostName, UserName, Password, AppName, ServerName, Extension, CltIntName, Language, Database
    const std::array<std::string_view, 9> texts{
        fields.host, fields.user,    "secret", fields.application, fields.server,
        "",          fields.library, "",       fields.database};
    ByteVector variable;
    ByteVector table;
    for (const std::string_view text : texts) {
        le16(table, kFixed + variable.size());
        le16(table, text.size());
        append(variable, utf16(text));
    }
    append(table, {1, 2, 3, 4, 5, 6});  // ClientID
    for (int i = 0; i < 3; ++i) {       // SSPI, AtchDBFile, ChangePassword
        le16(table, kFixed + variable.size());
        le16(table, 0);
    }
    le32(table, 0);  // SSPILong

    ByteVector out;
    le32(out, kFixed + variable.size());
    le32(out, fields.tds_version);
    le32(out, 4096);
    le32(out, 7);
    le32(out, 1234);
    le32(out, 0);
    append(out, {0xe0, 0x03, 0x00, 0x00});
    le32(out, 0);
    le32(out, 0x409);
    append(out, table);
    append(out, variable);
    return packets(0x10, out);
}

ByteVector login_answer(std::uint32_t tds_version) {
    ByteVector out;
    const ByteVector program = utf16("Microsoft SQL Server");
    out.push_back(0xad);
    le16(out, 1 + 4 + 1 + program.size() + 4);
    out.push_back(1);
    for (int shift = 24; shift >= 0; shift -= 8) {  // big-endian here, unlike in LOGIN7
        out.push_back(static_cast<std::uint8_t>(tds_version >> shift));
    }
    out.push_back(static_cast<std::uint8_t>(program.size() / 2));
    append(out, program);
    append(out, {16, 0, 7, 208});
    done_token(out, 0, tds_version >= 0x72000000);
    return packets(0x04, out);
}

ByteVector batch(std::string_view sql, bool with_headers, std::size_t packet_size) {
    ByteVector out;
    if (with_headers) transaction_header(out);
    append(out, utf16(sql));
    return packets(0x01, out, packet_size);
}

ByteVector execute_sql(std::string_view statement, std::string_view parameter) {
    ByteVector out;
    transaction_header(out);
    append(out, {0xff, 0xff, 10, 0, 0, 0});
    nvarchar_parameter(out, "", statement);
    nvarchar_parameter(out, "", "@p nvarchar(4000)");
    nvarchar_parameter(out, "@p", parameter);
    return packets(0x03, out);
}

ByteVector rows(const std::vector<std::string_view>& values) {
    ByteVector out{0x81, 1, 0};
    le32(out, 0);     // UserType
    le16(out, 0x08);  // Flags: updateable
    nvarchar_type(out);
    out.push_back(1);
    append(out, utf16("c"));
    for (const std::string_view value : values) {
        out.push_back(0xd1);
        nvarchar_value(out, value);
    }
    done_token(out, values.size());
    return packets(0x04, out);
}

ByteVector done(bool wide_count) {
    ByteVector out;
    done_token(out, 0, wide_count);
    return packets(0x04, out);
}

}  // namespace querytap::test
