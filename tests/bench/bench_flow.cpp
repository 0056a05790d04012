// The flow table beside DPDK's rte_hash: insert, look up in bursts, erase, at 50, 75 and 90 % load.
//
//   bench_flow [--largest FLOWS] [--memory FLOWS]
//
// --largest: tables up to this capacity, a power of two (default 2^24); those that do not fit into
// memory are skipped. --memory: instead, what so many idle flows take, IPv4 and IPv6; fails where
// that is more than the appliance promises (214 bytes: ten million in 2 GiB).
//
// rte_hash finds a key's data and no more. Beside it stands the same 64-byte record for each flow,
// written as the table writes its own. The table does more when it inserts (time-outs, identifiers,
// details) and erases (order of ends, callback). Hashes are the same, made by the table. Times are
// of the processor, medians of three, less what it takes to make the keys.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rte_eal.h>
#include <rte_hash.h>

#include <querytap/base/mapped_array.h>
#include <querytap/flow/table.h>

namespace {

using namespace querytap;

constexpr std::size_t kBurst = 64;
constexpr int kRuns = 3;
constexpr int kLooks = 2;  // look-ups of each flow
constexpr std::uint64_t kSecret = 0x5eed'0f'7ab1e;
constexpr double kPromised = 2.0 * (1u << 30) / 10e6;
const Timestamp kNow = from_ns(1'700'000'000'000'000'000);

flow::Lookup lookup_of(std::uint64_t n, bool ipv6 = false) {
    const std::uint64_t mixed = n * 0x9e3779b97f4a7c15;
    flow::Lookup lookup;
    lookup.key.a = {IpAddress::v4(0x0a000000u | static_cast<std::uint32_t>(mixed >> 60)), 443};
    lookup.key.b = {IpAddress::v4(0x0b000000u | static_cast<std::uint32_t>(n >> 12 & 0xffffff)),
                    static_cast<std::uint16_t>(20000 + (n & 0xfff))};
    if (ipv6) {
        std::array<std::uint8_t, 16> bytes{0x20, 0x01, 0x0d, 0xb8};
        lookup.key.a.address = IpAddress::v6(bytes);
        std::memcpy(bytes.data() + 8, &n, sizeof(n));
        lookup.key.b.address = IpAddress::v6(bytes);
    }
    return lookup;
}

/// A flow for each number below `count`, in an order that caches cannot foresee; each lap in one of
/// its own, so that flows are not looked up in the order in which they were made.
struct Order {
    std::uint64_t count;
    std::uint64_t operator()(std::uint64_t n, std::uint64_t lap) const {
        constexpr std::uint64_t kPrimes[] = {2'654'435'761u, 3'266'489'917u, 2'246'822'519u,
                                             374'761'393u};
        return n * kPrimes[lap % std::size(kPrimes)] % count;
    }
};

double seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

struct Times {
    double insert = 0;
    double find = 0;
    double erase = 0;  // nanoseconds for each flow
};

/// What both tables offer, a burst at a time.
struct Burst {
    std::array<flow::Lookup, kBurst> lookups;
    std::array<std::uint64_t, kBurst> hashes;
    std::size_t size = 0;
};

template <typename Use>
double bursts(std::uint64_t count, int first_lap, int laps, Use&& use) {
    const Order order{count};
    const double begin = seconds();
    Burst burst;
    for (int lap = first_lap; lap < first_lap + laps; ++lap) {
        for (std::uint64_t n = 0; n < count; ++n) {
            flow::Lookup& lookup = burst.lookups[burst.size];
            lookup = lookup_of(order(n, static_cast<std::uint64_t>(lap)));
            burst.hashes[burst.size++] = flow::hash(lookup.key, kSecret);
            if (burst.size < kBurst && n + 1 < count) continue;
            use(burst);
            burst.size = 0;
        }
    }
    return (seconds() - begin) * 1e9 / static_cast<double>(count) / laps;
}

packet::PacketView datagram() {
    packet::PacketView packet;
    packet.protocol = packet::IpProtocol::kUdp;
    packet.wire_size = 100;
    return packet;
}

Times of_table(std::size_t capacity, std::uint64_t count) {
    std::uint64_t ended = 0;
    flow::Table table(capacity, {}, kSecret,
                      [&ended](flow::Flow&, flow::EndReason, Timestamp) { ++ended; });
    const packet::PacketView packet = datagram();
    const auto see = [&](const Burst& burst) {
        for (std::size_t i = 0; i < burst.size; ++i)
            table.prefetch(burst.hashes[i]);
        for (std::size_t i = 0; i < burst.size; ++i)
            table.prefetch_flow(burst.hashes[i]);
        bool created = false;
        for (std::size_t i = 0; i < burst.size; ++i) {
            flow::Flow& flow =
                table.find_or_create(burst.lookups[i], burst.hashes[i], packet, kNow, created);
            table.account(flow, flow::Side::kFromA, packet, kNow);
        }
    };
    Times times;
    times.insert = bursts(count, 0, 1, see);
    if (table.counters().ended_evicted.read() != 0) std::fputs("flows were evicted\n", stderr);
    times.find = bursts(count, 1, kLooks, see);
    const double begin = seconds();
    table.end_all(kNow);
    times.erase = (seconds() - begin) * 1e9 / static_cast<double>(count);
    if (ended != count) std::fprintf(stderr, "%lu of %lu flows ended\n", ended, count);
    return times;
}

/// What a key is to rte_hash: bytes without padding.
struct RteKey {
    std::array<std::uint8_t, 32> addresses;
    std::uint16_t port_a;
    std::uint16_t port_b;
    std::uint32_t protocol;
};

RteKey rte_key_of(const flow::Key& key) {
    RteKey out{};
    std::copy_n(key.a.address.bytes().begin(), 16, out.addresses.begin());
    std::copy_n(key.b.address.bytes().begin(), 16, out.addresses.begin() + 16);
    out.port_a = key.a.port;
    out.port_b = key.b.port;
    out.protocol = static_cast<std::uint32_t>(key.protocol);
    return out;
}

std::optional<Times> of_rte_hash(std::size_t capacity, std::uint64_t count) {
    const std::string name = "bench_" + std::to_string(capacity) + "_" + std::to_string(count);
    rte_hash_parameters parameters{};
    parameters.name = name.c_str();
    parameters.entries = static_cast<std::uint32_t>(capacity);
    parameters.key_len = sizeof(RteKey);
    const std::unique_ptr<rte_hash, void (*)(rte_hash*)> table(rte_hash_create(&parameters),
                                                               rte_hash_free);
    if (table == nullptr) return {};
    MappedArray<flow::Flow> flows(capacity);
    std::uint64_t used = 0;
    std::uint64_t lost = 0;
    std::array<RteKey, kBurst> keys;
    std::array<const void*, kBurst> pointers;
    std::array<hash_sig_t, kBurst> signatures;
    std::array<void*, kBurst> found;
    const auto prepare = [&](const Burst& burst) {
        for (std::size_t i = 0; i < burst.size; ++i) {
            keys[i] = rte_key_of(burst.lookups[i].key);
            pointers[i] = &keys[i];
            signatures[i] = static_cast<hash_sig_t>(burst.hashes[i]);
        }
    };
    const auto account = [](flow::Flow& flow) {
        flow.from_a.add(100);
        flow.last = kNow;
    };
    Times times;
    times.insert = bursts(count, 0, 1, [&](const Burst& burst) {
        prepare(burst);
        for (std::size_t i = 0; i < burst.size; ++i) {
            flow::Flow* const flow = new (&flows[used]) flow::Flow{};
            if (rte_hash_add_key_with_hash_data(table.get(), pointers[i], signatures[i], flow) !=
                0) {
                ++lost;
                continue;
            }
            ++used;
            account(*flow);
        }
    });
    times.find = bursts(count, 1, kLooks, [&](const Burst& burst) {
        prepare(burst);
        std::uint64_t hits = 0;
        rte_hash_lookup_with_hash_bulk_data(table.get(), pointers.data(), signatures.data(),
                                            static_cast<std::uint32_t>(burst.size), &hits,
                                            found.data());
        for (std::size_t i = 0; i < burst.size; ++i)
            if (hits >> i & 1) __builtin_prefetch(found[i], 1);
        for (std::size_t i = 0; i < burst.size; ++i)
            if (hits >> i & 1) account(*static_cast<flow::Flow*>(found[i]));
    });
    times.erase = bursts(count, 3, 1, [&](const Burst& burst) {
        prepare(burst);
        for (std::size_t i = 0; i < burst.size; ++i)
            rte_hash_del_key_with_hash(table.get(), pointers[i], signatures[i]);
    });
    if (lost != 0) std::fprintf(stderr, "rte_hash refused %lu of %lu keys\n", lost, count);
    return times;
}

/// kB of a line in a file of /proc.
std::uint64_t kilobytes(const char* file, std::string_view field) {
    std::ifstream in(file);
    for (std::string name; in >> name;) {
        std::uint64_t value = 0;
        if (name == field && in >> value) return value;
    }
    return 0;
}

double median(double Times::*member, const std::vector<Times>& runs) {
    std::vector<double> values;
    for (const Times& run : runs)
        values.push_back(run.*member);
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void compare(std::size_t capacity, unsigned percent) {
    const std::uint64_t count = capacity * percent / 100;
    std::vector<Times> ours;
    std::vector<Times> theirs;
    std::vector<double> keys;
    for (int run = 0; run < kRuns; ++run) {
        keys.push_back(bursts(count, 0, 1, [](const Burst& burst) {
            asm volatile("" : : "r"(&burst) : "memory");
        }));
        ours.push_back(of_table(capacity, count));
        if (auto times = of_rte_hash(capacity, count)) theirs.push_back(*times);
    }
    std::sort(keys.begin(), keys.end());
    const double key = keys[keys.size() / 2];
    if (theirs.empty()) {
        std::printf("%9zu  %2u %%   rte_hash has no memory for it: skipped\n", capacity, percent);
        return;
    }
    // The table ends all its flows without being told their keys.
    const double insert = median(&Times::insert, ours) - key;
    const double find = median(&Times::find, ours) - key;
    const double erase = median(&Times::erase, ours);
    const double rte_insert = median(&Times::insert, theirs) - key;
    const double rte_find = median(&Times::find, theirs) - key;
    const double rte_erase = median(&Times::erase, theirs) - key;
    std::printf("%9zu  %2u %%  %7.1f %7.1f %5.2f  %7.1f %7.1f %5.2f  %7.1f %7.1f %5.2f\n", capacity,
                percent, insert, rte_insert, insert / rte_insert, find, rte_find, find / rte_find,
                erase, rte_erase, erase / rte_erase);
    std::fflush(stdout);
}

/// True when the promise is kept.
bool measure_memory(std::uint64_t count, bool ipv6) {
    const std::uint64_t before = kilobytes("/proc/self/status", "VmRSS:");
    flow::Table table(count, {}, kSecret, [](flow::Flow&, flow::EndReason, Timestamp) {});
    const packet::PacketView packet = datagram();
    bool created = false;
    for (std::uint64_t n = 0; n < count; ++n) {
        const flow::Lookup lookup = lookup_of(n, ipv6);
        flow::Flow& flow =
            table.find_or_create(lookup, table.hash(lookup.key), packet, kNow, created);
        table.account(flow, flow::Side::kFromA, packet, kNow);
    }
    const double bytes =
        static_cast<double>(kilobytes("/proc/self/status", "VmRSS:") - before) * 1024;
    const double each = bytes / static_cast<double>(count);
    std::printf("%lu idle flows of %s: %.2f GiB, %.1f bytes each, %.2f of what is promised\n",
                table.counters().active.read(), ipv6 ? "IPv6" : "IPv4", bytes / (1u << 30), each,
                each / kPromised);
    return each <= kPromised && table.counters().active.read() == count;
}

bool start_eal(std::uint64_t megabytes) {
    std::string size = std::to_string(megabytes);
    std::vector<std::string> arguments{
        "bench_flow", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
        "-m",         size,        "-l",       "0",           "--log-level=error"};
    std::vector<char*> pointers;
    for (std::string& argument : arguments)
        pointers.push_back(argument.data());
    return rte_eal_init(static_cast<int>(pointers.size()), pointers.data()) >= 0;
}

/// Of both tables together, for each place.
constexpr std::size_t kBytesPerPlace = 400;
constexpr std::size_t kRteBytesPerPlace = 120;

int compare_all(std::size_t largest) {
    const std::uint64_t available = kilobytes("/proc/meminfo", "MemAvailable:") * 1024;
    while (largest > 1024 && largest * kBytesPerPlace > available) {
        std::printf("%9zu  skipped: %lu MiB of memory are too few\n", largest, available >> 20);
        largest /= 2;
    }
    if (!start_eal(std::max<std::uint64_t>(64, largest * kRteBytesPerPlace >> 20))) {
        std::fputs("skipped: EAL does not start\n", stderr);
        return 0;
    }
    std::puts(
        "                insert: ns, rte_hash,   find: ns, rte_hash,     erase: ns, rte_hash,\n"
        " capacity  load          and ratio               and ratio               and ratio");
    for (std::size_t capacity = std::min<std::size_t>(1u << 14, largest); capacity <= largest;
         capacity = capacity < largest && capacity * 8 > largest ? largest : capacity * 8) {
        for (const unsigned percent : {50u, 75u, 90u})
            compare(capacity, percent);
    }
    rte_eal_cleanup();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 1) return compare_all(1u << 24);
    const std::string_view option = argv[1];
    const std::uint64_t number = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
    if (option == "--largest" && number >= 1024 && std::has_single_bit(number)) {
        return compare_all(number);
    }
    if (option == "--memory" && number > 0) {
        const bool ipv4 = measure_memory(number, false);
        const bool ipv6 = measure_memory(number, true);
        return ipv4 && ipv6 ? 0 : 1;
    }
    std::fputs("usage: bench_flow [--largest POWER_OF_TWO] [--memory FLOWS]\n", stderr);
    return 2;
}
