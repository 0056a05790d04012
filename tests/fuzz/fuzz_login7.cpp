// First byte: see Choice. The rest as LOGIN7. Whatever stands where the passwords are, nothing that
// is said may depend on it.
#include "../../src/tds/login7.h"
#include "session_log.h"

namespace {

using namespace querytap;

/// Where the fixed part allows it: it says itself where the passwords are.
void change(std::vector<std::uint8_t>& message, const tds::Secret& secret, std::size_t fixed) {
    const std::size_t end = std::min(message.size(), secret.offset + secret.size);
    for (std::size_t at = std::max(secret.offset, fixed); at < end; ++at)
        message[at] = static_cast<std::uint8_t>(message[at] ^ 0x5a);
}

std::vector<std::uint8_t> with_other_passwords(Bytes payload) {
    std::vector<std::uint8_t> message = fuzz::copy(payload);
    if (message.size() < tds::kLogin7Fixed) return message;
    const tds::Secret password = tds::password_of(Bytes{message}.first(tds::kLogin7FixedShort));
    // The second place is read when the first is blank already.
    std::vector<std::uint8_t> blank(message.begin(), message.begin() + tds::kLogin7Fixed);
    for (std::size_t at = std::max(password.offset, tds::kLogin7FixedShort);
         at < std::min(blank.size(), password.offset + password.size); ++at)
        blank[at] = 0;
    const tds::Secret changed = tds::changed_password_of(blank);
    std::vector<std::uint8_t> other = message;
    change(other, password, tds::kLogin7FixedShort);
    // Where both are, they would cancel out.
    std::vector<std::uint8_t> second = message;
    change(second, changed, tds::kLogin7Fixed);
    for (std::size_t at = 0; at < other.size(); ++at) {
        if (second[at] != message[at]) other[at] = second[at];
    }
    return other;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Bytes payload(data + 1, size - 1);
    for (const std::size_t whole : {payload.size(), payload.size() + 5000}) {
        tds::Login7 login;
        const std::vector<std::uint8_t> kept = fuzz::copy(payload);
        const tds::LoginRead read = tds::read_login7(kept, whole, login);
        fuzz::require(read != tds::LoginRead::kCut || whole > kept.size());
        fuzz::require((read == tds::LoginRead::kNone) <= (kept.size() < tds::kLogin7Fixed));
    }
    const fuzz::Choice choice(data[0]);
    const auto say = [&](Bytes bytes) {
        return fuzz::log_of_messages({{tds::Direction::kToServer, tds::PacketType::kLogin7, bytes}},
                                     choice);
    };
    fuzz::require(say(payload) == say(with_other_passwords(payload)));
    return 0;
}
