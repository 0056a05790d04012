#include "capture_builder.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace querytap::dataplane::test {

void FileBytes::number(std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) {
        const int shift = 8 * (big_endian_ ? size - 1 - i : i);
        bytes_ += static_cast<char>(value >> shift);
    }
}

FileBytes& FileBytes::u8(std::uint8_t value) {
    number(value, 1);
    return *this;
}
FileBytes& FileBytes::u16(std::uint16_t value) {
    number(value, 2);
    return *this;
}
FileBytes& FileBytes::u32(std::uint32_t value) {
    number(value, 4);
    return *this;
}
FileBytes& FileBytes::raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
}
FileBytes& FileBytes::pad_to(std::size_t multiple) {
    while (bytes_.size() % multiple != 0)
        bytes_ += '\0';
    return *this;
}

Pcap::Pcap(const Options& options) : file_(options.big_endian) {
    file_.u32(options.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4).u16(2).u16(4).u32(0).u32(0);
    file_.u32(options.snap_length).u32(options.link_type);
}

Pcap& Pcap::packet(std::string_view frame, std::uint32_t seconds, std::uint32_t fraction) {
    const auto size = static_cast<std::uint32_t>(frame.size());
    file_.u32(seconds).u32(fraction).u32(size).u32(size).raw(frame);
    return *this;
}

Pcap& Pcap::packet_that_claims(std::uint32_t size, std::string_view frame) {
    file_.u32(1).u32(0).u32(size).u32(size).raw(frame);
    return *this;
}

Pcapng& Pcapng::block(std::uint32_t type, std::string_view body) {
    const std::size_t padded = (body.size() + 3) / 4 * 4;
    const auto total = static_cast<std::uint32_t>(12 + padded);
    file_.u32(type).u32(total).raw(body).pad_to(4).u32(total);
    return *this;
}

Pcapng& Pcapng::section() {
    FileBytes body(file_.big_endian());
    body.u32(0x1a2b3c4d).u16(1).u16(0).u32(0xffffffff).u32(0xffffffff);
    return block(0x0a0d0d0a, body.bytes());
}

Pcapng& Pcapng::interface(std::uint16_t link_type, int resolution) {
    FileBytes body(file_.big_endian());
    body.u16(link_type).u16(0).u32(262144);
    if (resolution >= 0) {
        body.u16(9).u16(1).u8(static_cast<std::uint8_t>(resolution)).pad_to(4).u32(0);
    }
    return block(1, body.bytes());
}

Pcapng& Pcapng::packet(std::string_view frame, std::uint64_t time, std::uint32_t interface) {
    const auto size = static_cast<std::uint32_t>(frame.size());
    FileBytes body(file_.big_endian());
    body.u32(interface).u32(static_cast<std::uint32_t>(time >> 32));
    body.u32(static_cast<std::uint32_t>(time)).u32(size).u32(size).raw(frame);
    return block(6, body.bytes());
}

Pcapng& Pcapng::simple_packet(std::string_view frame) {
    FileBytes body(file_.big_endian());
    body.u32(static_cast<std::uint32_t>(frame.size())).raw(frame);
    return block(3, body.bytes());
}

TemporaryFile::TemporaryFile(std::string_view bytes, std::string_view name) {
    std::string pattern = (std::filesystem::temp_directory_path() / "querytap-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    path_ = folder_ / name;
    std::ofstream(path_, std::ios::binary) << bytes;
}

TemporaryFile::~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

Contents read(const std::filesystem::path& path) {
    Contents contents;
    auto file = CaptureFile::open(path);
    if (!file) {
        contents.end = file.error();
        return contents;
    }
    for (;;) {
        auto record = (*file)->next();
        if (!record) {
            contents.end = record.error();
            break;
        }
        if (!record->has_value()) break;
        const Bytes frame = (*record)->frame;
        contents.packets.push_back({{frame.begin(), frame.end()}, to_ns((*record)->time)});
    }
    contents.counted = (*file)->packets();
    contents.bytes_read = (*file)->bytes_read();
    return contents;
}

Contents read_bytes(std::string_view bytes) {
    return read(TemporaryFile(bytes).path());
}

std::string from_hex(std::string_view digits) {
    std::string compact;
    for (const char digit : digits) {
        if (digit != ' ') compact += digit;
    }
    std::string bytes;
    for (std::size_t i = 0; i + 1 < compact.size(); i += 2)
        bytes += static_cast<char>(std::stoi(compact.substr(i, 2), nullptr, 16));
    return bytes;
}

std::string to_hex(std::string_view bytes) {
    constexpr const char* kDigits = "0123456789abcdef";
    std::string text;
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        text += kDigits[value >> 4];
        text += kDigits[value & 15];
    }
    return text;
}

}  // namespace querytap::dataplane::test
