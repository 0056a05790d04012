#include <algorithm>
#include <bit>
#include <cstring>
#include <random>
#include <xxhash.h>

#include <querytap/novelty/memory.h>

namespace querytap::novelty {
namespace {

constexpr std::int64_t kDayNs = 86'400'000'000'000;

std::uint64_t day_of(Timestamp now) noexcept {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(to_ns(now) / kDayNs, 0)) & 0xffff;
}

std::uint64_t hash_of(Thing thing, const IpAddress& server, const void* what, std::size_t size,
                      std::uint64_t secret) noexcept {
    const std::uint64_t seed =
        XXH3_64bits_withSeed(server.bytes().data(), server.bytes().size(),
                             secret ^ (static_cast<std::uint64_t>(thing) + 1) << 56);
    return XXH3_64bits_withSeed(what, size, seed);
}

}  // namespace

Memory::Memory(const MemoryOptions& options)
    : slots_(std::bit_ceil(std::max(options.entries, kWays))),
      secret_(std::uint64_t{std::random_device{}()} << 32 | std::random_device{}()),
      learning_(options.learning) {}

Seen Memory::look(Thing thing, const IpAddress& server, const IpAddress& client,
                  Timestamp now) noexcept {
    return look(hash_of(thing, server, client.bytes().data(), client.bytes().size(), secret_), now);
}

Seen Memory::look(Thing thing, const IpAddress& server, std::string_view what,
                  Timestamp now) noexcept {
    return look(hash_of(thing, server, what.data(), what.size(), secret_), now);
}

Seen Memory::look(Thing thing, const IpAddress& server, std::uint64_t what,
                  Timestamp now) noexcept {
    return look(hash_of(thing, server, &what, sizeof what, secret_), now);
}

std::span<Memory::Slot> Memory::line_of(std::uint64_t name) noexcept {
    const std::size_t first = (name * kWays) & (slots_.size() - 1);
    return std::span(slots_).subspan(first, kWays);
}

Seen Memory::look(std::uint64_t hash, Timestamp now) noexcept {
    const std::uint64_t name = std::max<std::uint64_t>(hash >> kDayBits, 1);
    const std::uint64_t day = day_of(now);
    for (Slot& slot : line_of(name)) {
        std::uint64_t value = slot.load(std::memory_order_relaxed);
        if (value >> kDayBits != name) continue;
        // Once a day; whoever else writes it now knows as much.
        const std::uint64_t today = name << kDayBits | day;
        if (value != today &&
            slot.compare_exchange_strong(value, today, std::memory_order_relaxed)) {
            changes_.fetch_add(1, std::memory_order_relaxed);
        }
        return Seen::kBefore;
    }
    if (!remember(name, day)) return Seen::kBefore;
    std::int64_t began = 0;
    if (began_ns_.compare_exchange_strong(began, to_ns(now), std::memory_order_relaxed)) {
        began = to_ns(now);
    }
    return later_by(from_ns(began), learning_) > now ? Seen::kNow : Seen::kFirstTime;
}

/// Puts it into a free place of its line, or that of what was not seen for longest. False when
/// another worker has just done so.
bool Memory::remember(std::uint64_t name, std::uint64_t day) noexcept {
    constexpr int kAttempts = 8;  // others may be writing the same line
    const std::span<Slot> line = line_of(name);
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        Slot* oldest = nullptr;
        std::uint64_t oldest_value = 0;
        for (Slot& slot : line) {
            const std::uint64_t value = slot.load(std::memory_order_relaxed);
            if (value >> kDayBits == name) return false;
            const auto age = [](std::uint64_t v) { return v == 0 ? 0 : (v & 0xffff) + 1; };
            if (oldest == nullptr || age(value) < age(oldest_value)) {
                oldest = &slot;
                oldest_value = value;
            }
        }
        const bool was_free = oldest_value == 0;
        if (!oldest->compare_exchange_strong(oldest_value, name << kDayBits | day,
                                             std::memory_order_relaxed)) {
            continue;
        }
        (was_free ? used_ : evicted_).fetch_add(1, std::memory_order_relaxed);
        changes_.fetch_add(1, std::memory_order_relaxed);
        return true;
    }
    return true;  // not kept, and told again next time
}

}  // namespace querytap::novelty
