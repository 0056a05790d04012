#include "secrets.h"

#include <algorithm>
#include <array>

#include "chars.h"

namespace querytap::sql {
namespace {

constexpr std::size_t kNameMax = 128;

struct LowerName {
    explicit LowerName(std::string_view name) noexcept : size(std::min(name.size(), text.size())) {
        std::transform(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(size), text.begin(),
                       lower);
    }
    std::string_view view() const noexcept { return {text.data(), size}; }

    std::array<char, kNameMax> text;
    std::size_t size;
};

struct Row {
    std::string_view name;
    SecretArguments secret;
};

constexpr Row kCalls[] = {
    {"sp_addlogin", {.places = 0b10}},
    {"sp_password", {.places = 0b11}},
    {"sp_addapprole", {.places = 0b10}},
    {"sp_setapprole", {.places = 0b10}},
    {"sp_approlepassword", {.places = 0b10}},
    {"sp_addlinkedsrvlogin", {.places = 0b10000}},
    {"sp_xp_cmdshell_proxy_account", {.places = 0b10}},
    {"encryptbypassphrase", {.places = 0b1}},
    {"decryptbypassphrase", {.places = 0b1}},
    {"decryptbyasymkey", {.places = 0b100}},
    {"decryptbycert", {.places = 0b100}},
    {"decryptbykeyautoasymkey", {.places = 0b10}},
    {"decryptbykeyautocert", {.places = 0b10}},
    {"signbyasymkey", {.places = 0b100}},
    {"signbycert", {.places = 0b100}},
    {"pwdencrypt", {.places = 0b1}},
    {"pwdcompare", {.places = 0b1}},
    {"openrowset", {.rowset = true}},
    {"opendatasource", {.rowset = true}},
};

/// What names_secret() and kCalls have in them: one of these is in every text that holds a secret.
constexpr std::string_view kMarks[] = {
    "passw",         "passphrase",       "pwd",    "secret",    "sp_add",    "sp_setapp",
    "sp_appr",       "sp_xp_cmdshell_p", "signby", "encryptby", "decryptby", "openrowset",
    "opendatasource"};

/// Five bits of each of two characters: enough to leave nearly all places of a text alone.
constexpr std::size_t pair_of(char first, char second) noexcept {
    return (static_cast<std::size_t>(first) & 31) << 5 | (static_cast<std::size_t>(second) & 31);
}

constexpr auto kBegins = [] {
    std::array<bool, 1024> begins{};
    for (const std::string_view mark : kMarks)
        begins[pair_of(mark[0], mark[1])] = true;
    return begins;
}();

bool begins_with(std::string_view text, std::string_view mark) noexcept {
    if (text.size() < mark.size()) return false;
    return std::equal(mark.begin(), mark.end(), text.begin(),
                      [](char expected, char c) { return expected == lower(c); });
}

}  // namespace

bool may_hold_secret(std::string_view text) noexcept {
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        if (!kBegins[pair_of(text[i], text[i + 1])]) continue;
        for (const std::string_view mark : kMarks) {
            if (begins_with(text.substr(i), mark)) return true;
        }
    }
    return false;
}

bool names_secret(std::string_view word) noexcept {
    const LowerName name(word);
    const std::string_view text = name.view();
    const auto has = [text](std::string_view part) { return text.find(part) != text.npos; };
    return has("password") || has("passwd") || has("passphrase") || has("pwd") || has("secret");
}

SecretArguments secret_arguments(std::string_view name) noexcept {
    const LowerName lowered(name);
    const auto* row = std::find_if(std::begin(kCalls), std::end(kCalls), [&](const Row& candidate) {
        return candidate.name == lowered.view();
    });
    return row == std::end(kCalls) ? SecretArguments{} : row->secret;
}

}  // namespace querytap::sql
