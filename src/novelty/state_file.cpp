#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <unistd.h>
#include <vector>
#include <xxhash.h>

#include <querytap/novelty/state_file.h>

namespace querytap::novelty {
namespace {

constexpr std::array<char, 8> kMagic{'Q', 'T', 'S', 'E', 'E', 'N', '\r', '\n'};
constexpr std::uint64_t kVersion = 1;

/// Little-endian, as all machines that DPDK and Hyperscan share.
struct Header {
    std::array<char, 8> magic = kMagic;
    std::uint64_t version = kVersion;
    std::uint64_t entries = 0;
    std::uint64_t secret = 0;
    std::int64_t began_ns = 0;
    std::uint64_t checksum = 0;  ///< of the header before it and the entries
};
static_assert(sizeof(Header) == 48);

std::uint64_t checksum_of(const Header& header, std::span<const std::uint64_t> entries) {
    const std::uint64_t head = XXH3_64bits(&header, offsetof(Header, checksum));
    return XXH3_64bits_withSeed(entries.data(), entries.size_bytes(), head);
}

Error file_error(const std::filesystem::path& path, const char* what) {
    return Error{.message = std::string(what) + ": " + std::strerror(errno),
                 .hint = "give a file in a folder that querytap may write to",
                 .file = path.string()};
}

class Descriptor {
  public:
    Descriptor(const std::filesystem::path& path, int flags)
        : number_(::open(path.c_str(), flags | O_CLOEXEC, 0640)) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    bool ok() const noexcept { return number_ >= 0; }
    bool write(const void* data, std::size_t size) const noexcept {
        const auto* at = static_cast<const char*>(data);
        while (size > 0) {
            const ssize_t done = ::write(number_, at, size);
            if (done < 0 && errno == EINTR) continue;
            if (done <= 0) return false;
            at += done;
            size -= static_cast<std::size_t>(done);
        }
        return true;
    }
    bool sync() const noexcept { return ::fsync(number_) == 0; }

  private:
    int number_;
};

struct Image {
    Header header;
    std::vector<std::uint64_t> entries;
};

/// Nothing: not whole, or not ours.
std::optional<Image> parse(const std::string& text) {
    Image image;
    if (text.size() < sizeof(Header)) return std::nullopt;
    std::memcpy(&image.header, text.data(), sizeof(Header));
    const std::size_t rest = text.size() - sizeof(Header);
    if (image.header.magic != kMagic || image.header.version != kVersion ||
        rest % sizeof(std::uint64_t) != 0 || image.header.entries != rest / sizeof(std::uint64_t)) {
        return std::nullopt;
    }
    image.entries.resize(image.header.entries);
    if (rest > 0) std::memcpy(image.entries.data(), text.data() + sizeof(Header), rest);
    if (image.header.checksum != checksum_of(image.header, image.entries)) return std::nullopt;
    return image;
}

}  // namespace

Result<std::unique_ptr<Memory>> StateFile::load(const MemoryOptions& options,
                                                std::optional<Error>& warning) const {
    auto memory = std::make_unique<Memory>(options);
    std::error_code code;
    if (!std::filesystem::exists(path_, code)) {
        // Rather now than after a week of learning.
        if (Status writable = save(*memory); !writable.ok()) return writable.error();
        return memory;
    }
    std::ifstream in(path_, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.is_open() || in.bad()) return file_error(path_, "cannot read the state");
    const std::optional<Image> image = parse(text);
    if (!image) {
        std::filesystem::path aside = path_;
        aside += ".damaged";
        std::filesystem::rename(path_, aside, code);
        warning =
            Error{.message = "is not a whole state of this version, and was set aside",
                  .hint = "what is usual is learnt anew; the former file is " + aside.string(),
                  .file = path_.string()};
        return memory;
    }
    memory->secret_ = image->header.secret;
    memory->began_ns_ = image->header.began_ns;
    for (const std::uint64_t entry : image->entries) {  // another size gives another place
        if (entry != 0) memory->remember(entry >> Memory::kDayBits, entry & 0xffff);
    }
    return memory;
}

Status StateFile::save(const Memory& memory) const {
    Image image;
    image.header.secret = memory.secret_;
    image.header.began_ns = memory.began_ns_.load(std::memory_order_relaxed);
    for (const Memory::Slot& slot : memory.slots_) {
        const std::uint64_t value = slot.load(std::memory_order_relaxed);
        if (value != 0) image.entries.push_back(value);
    }
    image.header.entries = image.entries.size();
    image.header.checksum = checksum_of(image.header, image.entries);

    std::filesystem::path fresh = path_;
    fresh += ".new";
    {
        const Descriptor out(fresh, O_WRONLY | O_CREAT | O_TRUNC);
        if (!out.ok() || !out.write(&image.header, sizeof image.header) ||
            !out.write(image.entries.data(), image.entries.size() * sizeof(std::uint64_t)) ||
            !out.sync()) {
            return file_error(fresh, "cannot write the state");
        }
    }
    if (::rename(fresh.c_str(), path_.c_str()) != 0) {
        return file_error(path_, "cannot replace the state");
    }
    // The name must reach the disk, too.
    const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
    const Descriptor directory(folder, O_RDONLY | O_DIRECTORY);
    if (!directory.ok() || !directory.sync()) return file_error(folder, "cannot sync the folder");
    return success();
}

}  // namespace querytap::novelty
