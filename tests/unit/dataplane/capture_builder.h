// Capture files for tests, byte by byte: classic pcap and pcapng, in either byte order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <querytap/base/bytes.h>
#include <querytap/base/result.h>
#include <querytap/dataplane/capture_file.h>

namespace querytap::dataplane::test {

/// LINKTYPE_... as savefiles write them.
enum LinkType : std::uint32_t {
    kNull = 0,
    kEthernet = 1,
    kRaw = 101,
    kWifi = 105,
    kLoop = 108,
    kLinuxSll = 113,
    kIpv4 = 228,
    kIpv6 = 229,
    kLinuxSll2 = 276,
};

/// Bytes in the byte order of the file under construction.
class FileBytes {
  public:
    explicit FileBytes(bool big_endian = false) : big_endian_(big_endian) {}

    FileBytes& u8(std::uint8_t value);
    FileBytes& u16(std::uint16_t value);
    FileBytes& u32(std::uint32_t value);
    FileBytes& raw(std::string_view bytes);
    FileBytes& pad_to(std::size_t multiple);

    const std::string& bytes() const noexcept { return bytes_; }
    bool big_endian() const noexcept { return big_endian_; }

  private:
    void number(std::uint64_t value, int size);

    bool big_endian_;
    std::string bytes_;
};

/// A classic savefile.
class Pcap {
  public:
    struct Options {
        std::uint32_t link_type = kEthernet;
        bool nanoseconds = false;
        bool big_endian = false;
        std::uint32_t snap_length = 262144;
    };
    Pcap() : Pcap(Options{}) {}
    explicit Pcap(const Options& options);

    /// `fraction` in the file's own unit; `claims` instead of the real size.
    Pcap& packet(std::string_view frame, std::uint32_t seconds = 1, std::uint32_t fraction = 0);
    Pcap& packet_that_claims(std::uint32_t size, std::string_view frame);

    const std::string& bytes() const noexcept { return file_.bytes(); }

  private:
    FileBytes file_;
};

/// pcapng, block by block (draft-ietf-opsawg-pcapng, section 4).
class Pcapng {
  public:
    explicit Pcapng(bool big_endian = false) : file_(big_endian) {}

    Pcapng& section();
    /// resolution: if_tsresol, or -1 for none (microseconds).
    Pcapng& interface(std::uint16_t link_type = kEthernet, int resolution = -1);
    Pcapng& packet(std::string_view frame, std::uint64_t time, std::uint32_t interface = 0);
    Pcapng& simple_packet(std::string_view frame);
    Pcapng& block(std::uint32_t type, std::string_view body);

    const std::string& bytes() const noexcept { return file_.bytes(); }

  private:
    FileBytes file_;
};

/// A file that is gone at the end.
class TemporaryFile {
  public:
    explicit TemporaryFile(std::string_view bytes, std::string_view name = "capture");
    ~TemporaryFile();
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    const std::filesystem::path& path() const noexcept { return path_; }

  private:
    std::filesystem::path folder_;
    std::filesystem::path path_;
};

struct Packet {
    std::string frame;
    std::int64_t ns = 0;
    bool operator==(const Packet&) const = default;
};

/// All that a file gives: packets until the end, or until the error.
struct Contents {
    std::vector<Packet> packets;
    Status end = success();
    std::uint64_t counted = 0;
    std::uint64_t bytes_read = 0;
};
Contents read(const std::filesystem::path& path);
Contents read_bytes(std::string_view bytes);

/// "\x0a..." as hex digits, for tables and messages; blanks are ignored.
std::string from_hex(std::string_view digits);
std::string to_hex(std::string_view bytes);

}  // namespace querytap::dataplane::test
