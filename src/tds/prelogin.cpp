#include "prelogin.h"

#include <algorithm>

#include <querytap/base/reader.h>

namespace querytap::tds {
namespace {

enum Option : std::uint8_t {
    kVersion = 0,
    kEncryption = 1,
    kInstance = 2,
    kThreadId = 3,
    kMars = 4,
    kTraceId = 5,
    kFedAuthRequired = 6,
    kNonce = 7,
    kTerminator = 0xff,
};

constexpr std::uint8_t kOptionsMax = 64;  // eight are known; more than this is no PRELOGIN
constexpr std::uint8_t kExtended = 0x20;  // ENCRYPT_EXT
constexpr std::uint8_t kClientCertificate = 0x80;

Encryption encryption_of(std::uint8_t raw) noexcept {
    const auto value = static_cast<std::uint8_t>(raw & ~(kExtended | kClientCertificate));
    return value <= 3 ? static_cast<Encryption>(value) : Encryption::kAbsent;
}

bool take_option(std::uint8_t token, Bytes data, Prelogin& prelogin) noexcept {
    switch (token) {
        case kVersion:
            if (data.size() != prelogin.version.size()) return false;
            std::copy(data.begin(), data.end(), prelogin.version.begin());
            return true;
        case kEncryption:
            if (data.size() != 1) return false;
            prelogin.encryption_raw = data[0];
            prelogin.encryption = encryption_of(data[0]);
            return true;
        case kInstance: {
            // The server answers with one byte: does the name match?
            if (prelogin.direction == Direction::kToClient) return true;
            const std::string_view text = as_text(data);
            prelogin.instance.assign(text.substr(0, text.find('\0')));
            return true;
        }
        case kMars:
            prelogin.mars = !data.empty() && data[0] == 1;
            return true;
        case kTraceId:
            prelogin.has_trace_id = true;
            return true;
        case kFedAuthRequired:
            prelogin.has_fedauth = true;
            return true;
        case kNonce:
            prelogin.has_nonce = true;
            return true;
        case kThreadId:
            if (data.size() == 4) prelogin.thread_id = Reader(data).u32le();
            return true;
        default:
            return true;
    }
}

}  // namespace

bool read_prelogin(Bytes message, Direction direction, Prelogin& prelogin) noexcept {
    prelogin.direction = direction;
    Reader reader(message);
    bool good = true;
    for (;;) {
        const std::uint8_t token = reader.u8();
        if (!reader.ok() || prelogin.option_count == kOptionsMax) return false;
        if (token == kTerminator) return good && prelogin.option_count > 0;
        const std::uint16_t offset = reader.u16be();
        const std::uint16_t size = reader.u16be();
        if (!reader.ok()) return false;
        if (prelogin.option_count++ == 0 && token != kVersion) good = false;
        Reader data(message);
        const Bytes value = data.at(offset, size);
        good = data.ok() && take_option(token, value, prelogin) && good;
    }
}

}  // namespace querytap::tds
