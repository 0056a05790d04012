// A conversation as a person writes it for check --explain.
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include <querytap/policy/policy.h>

namespace querytap::policy {
namespace {

constexpr std::string_view kForm =
    "write \"10.1.2.3 -> 10.4.0.1:1433\", then any of: tls, tls=1.2, clear, sni=, login=, app=, "
    "host=, database=, tds=7.4, statements=read,write, time=2026-03-02T08:00:00Z";

Error wrong(std::string_view what) {
    return {.message = "'" + std::string(what) + "' is not understood", .hint = std::string(kForm)};
}

/// Takes the next word off; words stand between blanks.
std::string_view next_word(std::string_view& text) {
    const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

/// "10.4.0.1:1433", "[2001:db8::1]:1433"
bool parse_endpoint(std::string_view word, Facts& facts) {
    const std::size_t colon = word.rfind(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view digits = word.substr(colon + 1);
    const auto [end, code] =
        std::from_chars(digits.data(), digits.data() + digits.size(), facts.server_port);
    if (code != std::errc{} || end != digits.data() + digits.size()) return false;
    std::string_view address = word.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) {
        address = address.substr(1, address.size() - 2);
    }
    const auto parsed = IpAddress::parse(address);
    if (parsed.ok()) facts.server = *parsed;
    return parsed.ok();
}

/// "1.2": major and minor.
bool parse_version(std::string_view text, unsigned& major, unsigned& minor) {
    if (text.size() != 3 || text[1] != '.' || text[0] < '0' || text[0] > '9') return false;
    major = static_cast<unsigned>(text[0] - '0');
    minor = static_cast<unsigned>(text[2] - '0');
    return text[2] >= '0' && text[2] <= '9';
}

bool parse_statements(std::string_view text, sql::StatementClasses& classes) {
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(','));
        text.remove_prefix(std::min(part.size() + 1, text.size()));
        std::size_t i = 0;
        while (i < sql::kStatementClassCount && name(static_cast<sql::StatementClass>(i)) != part)
            ++i;
        if (i == sql::kStatementClassCount) return false;
        classes.add(static_cast<sql::StatementClass>(i));
    }
    return true;
}

bool parse_time(std::string_view text, Timestamp& time) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    const std::string copy(text);
    if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2uZ", &year, &month, &day, &hour, &minute,
                    &second) != 6) {
        return false;
    }
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                           std::chrono::day{day}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return false;
    time = std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
           std::chrono::seconds{second};
    return true;
}

bool parse_tls(std::string_view value, Facts& facts) {
    facts.transport = Transport::kEncrypted;
    if (value.empty()) return true;
    unsigned major = 0;
    unsigned minor = 0;
    if (!parse_version(value, major, minor) || major != 1) return false;
    facts.tls_version = static_cast<std::uint16_t>(0x0301 + minor);
    return true;
}

bool parse_tds(std::string_view value, Facts& facts) {
    unsigned major = 0;
    unsigned minor = 0;
    if (!parse_version(value, major, minor)) return false;
    facts.tds_version = major == 8 ? 8 : (major << 4 | minor) << 24;
    return true;
}

bool parse_megabytes(std::string_view value, std::uint64_t& bytes) {
    constexpr std::uint64_t kMegabyte = 1'000'000;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), bytes);
    if (code != std::errc{} || end != value.data() + value.size() || bytes > 1'000'000'000) {
        return false;
    }
    bytes *= kMegabyte;
    return true;
}

bool parse_fact(std::string_view word, Facts& facts) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string_view key = word.substr(0, equals);
    const std::string_view value = word.substr(std::min(equals + 1, word.size()));
    if (key == "tls") return parse_tls(value, facts);
    if (key == "tds") return parse_tds(value, facts);
    if (key == "statements") return parse_statements(value, facts.statements);
    if (key == "time") return parse_time(value, facts.time);
    if (key == "to_server_mb") return parse_megabytes(value, facts.to_server_today);
    if (key == "to_client_mb") return parse_megabytes(value, facts.to_client_today);
    if (word == "clear") {
        facts.transport = Transport::kClear;
        return true;
    }
    struct Text {
        std::string_view key;
        std::string_view Facts::*field;
    };
    static constexpr std::array kTexts{Text{"sni", &Facts::server_name},
                                       Text{"login", &Facts::user},
                                       Text{"app", &Facts::application}, Text{"host", &Facts::host},
                                       Text{"database", &Facts::database}};
    for (const Text& text : kTexts) {
        if (key != text.key || value.empty()) continue;
        facts.*text.field = value;
        if (key == "sni") facts.name_known = true;
        return true;
    }
    return false;
}

}  // namespace

Result<Facts> parse_facts(std::string_view text) {
    Facts facts;
    const std::string_view client = next_word(text);
    const auto address = IpAddress::parse(client);
    if (!address) return wrong(client);
    facts.client = *address;
    if (const std::string_view arrow = next_word(text); arrow != "->") return wrong(arrow);
    if (const std::string_view server = next_word(text); !parse_endpoint(server, facts)) {
        return wrong(server);
    }
    for (auto word = next_word(text); !word.empty(); word = next_word(text)) {
        if (!parse_fact(word, facts)) return wrong(word);
    }
    return facts;
}

}  // namespace querytap::policy
