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

}  // namespace

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
