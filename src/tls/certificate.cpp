#include "certificate.h"

#include <algorithm>
#include <optional>

#include "der.h"
#include "name.h"

namespace querytap::tls {
namespace {

using std::chrono::sys_seconds;

/// `count` digits, as a number.
std::optional<int> digits(Reader& reader, int count) noexcept {
    int number = 0;
    for (int i = 0; i < count; ++i) {
        const std::uint8_t c = reader.u8();
        if (c < '0' || c > '9') return std::nullopt;
        number = number * 10 + (c - '0');
    }
    return number;
}

/// RFC 5280 4.1.2.5: YYMMDDHHMMSSZ until 2049, YYYYMMDDHHMMSSZ from then on.
std::optional<sys_seconds> read_time(Reader& validity) noexcept {
    const der::Element time = der::read(validity);
    if (time.tag != der::kUtcTime && time.tag != der::kGeneralizedTime) return std::nullopt;
    const bool short_year = time.tag == der::kUtcTime;
    Reader reader(time.content);
    std::optional<int> year = digits(reader, short_year ? 2 : 4);
    const std::optional<int> month = digits(reader, 2);
    const std::optional<int> day = digits(reader, 2);
    const std::optional<int> hour = digits(reader, 2);
    const std::optional<int> minute = digits(reader, 2);
    const std::optional<int> second = digits(reader, 2);
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    if (reader.u8() != 'Z' || !reader.ok() || reader.remaining() > 0) return std::nullopt;
    if (short_year) year = *year < 50 ? *year + 2000 : *year + 1900;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
           std::chrono::seconds{*second};
}

bool read_validity(Reader& body, Certificate& certificate) noexcept {
    Reader validity(der::read(body, der::kSequence));
    const std::optional<sys_seconds> not_before = read_time(validity);
    const std::optional<sys_seconds> not_after = read_time(validity);
    if (!not_before || !not_after) return false;
    certificate.not_before = *not_before;
    certificate.not_after = *not_after;
    return true;
}

std::size_t u24be(Reader& reader) noexcept {
    const std::size_t high = reader.u8();
    return high << 16 | reader.u16be();
}

}  // namespace

bool read_certificate_message(Bytes message, Certificate& certificate) noexcept {
    Reader reader(message);
    u24be(reader);  // of the whole chain
    const std::size_t size = u24be(reader);
    return reader.ok() &&
           read_certificate(reader.bytes(std::min(size, reader.remaining())), certificate);
}

bool read_certificate(Bytes der, Certificate& certificate) noexcept {
    Reader outside(der);
    Reader signed_part = der::enter(outside, der::kSequence);
    Reader body = der::enter(signed_part, der::kSequence);
    der::Element serial = der::read(body);
    if (serial.tag == der::kExplicit0) serial = der::read(body);  // that was the version
    if (serial.tag != der::kInteger) return false;
    der::read(body, der::kSequence);  // signature algorithm
    const Bytes issuer = der::read(body, der::kSequence);
    const bool dated = read_validity(body, certificate);
    const Bytes subject = der::read(body, der::kSequence);
    if (!body.ok() || !dated) return false;
    if (!print_name(issuer, certificate.issuer) || !print_name(subject, certificate.subject)) {
        return false;
    }
    certificate.seen = true;
    certificate.self_signed = as_text(issuer) == as_text(subject);
    certificate.sql_server_fallback = certificate.subject.view() == "CN=SSL_Self_Signed_Fallback";
    return true;
}

}  // namespace querytap::tls
