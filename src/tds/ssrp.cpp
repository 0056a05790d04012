#include <charconv>

#include <querytap/base/reader.h>
#include <querytap/tds/ssrp.h>

namespace querytap::tds {
namespace {

enum Opcode : std::uint8_t {
    kBroadcastEx = 0x02,
    kUnicastEx = 0x03,
    kUnicastInstance = 0x04,
    kServerResponse = 0x05,
    kUnicastDac = 0x0f,
};
constexpr std::uint8_t kDacVersion = 1;
constexpr std::size_t kInstanceNameMax = 32;  // MC-SQLR 2.2.3

std::string_view up_to(std::string_view text, char end) noexcept {
    return text.substr(0, text.find(end));
}

/// One field, without the semicolon that ends it.
std::string_view take_field(std::string_view& list) noexcept {
    const std::string_view field = up_to(list, ';');
    list.remove_prefix(std::min(field.size() + 1, list.size()));
    return field;
}

std::uint16_t port_of(std::string_view text) noexcept {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() ? port : std::uint16_t{0};
}

}  // namespace

std::string_view name(SsrpMessage message) noexcept {
    switch (message) {
        case SsrpMessage::kNone:
            return "none";
        case SsrpMessage::kBroadcast:
            return "broadcast";
        case SsrpMessage::kUnicast:
            return "unicast";
        case SsrpMessage::kInstance:
            return "instance";
        case SsrpMessage::kDac:
            return "dac";
        case SsrpMessage::kOverflow:
            return "overflow";
        case SsrpMessage::kAnswer:
            return "answer";
        case SsrpMessage::kDacAnswer:
            return "dac_answer";
    }
    return "none";
}

Ssrp read_ssrp_request(Bytes datagram) noexcept {
    Ssrp ssrp;
    Reader reader(datagram);
    const std::uint8_t opcode = reader.u8();
    if (!reader.ok()) return ssrp;
    const std::string_view rest = as_text(datagram.subspan(1));
    switch (opcode) {
        case kBroadcastEx:
            if (rest.empty()) ssrp.message = SsrpMessage::kBroadcast;
            break;
        case kUnicastEx:
            if (rest.empty()) ssrp.message = SsrpMessage::kUnicast;
            break;
        case kUnicastInstance:
            // The name ends with a NUL, or with the datagram. CVE-2002-0649 (Slammer) is a long
            // one.
            ssrp.instance = up_to(rest, '\0');
            ssrp.message = ssrp.instance.size() > kInstanceNameMax ? SsrpMessage::kOverflow
                           : ssrp.instance.empty()                 ? SsrpMessage::kNone
                                                                   : SsrpMessage::kInstance;
            break;
        case kUnicastDac:
            if (reader.u8() != kDacVersion || !reader.ok()) break;
            ssrp.instance = up_to(rest.substr(1), '\0');
            if (ssrp.instance.size() <= kInstanceNameMax) ssrp.message = SsrpMessage::kDac;
            break;
        default:
            break;
    }
    return ssrp;
}

Ssrp read_ssrp_answer(Bytes datagram) noexcept {
    constexpr std::size_t kDacSize = 6;
    constexpr std::string_view kFirstField = "ServerName;";
    Ssrp ssrp;
    Reader reader(datagram);
    const std::uint8_t opcode = reader.u8();
    const std::size_t size = reader.u16le();
    if (!reader.ok() || opcode != kServerResponse) return ssrp;
    // Here RESP_SIZE counts the whole message (2.2.6), below only the text (2.2.5).
    if (size == kDacSize && datagram.size() == kDacSize) {
        if (reader.u8() != kDacVersion) return ssrp;
        ssrp.dac_port = reader.u16le();
        ssrp.message = SsrpMessage::kDacAnswer;
        return ssrp;
    }
    // An IP fragment that is not there cuts the text; what there is of it is read.
    const std::string_view text = as_text(reader.bytes(std::min(size, reader.remaining())));
    if (!text.starts_with(kFirstField)) return ssrp;
    ssrp.message = SsrpMessage::kAnswer;
    ssrp.instances = text;
    return ssrp;
}

bool next_instance(std::string_view& instances, SsrpInstance& instance) noexcept {
    instance = {};
    while (!instances.empty()) {
        const std::string_view key = take_field(instances);
        if (key.empty()) return true;  // the second of two semicolons
        const std::string_view value = take_field(instances);
        if (key == "ServerName") {
            instance.server = value;
        } else if (key == "InstanceName") {
            instance.instance = value;
        } else if (key == "IsClustered") {
            instance.clustered = value == "Yes";
        } else if (key == "Version") {
            instance.version = value;
        } else if (key == "tcp") {
            instance.tcp_port = port_of(value);
        } else if (key == "np") {
            instance.pipe = value;
        }
    }
    return !instance.server.empty();  // the last one, cut
}

}  // namespace querytap::tds
