// Bytes of TDS for tests, written field by field as the specification lists them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include <querytap/base/bytes.h>

namespace querytap::tds::test {

class Wire {
  public:
    std::vector<std::uint8_t> bytes;

    Wire& u8(std::uint64_t value) { return put(value, 1); }
    Wire& u16(std::uint64_t value) { return put(value, 2); }
    Wire& u32(std::uint64_t value) { return put(value, 4); }
    Wire& u64(std::uint64_t value) { return put(value, 8); }
    Wire& u16be(std::uint64_t value) { return u8(value >> 8 & 0xff).u8(value & 0xff); }
    Wire& zeros(std::size_t count) {
        bytes.resize(bytes.size() + count);
        return *this;
    }
    Wire& fill(std::size_t count, std::uint8_t byte) {
        bytes.resize(bytes.size() + count, byte);
        return *this;
    }
    Wire& raw(std::string_view text) {
        for (const char c : text)
            u8(static_cast<std::uint8_t>(c));
        return *this;
    }
    Wire& add(const Wire& other) {
        bytes.insert(bytes.end(), other.bytes.begin(), other.bytes.end());
        return *this;
    }
    /// UTF-16LE of ASCII, without a length.
    Wire& wide(std::string_view text) {
        for (const char c : text)
            u8(static_cast<std::uint8_t>(c)).u8(0);
        return *this;
    }
    Wire& b_varchar(std::string_view text) { return u8(text.size()).wide(text); }
    Wire& us_varchar(std::string_view text) { return u16(text.size()).wide(text); }

    /// ALL_HEADERS with a transaction descriptor.
    Wire& headers() { return u32(22).u32(18).u16(2).u64(0).u32(1); }

    /// TYPE_INFO of NVARCHAR(4000) and its value.
    Wire& nvarchar_type(std::uint16_t size = 8000) {
        return u8(0xe7).u16(size).raw(std::string_view("\x09\x04\xd0\x00\x34", 5));
    }
    Wire& nvarchar(std::string_view text) { return u16(2 * text.size()).wide(text); }
    Wire& varchar_type(std::uint16_t size = 8000) {
        return u8(0xa7).u16(size).raw(std::string_view("\x09\x04\xd0\x00\x34", 5));
    }

    /// DONE of TDS 7.2.
    Wire& done(std::uint16_t status = 0, std::uint64_t rows = 0, std::uint8_t token = 0xfd) {
        return u8(token).u16(status).u16(0xc1).u64(rows);
    }
    /// A column of COLMETADATA, 7.2, up to TYPE_INFO; the name comes after it.
    Wire& column(std::uint16_t flags = 9) { return u32(0).u16(flags); }

  private:
    Wire& put(std::uint64_t value, int size) {
        for (int i = 0; i < size; ++i)
            bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        return *this;
    }
};

/// A message as TDS packets of at most `packet_size` bytes, headers included.
inline Wire packets(std::uint8_t type, const Wire& payload, std::size_t packet_size = 4096,
                    std::uint8_t last_status = 1) {
    Wire out;
    const auto& body = payload.bytes;
    std::size_t at = 0;
    std::uint8_t id = 1;
    do {
        const std::size_t size = std::min(body.size() - at, packet_size - 8);
        const bool last = at + size == body.size();
        out.u8(type).u8(last ? last_status : 0).u16be(size + 8).u16be(0).u8(id++).u8(0);
        out.bytes.insert(out.bytes.end(), body.begin() + static_cast<std::ptrdiff_t>(at),
                         body.begin() + static_cast<std::ptrdiff_t>(at + size));
        at += size;
    } while (at < body.size());
    return out;
}

inline Wire batch(std::string_view sql) {
    return packets(1, Wire().headers().wide(sql));
}

/// PRELOGIN: VERSION, ENCRYPTION, and whatever `more` adds before the terminator.
inline Wire prelogin_body(std::uint8_t encryption) {
    return Wire()
        .u8(0)
        .u16be(11)
        .u16be(6)
        .u8(1)
        .u16be(17)
        .u16be(1)
        .u8(0xff)
        .raw(std::string_view("\x10\x00\x07\xd0\x00\x00", 6))
        .u8(encryption);
}

struct LoginText {
    std::uint32_t version = 0x74000004;
    std::string_view user = "sa";
    std::string_view password = "secret";
    std::string_view application = "app";
    std::string_view database = "master";
};

/// LOGIN7 of TDS 7.2 and later, without extensions. The password is put in the clear: nobody may
/// look whether it is obfuscated.
inline Wire login_body(const LoginText& text = {}) {
    Wire data;
    Wire fields;
    std::size_t at = 94;
    const auto field = [&](std::string_view value) {
        fields.u16(at).u16(value.size());
        data.wide(value);
        at += 2 * value.size();
    };
    field("WS01");
    field(text.user);
    field(text.password);
    field(text.application);
    field("db01");
    fields.u16(0).u16(0);
    field("ODBC");
    field("");
    field(text.database);
    fields.raw("\x01\x02\x03\x04\x05\x06").u16(at).u16(0).u16(at).u16(0).u16(at).u16(0).u32(0);
    Wire out;
    out.u32(94 + data.bytes.size()).u32(text.version).u32(4096).u32(0x07000000).u32(4242).u32(0);
    out.u8(0xe0).u8(3).u8(0).u8(0).u32(0).u32(0x0409);
    return out.add(fields).add(data);
}

inline Wire login_answer(std::uint32_t version = 0x74000004) {
    const std::string_view program = "Microsoft SQL Server";
    Wire body;
    body.u8(1);
    for (int shift = 24; shift >= 0; shift -= 8)
        body.u8(version >> shift & 0xff);
    body.b_varchar(program).u32(0x0000000b);
    return packets(4, Wire().u8(0xad).u16(body.bytes.size()).add(body).done());
}

}  // namespace querytap::tds::test
