// How many bytes of TDS streams went between two hosts on a day, for policies that limit that.
// Taken at start. A worker sees all flows of a pair. When a line is full, the day that is over
// gives way, else the pair that said least.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include <querytap/base/counter.h>
#include <querytap/base/ip_address.h>

namespace querytap::pipeline {

class VolumeTable {
  public:
    struct Volume {
        std::uint64_t to_server = 0;
        std::uint64_t to_client = 0;
    };

    /// `evicted` counts days that were forgotten before they were over; it outlives the table.
    VolumeTable(std::size_t entries, std::uint64_t secret, Counter& evicted)
        : entries_(std::bit_ceil(std::max(entries, kWays))), secret_(secret), evicted_(evicted) {}

    /// What there is with this on top.
    Volume add(const IpAddress& client, const IpAddress& server, std::int64_t day,
               const Volume& more) noexcept {
        Entry& entry = entry_of(client, server, day);
        entry.volume.to_server += more.to_server;
        entry.volume.to_client += more.to_client;
        return entry.volume;
    }

  private:
    static constexpr std::size_t kWays = 8;
    struct Entry {
        IpAddress client;
        IpAddress server;
        std::int64_t day = -1;  ///< none
        Volume volume;
        std::uint64_t bytes() const noexcept { return volume.to_server + volume.to_client; }
    };

    Entry& entry_of(const IpAddress& client, const IpAddress& server, std::int64_t day) noexcept {
        const std::span<Entry> line = line_of(client, server);
        const auto same = std::find_if(line.begin(), line.end(), [&](const Entry& entry) {
            return entry.day != -1 && entry.client == client && entry.server == server;
        });
        const auto least = [](const Entry& a, const Entry& b) {
            return a.day != b.day ? a.day < b.day : a.bytes() < b.bytes();
        };
        Entry& entry =
            same != line.end() ? *same : *std::min_element(line.begin(), line.end(), least);
        if (same != line.end() && entry.day == day) return entry;
        if (entry.day == day) evicted_.add();
        entry = {client, server, day, {}};
        return entry;
    }

    std::span<Entry> line_of(const IpAddress& client, const IpAddress& server) noexcept {
        std::uint64_t hash = secret_;
        for (const IpAddress* const address : {&client, &server}) {
            std::uint64_t words[2];
            std::memcpy(words, address->bytes().data(), sizeof words);
            for (const std::uint64_t word : words) {
                hash = (hash ^ word) * 0x9fb21c651e98df25ull;
                hash ^= hash >> 29;
            }
        }
        return std::span(entries_).subspan(hash & (entries_.size() - 1) & ~(kWays - 1), kWays);
    }

    std::vector<Entry> entries_;
    std::uint64_t secret_;
    Counter& evicted_;
};

}  // namespace querytap::pipeline
