// Neighbours of SQL Server in a data centre, and what tunnels like to speak: databases of other
// makers, remote administration, proxies.
#include <algorithm>

#include <querytap/base/reader.h>

#include "match.h"

namespace querytap::protocol {
namespace {

/// The larger answer of two: yes, then maybe.
Match either(Match a, Match b) noexcept {
    return std::max(a, b);
}

bool is_digit(std::uint8_t byte) noexcept {
    return byte >= '0' && byte <= '9';
}

/// Redis serialisation protocol: '*', the number of words, CR LF, '$' and the size of the first.
Match match_redis_request(Bytes first) noexcept {
    constexpr std::size_t kDigitsMax = 7;  // the server takes at most 1,048,576 words
    if (first[0] != '*') return Match::kNo;
    std::size_t i = 1;
    while (i < first.size() && is_digit(first[i]))
        ++i;
    if (i > 1 + kDigitsMax) return Match::kNo;
    const Match rest = match_prefix(first.subspan(i), "\r\n$");
    return i == 1 && rest != Match::kMaybe ? Match::kNo : rest;
}

}  // namespace

/// Oracle Net: u16be size, u16be checksum (0), type, flags, u16be checksum of the header (0).
/// CONNECT and ACCEPT go on with u16be version, RESEND has nothing more, REFUSE and REDIRECT end in
/// a text whose size they say.
Match match_oracle(Bytes first) noexcept {
    constexpr std::uint16_t kVersionMin = 300;
    constexpr std::uint16_t kVersionMax = 330;
    enum Type : std::uint8_t {
        kConnect = 1,
        kAccept = 2,
        kRefuse = 4,
        kRedirect = 5,
        kResend = 11
    };
    constexpr std::uint8_t kSizeHighMax = 0x10;  // first packets are short
    if (first[0] >= kSizeHighMax) return Match::kNo;
    Reader reader(first);
    const std::uint16_t size = reader.u16be();
    if (reader.ok() && size < 8) return Match::kNo;
    const std::uint16_t checksum = reader.u16be();
    if (checksum != 0) return Match::kNo;
    const std::uint8_t type = reader.u8();
    reader.skip(1);
    const std::uint16_t header_checksum = reader.u16be();
    if (header_checksum != 0) return Match::kNo;
    if (!reader.ok()) return Match::kMaybe;
    if (type == kResend) return size == 8 ? Match::kYes : Match::kNo;

    const std::uint16_t word = reader.u16be();
    const std::uint16_t next = reader.u16be();
    const bool known = type == kConnect || type == kAccept || type == kRefuse || type == kRedirect;
    if (!known) return Match::kNo;
    if (!reader.ok()) return Match::kMaybe;
    bool plausible = word >= kVersionMin && word <= kVersionMax;
    if (type == kConnect) plausible = plausible && next >= kVersionMin && next <= word;
    if (type == kRefuse) plausible = size >= 12 && next == size - 12;
    if (type == kRedirect) plausible = size >= 10 && word == size - 10;
    return plausible ? Match::kYes : Match::kNo;
}

/// i32le size, i32 request, i32 answer to, i32le operation.
Match match_mongodb(Bytes first) noexcept {
    constexpr std::uint32_t kSizeMax = 48'000'000;  // the server's maxMessageSizeBytes
    static constexpr std::uint32_t kOperations[] = {1,    2001, 2002, 2004, 2005, 2006,
                                                    2007, 2010, 2011, 2012, 2013};
    Reader reader(first);
    const std::uint32_t size = reader.u32le();
    if (!reader.ok()) return Match::kMaybe;
    if (size < 16 || size > kSizeMax) return Match::kNo;
    reader.skip(8);
    const std::uint32_t operation = reader.u32le();
    if (!reader.ok()) return Match::kMaybe;
    const bool known = std::find(std::begin(kOperations), std::end(kOperations), operation) !=
                       std::end(kOperations);
    return known ? Match::kYes : Match::kNo;
}

Match match_redis(Bytes first) noexcept {
    Match best = match_redis_request(first);
    for (const std::string_view start :
         {"PING\r\n", "INFO\r\n", "+PONG\r\n", "-NOAUTH ", "-DENIED Redis"}) {
        best = either(best, match_prefix(first, start));
    }
    return best;
}

/// RFC 854: IAC, then WILL, WONT, DO or DONT and an option; negotiation opens a session.
Match match_telnet(Bytes first) noexcept {
    constexpr std::uint8_t kIac = 0xff;
    constexpr std::uint8_t kOptionMax = 49;  // the last that IANA knows below the extensions
    Reader reader(first);
    if (reader.u8() != kIac) return Match::kNo;
    const std::uint8_t verb = reader.u8();
    if (!reader.ok()) return Match::kMaybe;
    if (verb < 0xfb || verb == kIac) return Match::kNo;
    const std::uint8_t option = reader.u8();
    if (!reader.ok()) return Match::kMaybe;
    return option <= kOptionMax ? Match::kYes : Match::kNo;
}

/// C706 section 12.6.3: version 5.0, type, flags, data representation (little-endian
/// integers, ASCII, IEEE), u16le size of the fragment.
Match match_dce_rpc(Bytes first) noexcept {
    constexpr std::uint8_t kTypeMax = 20;
    Reader reader(first);
    if (reader.u8() != 5) return Match::kNo;
    const std::uint8_t minor = reader.u8();
    const std::uint8_t type = reader.u8();
    reader.skip(1);
    const std::uint32_t representation = reader.u32le();
    const std::uint16_t size = reader.u16le();
    if (minor != 0 || type > kTypeMax) return Match::kNo;
    if (!reader.ok()) return Match::kMaybe;
    return representation == 0x10 && size >= 16 ? Match::kYes : Match::kNo;
}

/// RFC 1928 sections 3 and 4: version 5, number of methods, each once: none, GSSAPI, user name.
/// Then, after an answer, the request: version 5, command 1 to 3, 0, kind of address.
Match match_socks(Bytes first) noexcept {
    constexpr std::uint8_t kMethodMax = 2;
    Reader reader(first);
    if (reader.u8() != 5) return Match::kNo;
    const std::uint8_t count = reader.u8();
    if (!reader.ok()) return Match::kMaybe;
    if (count < 1 || count > kMethodMax + 1) return Match::kNo;
    unsigned seen = 0;
    for (std::uint8_t i = 0; i < count; ++i) {
        const std::uint8_t method = reader.u8();
        if (!reader.ok()) return Match::kMaybe;
        if (method > kMethodMax || (seen & 1u << method) != 0) return Match::kNo;
        seen |= 1u << method;
    }
    const std::uint8_t version = reader.u8();
    if (!reader.ok()) return Match::kMaybe;
    const std::uint8_t command = reader.u8();
    const std::uint8_t reserved = reader.u8();
    const std::uint8_t address = reader.u8();
    if (version != 5 || command > 3 || reserved != 0) return Match::kNo;
    if (!reader.ok()) return Match::kMaybe;
    const bool plausible = command > 0 && (address == 1 || address == 3 || address == 4);
    return plausible ? Match::kYes : Match::kNo;
}

}  // namespace querytap::protocol
