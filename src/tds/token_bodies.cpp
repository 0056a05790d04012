#include "token_bodies.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "text.h"

namespace querytap::tds {
namespace {

constexpr std::uint8_t kPromoteTransaction = 15;

/// LOGINACK's version in LOGIN7's order. Servers before 7.1 wrote the digits apart: 07 00, 07 01.
std::uint32_t acknowledged_version(std::uint32_t version) noexcept {
    if (version >> 16 == 0x0700) return 0x70000000;
    if (version >> 16 == 0x0701) return 0x71000000;
    return version;
}

BoundedText<16> hexadecimal(Bytes bytes) noexcept {
    constexpr std::string_view kDigits = "0123456789abcdef";
    BoundedText<16> text;
    for (const std::uint8_t byte : bytes) {
        const char pair[] = {kDigits[byte >> 4], kDigits[byte & 15]};
        text.append({pair, sizeof pair});
    }
    return text;
}

/// RoutingData: "server:port", and "/database" where there is one.
bool read_routing(Reader& reader, bool with_database, BoundedText<512>& text) noexcept {
    reader.skip(2);  // RoutingDataValueLength
    const std::uint8_t protocol = reader.u8();
    const std::uint16_t port = reader.u16le();
    const Narrowed<256> server(read_us_varchar(reader));
    const Narrowed<128> database(with_database ? read_us_varchar(reader) : Bytes{});
    if (!reader.ok() || protocol != 0) return false;
    char digits[5];
    const auto end = std::to_chars(digits, digits + sizeof digits, port).ptr;
    text.assign(server.view());
    text.append(":");
    text.append({digits, static_cast<std::size_t>(end - digits)});
    if (with_database) {
        text.append("/");
        text.append(database.view());
    }
    return true;
}

/// TABNAME of TDS 7.1 revision 1 and later: names in up to four parts, server to table.
bool is_names_in_parts(Bytes body, bool cut) noexcept {
    constexpr std::uint8_t kPartsMax = 4;
    Reader reader(body);
    while (reader.remaining() > 0) {
        const std::uint8_t parts = reader.u8();
        if (parts > kPartsMax) return false;
        for (std::uint8_t i = 0; i < parts; ++i)
            read_us_varchar(reader);
        if (!reader.ok()) return cut;
    }
    return true;
}

/// The same before: each name a US_VARCHAR.
bool is_names(Bytes body, bool cut) noexcept {
    Reader reader(body);
    while (reader.remaining() > 0) {
        read_us_varchar(reader);
        if (!reader.ok()) return cut;
    }
    return true;
}

}  // namespace

bool read_error(Bytes body, bool is_info, const MessageScope& scope) {
    Reader reader(body);
    ResultError error;
    error.is_info = is_info;
    error.number = reader.u32le();
    error.state = reader.u8();
    error.severity = reader.u8();
    const std::size_t characters = reader.u16le();
    if (!reader.ok()) return false;
    const Narrowed<2048> message(reader.bytes(std::min(2 * characters, reader.remaining())));
    const Narrowed<255> server(read_b_varchar(reader));
    const Narrowed<255> procedure(read_b_varchar(reader));
    error.message = message.view();
    error.server = server.view();
    error.procedure = procedure.view();
    // Four bytes, before 7.2 two (2.2.7.10); what is there says which.
    error.line = reader.remaining() >= 4 ? reader.u32le() : reader.u16le();
    scope.handler.on_error(scope.info, error);
    return true;
}

bool read_login_ack(Bytes body, const MessageScope& scope) {
    Reader reader(body);
    LoginAck ack;
    ack.interface = reader.u8();
    ack.tds_version = acknowledged_version(reader.u32be());
    const Narrowed<255> program(read_b_varchar(reader));
    // SQL Server counts two NULs into the name.
    ack.program = program.view().substr(0, program.view().find('\0'));
    ack.program_version = reader.u32be();
    if (!reader.ok()) return false;
    scope.facts.login_acknowledged = true;
    if (const Dialect dialect = dialect_of(ack.tds_version); dialect != Dialect::kUnknown) {
        scope.facts.dialect = dialect;
    }
    scope.handler.on_login_ack(scope.info, ack);
    return true;
}

bool read_env_change(Bytes body, const MessageScope& scope) {
    Reader reader(body);
    const auto kind = static_cast<EnvChange>(reader.u8());
    if (!reader.ok()) return false;
    BoundedText<512> value;
    BoundedText<512> old_value;
    switch (kind) {
        case EnvChange::kDatabase:
        case EnvChange::kLanguage:
        case EnvChange::kCharset:
        case EnvChange::kPacketSize: {
            const Narrowed<255> text(read_b_varchar(reader));
            const Narrowed<255> old_text(read_b_varchar(reader));
            value.assign(text.view());
            old_value.assign(old_text.view());
            break;
        }
        case EnvChange::kCollation: {
            const std::size_t size = reader.u8();
            value.assign(hexadecimal(reader.bytes(size)).view());
            const std::size_t old_size = reader.u8();
            old_value.assign(hexadecimal(reader.bytes(old_size)).view());
            break;
        }
        case EnvChange::kRouting:
        case EnvChange::kEnhancedRouting:
            if (!read_routing(reader, kind == EnvChange::kEnhancedRouting, value)) return false;
            break;
        default:
            return true;  // transactions and the like: nothing to tell
    }
    if (!reader.ok()) return false;
    scope.handler.on_env_change(scope.info, kind, value.view(), old_value.view());
    return true;
}

/// FEDAUTHINFO, 2.2.7.12: options of id, length and offset, the first of each id counts.
bool read_federation(Bytes body, std::size_t size, const MessageScope& scope) {
    enum : std::uint8_t { kStsUrl = 1, kSpn = 2 };
    const bool cut = body.size() < size;
    Reader reader(body);
    const std::uint32_t count = reader.u32le();
    std::array<Bytes, 2> texts;
    for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
        const std::uint8_t id = reader.u8();
        const std::uint32_t length = reader.u32le();
        const std::uint32_t offset = reader.u32le();
        if (!reader.ok()) break;
        if (offset > size || length > size - offset) return false;
        const Bytes text = Reader(body).at(offset, length);
        if ((id == kStsUrl || id == kSpn) && texts[id - 1].empty()) texts[id - 1] = text;
    }
    if (!reader.ok()) return cut;
    const Narrowed<512> url(texts[0]);
    const Narrowed<256> spn(texts[1]);
    if (url.view().empty() && spn.view().empty()) return true;
    scope.handler.on_federation(scope.info, {.sts_url = url.view(), .spn = spn.view()});
    return true;
}

bool is_table_names(Bytes body, std::size_t size, Dialect dialect) noexcept {
    const bool cut = body.size() < size;
    // Revisions of 7.1 are not told apart here.
    return is_names_in_parts(body, cut) || (dialect != Dialect::k72 && is_names(body, cut));
}

/// COLINFO, 2.2.7.3: ColNum, TableNum, Status, and a name where the column's is another.
bool is_column_info(Bytes body, std::size_t size) noexcept {
    constexpr std::uint8_t kDifferentName = 0x20;
    Reader reader(body);
    while (reader.remaining() > 0) {
        reader.skip(2);
        const std::uint8_t status = reader.u8();
        if (reader.ok() && (status & kDifferentName) != 0) read_b_varchar(reader);
        if (!reader.ok()) return body.size() < size;
    }
    return true;
}

bool promotes_transaction(Bytes body) noexcept {
    return body.size() == 1 && body[0] == kPromoteTransaction;
}

}  // namespace querytap::tds
