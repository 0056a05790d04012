// The flow table beside DPDK's rte_hash: insert, look up in bursts, erase; IPv4 and IPv6.
//
//   bench_flow [--largest FLOWS] [--memory FLOWS]
//
// --largest: tables up to this capacity, a power of two (default 2^24); those that do not fit into
// memory are skipped. --memory: instead, what so many idle flows take, IPv4 and IPv6; fails where
// that is more than the appliance promises (214 bytes: ten million in 2 GiB).
//
// Load is flows of the capacity, 50, 75 and 90 %. rte_hash has as many places in its index as the
// capacity, the table a quarter more. Keys of rte_hash have 16 bytes for IPv4 and 48 for IPv6,
// which it compares with SIMD. Both stand on pages of the same size: 2 MiB where the system has
// enough set apart, else 4 KiB; the output says which.
//
// rte_hash finds a key's data and no more. Beside it stands the same 64-byte record for each flow,
// written as the table writes its own. The table does more when it inserts (time-outs, identifiers,
// details) and erases (order of ends, callback). A miss is told by the index; a tag that another
// key has, too, is not compared further. Hashes are the same, made by the table. Times are of the
// processor, medians of three, less what it takes to make the keys.
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
#include <sys/prctl.h>
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

flow::Lookup lookup_of(std::uint64_t n, bool ipv6) {
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

/// Nanoseconds for each flow.
struct Times {
    double insert = 0;
    double hit = 0;
    double miss = 0;
    double erase = 0;
};

/// Flows of the same kind: in a table of `capacity`, `count` of them.
struct Case {
    std::size_t capacity;
    std::uint64_t count;
    bool ipv6;
};

/// What both tables offer, a burst at a time.
struct Burst {
    std::array<flow::Lookup, kBurst> lookups;
    std::array<std::uint64_t, kBurst> hashes;
    std::size_t size = 0;
};

/// first: the number of the first flow; those from `count` on are in no table.
template <typename Use>
double bursts(const Case& given, std::uint64_t first, int first_lap, int laps, Use&& use) {
    const Order order{given.count};
    const double begin = seconds();
    Burst burst;
    for (int lap = first_lap; lap < first_lap + laps; ++lap) {
        for (std::uint64_t n = 0; n < given.count; ++n) {
            flow::Lookup& lookup = burst.lookups[burst.size];
            lookup = lookup_of(first + order(n, static_cast<std::uint64_t>(lap)), given.ipv6);
            burst.hashes[burst.size++] = flow::hash(lookup.key, kSecret);
            if (burst.size < kBurst && n + 1 < given.count) continue;
            use(burst);
            burst.size = 0;
        }
    }
    return (seconds() - begin) * 1e9 / static_cast<double>(given.count) / laps;
}

packet::PacketView datagram() {
    packet::PacketView packet;
    packet.protocol = packet::IpProtocol::kUdp;
    packet.wire_size = 100;
    return packet;
}

Times of_table(const Case& given) {
    const std::uint64_t count = given.count;
    std::uint64_t ended = 0;
    flow::Table table(given.capacity, {}, kSecret,
                      [&ended](flow::Flow&, flow::EndReason, Timestamp) { ++ended; });
    const packet::PacketView packet = datagram();
    std::array<std::uint32_t, kBurst> places;
    const auto look = [&](const Burst& burst) {
        for (std::size_t i = 0; i < burst.size; ++i)
            table.prefetch(burst.hashes[i]);
        for (std::size_t i = 0; i < burst.size; ++i)
            places[i] = table.prefetch_flow(burst.hashes[i]);
    };
    const auto see = [&](const Burst& burst) {
        look(burst);
        bool created = false;
        for (std::size_t i = 0; i < burst.size; ++i) {
            flow::Flow& flow = table.find_or_create(burst.lookups[i], burst.hashes[i], packet, kNow,
                                                    created, places[i]);
            table.account(flow, flow::Side::kFromA, packet, kNow);
        }
    };
    Times times;
    times.insert = bursts(given, 0, 0, 1, see);
    if (table.counters().ended_evicted.read() != 0) std::fputs("flows were evicted\n", stderr);
    times.hit = bursts(given, 0, 1, kLooks, see);
    if (table.counters().created.read() != count) std::fputs("a flow was not found\n", stderr);
    times.miss = bursts(given, count, 1, kLooks, look);
    const double begin = seconds();
    table.end_all(kNow);
    times.erase = (seconds() - begin) * 1e9 / static_cast<double>(count);
    if (ended != count) std::fprintf(stderr, "%lu of %lu flows ended\n", ended, count);
    return times;
}

/// What a key is to rte_hash: addresses, ports, protocol, zeros up to a size that it has a
/// comparison for.
template <std::size_t kAddressBytes, std::size_t kSize>
struct RteKey {
    std::array<std::uint8_t, kSize> bytes{};

    RteKey() = default;
    explicit RteKey(const flow::Key& key) {
        // The end of an address is all of it in IPv4.
        const auto& a = key.a.address.bytes();
        const auto& b = key.b.address.bytes();
        std::uint8_t* at = std::copy(a.end() - kAddressBytes, a.end(), bytes.data());
        at = std::copy(b.end() - kAddressBytes, b.end(), at);
        const std::array<std::uint16_t, 3> rest{key.a.port, key.b.port,
                                                static_cast<std::uint16_t>(key.protocol)};
        static_assert(2 * kAddressBytes + sizeof(rest) <= kSize);
        std::memcpy(at, rest.data(), sizeof(rest));
    }
};
using RteKey4 = RteKey<4, 16>;
using RteKey6 = RteKey<16, 48>;

template <typename Key>
std::optional<Times> of_rte_hash(const Case& given) {
    static unsigned number = 0;
    const std::string name = "bench_" + std::to_string(++number);
    rte_hash_parameters parameters{};
    parameters.name = name.c_str();
    parameters.entries = static_cast<std::uint32_t>(given.capacity);
    parameters.key_len = sizeof(Key::bytes);
    const std::unique_ptr<rte_hash, void (*)(rte_hash*)> table(rte_hash_create(&parameters),
                                                               rte_hash_free);
    if (table == nullptr) return {};
    MappedArray<flow::Flow> flows(given.capacity);
    std::uint64_t used = 0;
    std::uint64_t lost = 0;
    std::uint64_t found_all = 0;
    std::array<Key, kBurst> keys;
    std::array<const void*, kBurst> pointers;
    std::array<hash_sig_t, kBurst> signatures;
    std::array<void*, kBurst> found;
    const auto prepare = [&](const Burst& burst) {
        for (std::size_t i = 0; i < burst.size; ++i) {
            keys[i] = Key(burst.lookups[i].key);
            pointers[i] = &keys[i];
            signatures[i] = static_cast<hash_sig_t>(burst.hashes[i]);
        }
    };
    const auto account = [](flow::Flow& flow) {
        flow.from_a.add(100);
        flow.last = kNow;
    };
    const auto look = [&](const Burst& burst) {
        prepare(burst);
        std::uint64_t hits = 0;
        rte_hash_lookup_with_hash_bulk_data(table.get(), pointers.data(), signatures.data(),
                                            static_cast<std::uint32_t>(burst.size), &hits,
                                            found.data());
        found_all += static_cast<std::uint64_t>(std::popcount(hits));
        for (std::size_t i = 0; i < burst.size; ++i)
            if (hits >> i & 1) __builtin_prefetch(found[i], 1);
        for (std::size_t i = 0; i < burst.size; ++i)
            if (hits >> i & 1) account(*static_cast<flow::Flow*>(found[i]));
    };
    Times times;
    times.insert = bursts(given, 0, 0, 1, [&](const Burst& burst) {
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
    times.hit = bursts(given, 0, 1, kLooks, look);
    times.miss = bursts(given, given.count, 1, kLooks, look);
    if (found_all != used * kLooks) std::fputs("rte_hash found what is not there\n", stderr);
    times.erase = bursts(given, 0, 3, 1, [&](const Burst& burst) {
        prepare(burst);
        for (std::size_t i = 0; i < burst.size; ++i)
            rte_hash_del_key_with_hash(table.get(), pointers[i], signatures[i]);
    });
    if (lost != 0) std::fprintf(stderr, "rte_hash refused %lu of %lu keys\n", lost, given.count);
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

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

constexpr double Times::*kColumns[] = {&Times::insert, &Times::hit, &Times::miss, &Times::erase};

/// Medians, less what it takes to make a key.
Times medians(const std::vector<Times>& runs, double key, bool erases_by_key) {
    Times times;
    for (double Times::*const column : kColumns) {
        std::vector<double> values;
        for (const Times& run : runs)
            values.push_back(run.*column);
        times.*column = median(values) - (column == &Times::erase && !erases_by_key ? 0 : key);
    }
    return times;
}

void print(const char* what, const Times& times) {
    std::printf("    %-12s", what);
    for (double Times::*const column : kColumns)
        std::printf("  %8.1f        ", times.*column);
    std::puts("");
}

/// In brackets what the table takes of it: below 1, the table is faster.
void print_beside(const Times& times, const Times& ours) {
    std::printf("    %-12s", "rte_hash");
    for (double Times::*const column : kColumns)
        std::printf("  %8.1f (%5.2f)", times.*column, ours.*column / times.*column);
    std::puts("");
}

void compare(std::size_t capacity, unsigned percent, bool ipv6) {
    const Case given{capacity, capacity * percent / 100, ipv6};
    std::vector<Times> ours;
    std::vector<Times> theirs;
    std::vector<double> keys;
    for (int run = 0; run < kRuns; ++run) {
        keys.push_back(bursts(given, 0, 0, 1, [](const Burst& burst) {
            asm volatile("" : : "r"(&burst) : "memory");
        }));
        ours.push_back(of_table(given));
        if (auto times = ipv6 ? of_rte_hash<RteKey6>(given) : of_rte_hash<RteKey4>(given))
            theirs.push_back(*times);
    }
    const double key = median(keys);
    // The table ends all its flows without being told their keys.
    const Times own = medians(ours, key, false);
    std::printf("%s, capacity %zu, load %u %%\n", ipv6 ? "IPv6" : "IPv4", capacity, percent);
    print("flow::Table", own);
    if (theirs.empty()) {
        std::puts("    rte_hash has no memory for it: skipped");
    } else {
        print_beside(medians(theirs, key, true), own);
    }
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

/// Enough pages of 2 MiB set apart for rte_hash. The table's own come from the kernel when asked.
bool has_hugepages(std::uint64_t megabytes) {
    std::uint64_t free = 0;
    std::ifstream("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") >> free;
    std::string enabled;
    std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"), enabled);
    return free * 2 >= megabytes && !enabled.empty() &&
           enabled.find("[never]") == std::string::npos;
}

bool start_eal(std::uint64_t megabytes) {
    const bool huge = has_hugepages(megabytes);
    // For all of the process: the table's pages are as small as rte_hash's then.
    if (!huge && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) return false;
    std::printf("both on pages of %s\n", huge ? "2 MiB" : "4 KiB");
    std::string size = std::to_string(megabytes);
    std::vector<std::string> arguments{"bench_flow",
                                       huge ? "--in-memory" : "--no-huge",
                                       "--no-pci",
                                       "--no-shconf",
                                       "--no-telemetry",
                                       "-m",
                                       size,
                                       "-l",
                                       "0",
                                       "--log-level=error"};
    std::vector<char*> pointers;
    for (std::string& argument : arguments)
        pointers.push_back(argument.data());
    return rte_eal_init(static_cast<int>(pointers.size()), pointers.data()) >= 0;
}

/// Of both tables together, for each place.
constexpr std::size_t kBytesPerPlace = 400;
constexpr std::size_t kRteBytesPerPlace = 160;

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
        "ns for each flow, and what the table takes of it\n"
        "                    insert              hit              miss             erase");
    for (std::size_t capacity = std::min<std::size_t>(1u << 14, largest); capacity <= largest;
         capacity = capacity < largest && capacity * 8 > largest ? largest : capacity * 8) {
        for (const bool ipv6 : {false, true}) {
            for (const unsigned percent : {50u, 75u, 90u})
                compare(capacity, percent, ipv6);
        }
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
