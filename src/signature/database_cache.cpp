#include "database_cache.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <unistd.h>

#include <fmt/format.h>

namespace querytap::signature {
namespace {

constexpr std::string_view kMagic = "querytap-hs-1\n";

/// Two hashes side by side: names and checks of files, not secrets.
std::uint64_t hash(std::string_view text, std::uint64_t seed) {
    for (; text.size() >= 8; text.remove_prefix(8)) {
        std::uint64_t word;
        std::memcpy(&word, text.data(), 8);
        seed = (seed ^ word) * 0x9fb21c651e98df25ull;
        seed ^= seed >> 32;
    }
    for (const char c : text)
        seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
    return seed ^ seed >> 29;
}

/// A database is made for the instructions of the CPU that compiles.
std::string whole_key(const std::string& content) {
    hs_platform_info_t platform{};
    hs_populate_platform(&platform);
    return fmt::format("{}\n{} {:x}\n", hs_version(), platform.tune, platform.cpu_features) +
           content;
}

std::filesystem::path file_of(const std::filesystem::path& directory, const std::string& key) {
    return directory / fmt::format("{:016x}{:016x}.hsdb", hash(key, 1), hash(key, 2));
}

struct Head {
    std::uint64_t key_size = 0;
    std::uint64_t data_size = 0;
    std::uint64_t data_hash = 0;
};

struct FreeBytes {
    void operator()(char* bytes) const noexcept { std::free(bytes); }
};

}  // namespace

void DatabaseCache::fault(const std::filesystem::path& file, std::string what, std::string hint) {
    const std::lock_guard lock(mutex_);
    faults_.push_back({.message = std::move(what), .hint = std::move(hint), .file = file.string()});
}

std::vector<Error> DatabaseCache::take_faults() {
    const std::lock_guard lock(mutex_);
    return std::exchange(faults_, {});
}

Database DatabaseCache::find(const std::string& content) {
    if (directory_.empty()) return nullptr;
    const std::string key = whole_key(content);
    const std::filesystem::path file = file_of(directory_, key);
    std::ifstream in(file, std::ios::binary);
    if (!in) return nullptr;
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    const auto damaged = [&]() -> Database {
        fault(file, "this compiled database is damaged, and is made anew",
              "look at the disk; the file is replaced");
        return nullptr;
    };
    std::string_view rest = bytes;
    Head head;
    if (!rest.starts_with(kMagic) || rest.size() < kMagic.size() + sizeof head) return damaged();
    rest.remove_prefix(kMagic.size());
    std::memcpy(&head, rest.data(), sizeof head);
    rest.remove_prefix(sizeof head);
    if (head.key_size > rest.size() || head.data_size != rest.size() - head.key_size) {
        return damaged();
    }
    const std::string_view data = rest.substr(static_cast<std::size_t>(head.key_size));
    if (hash(data, 3) != head.data_hash) return damaged();
    if (rest.substr(0, static_cast<std::size_t>(head.key_size)) != key) return nullptr;
    hs_database_t* database = nullptr;
    if (hs_deserialize_database(data.data(), data.size(), &database) != HS_SUCCESS) {
        return damaged();
    }
    return Database(database);
}

void DatabaseCache::keep(const std::string& content, const hs_database_t& database) {
    if (directory_.empty()) return;
    char* raw = nullptr;
    std::size_t size = 0;
    if (hs_serialize_database(&database, &raw, &size) != HS_SUCCESS) return;
    const std::unique_ptr<char, FreeBytes> bytes(raw);
    const std::string key = whole_key(content);
    const std::filesystem::path file = file_of(directory_, key);
    std::filesystem::path aside = file;
    aside += fmt::format(".{}", getpid());
    const std::string_view data(bytes.get(), size);
    const Head head{key.size(), data.size(), hash(data, 3)};
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    {
        std::ofstream out(aside, std::ios::binary | std::ios::trunc);
        out << kMagic;
        out.write(reinterpret_cast<const char*>(&head), sizeof head);
        out << key << data;
        out.close();
        if (!out) error = std::make_error_code(std::errc::io_error);
    }
    if (!error) std::filesystem::rename(aside, file, error);
    if (!error) return;
    std::error_code ignored;
    std::filesystem::remove(aside, ignored);
    fault(file, "a compiled database cannot be written",
          "give querytap a folder that it may write, with room; it starts more slowly without");
}

}  // namespace querytap::signature
