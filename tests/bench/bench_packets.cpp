// What one worker's inspection costs where traffic is not SQL, or is an attack on the flow table.
// Frames in memory; each packet gets its 5-tuple and sequence number just before its burst, which
// is timed alone (the baseline) and subtracted.
//
//   bench_packets [--flows N] [--packets N] [--floods N] [--idle N] [--json]
//
//   non-SQL      N flows that were identified as HTTP, in random order: 64-byte frames, then a mix
//                of 800 bytes on average
//   SYN flood    N connections that never answer, through a table of --flows, while a thousand TDS
//                sessions are established: each of them must still be detected afterwards
//   collisions   the same, four times as many as the table has places, from clients that were
//                chosen with the table's secret known: both places of each key lie in one 16th of
//                the table, which overflows all the time
//   expiry       --flows half-open connections of one second come to their end: the longest time
//                that one burst of packets takes then
//   idle TDS     bytes that a TDS session costs that has logged in and idles
//
// Exit status 1 when a session was lost, or evicted.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <querytap/pipeline/inspector.h>

#include "event_collector.h"
#include "tcp_builder.h"
#include "tds_builder.h"

namespace {

using namespace querytap;

/// Of the processor, not of the wall: whoever else runs here does not count.
double seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}
using Frame = std::vector<std::uint8_t>;

constexpr std::size_t kBurst = 32;
constexpr int kRuns = 3;
constexpr std::uint64_t kSecret = 0x5eed'0f'7ab1e;
constexpr std::uint32_t kSessions = 1000;
constexpr std::uint32_t kServer = 0xc0a80001;
constexpr std::string_view kRules =
    R"(alert tds any any -> any any (msg:"request"; tds.sql; content:"exec xp_cmdshell"; sid:1; rev:1;))";

constexpr std::size_t kSourceAt = 14 + 12;  // in an untagged IPv4 frame
constexpr std::size_t kPortAt = 14 + 20;
constexpr std::size_t kSequenceAt = kPortAt + 4;

struct Options {
    std::uint32_t flows = 1u << 20;
    std::uint64_t packets = 4'000'000;
    std::uint64_t floods = 20'000'000;
    std::uint32_t idle = 100'000;
    bool json = false;
};

/// Counts alerts by client port and address, forgets everything else.
class Alerts final : public pipeline::EventSink {
  public:
    pipeline::Event* reserve(pipeline::EventType) noexcept override { return &event_; }
    void publish() noexcept override {
        if (event_.type == pipeline::EventType::kAlert)
            clients_.insert(event_.conversation.flow_id);
    }
    std::size_t clients() const { return clients_.size(); }

  private:
    pipeline::Event event_;
    std::set<std::uint64_t> clients_;
};

void put32(std::uint8_t* at, std::uint32_t value) {
    const std::uint32_t network = __builtin_bswap32(value);
    std::memcpy(at, &network, sizeof(network));
}
void put16(std::uint8_t* at, std::uint16_t value) {
    const std::uint16_t network = __builtin_bswap16(value);
    std::memcpy(at, &network, sizeof(network));
}

struct Client {
    std::uint32_t address;
    std::uint16_t port;
};
Client client(std::uint64_t n) {
    return {0x0a000000u + static_cast<std::uint32_t>(n >> 5 & 0xffffff),
            static_cast<std::uint16_t>(20'000 + (n & 31))};
}

/// A frame from a client, of `size` bytes, that becomes any other client's. The shortest frame has
/// its filler behind the IP packet, as Ethernet does it; longer ones are full of data.
Frame frame(std::size_t size, std::uint16_t server_port, std::uint8_t flags, Bytes payload = {}) {
    constexpr std::size_t kHeaders = 54;
    constexpr std::size_t kShortest = 60;
    const std::vector<std::uint8_t> data(size > kShortest ? size - kHeaders : 0, 'x');
    Frame bytes =
        test::tcp_frame({.destination = kServer, .destination_port = server_port, .flags = flags},
                        payload.empty() ? Bytes{data} : payload);
    if (bytes.size() < kShortest) bytes.resize(kShortest);
    return bytes;
}

/// Bursts of frames that are rewritten for each use, in as many buffers as lie in an RX ring.
class Source {
  public:
    explicit Source(const std::vector<Frame>& patterns) {
        constexpr std::size_t kBuffers = 1024;
        for (std::size_t i = 0; i < kBuffers; ++i)
            buffers_.push_back(patterns[i % patterns.size()]);
    }

    /// count packets; whose(i) is the client of the i-th. Seconds.
    template <typename Whose>
    double run(std::uint64_t count, Whose&& whose, pipeline::Inspector* inspector) {
        const double begin = seconds();
        std::array<packet::Frame, kBurst> burst;
        for (std::uint64_t i = 0; i < count; i += kBurst) {
            time_ns_ += 3000;
            for (std::size_t j = 0; j < kBurst; ++j) {
                Frame& bytes = buffers_[next_];
                next_ = (next_ + 1) % buffers_.size();
                const Client from = whose(i + j);
                put32(bytes.data() + kSourceAt, from.address);
                put16(bytes.data() + kPortAt, from.port);
                put32(bytes.data() + kSequenceAt, static_cast<std::uint32_t>(i));
                bytes_ += bytes.size();
                burst[j] = {bytes, from_ns(time_ns_), ++ordinal_};
            }
            if (inspector != nullptr) {
                inspector->inspect(burst);
            } else {
                asm volatile("" : : "r"(burst.data()) : "memory");
            }
        }
        return seconds() - begin;
    }
    std::uint64_t take_bytes() { return std::exchange(bytes_, 0); }

    static inline std::int64_t time_ns_ = 1'700'000'000'000'000'000;
    static inline std::uint64_t ordinal_ = 0;

  private:
    std::vector<Frame> buffers_;
    std::size_t next_ = 0;
    std::uint64_t bytes_ = 0;
};

/// The table fills, and must evict.
constexpr flow::Timeouts kPatient{.half_open = std::chrono::hours(1),
                                  .at_once = flow::Timeouts::kAtOnceLive};

struct Bench {
    explicit Bench(std::uint32_t flows, std::uint32_t sessions = kSessions + 64,
                   const flow::Timeouts& timeouts = kPatient) {
        auto rules = signature::RuleSet::parse(kRules, "bench.rules");
        pipeline::Limits limits;
        limits.flows = flows;
        limits.sessions = sessions;
        limits.tds_events = false;
        limits.hash_secret = kSecret;
        limits.timeouts = timeouts;
        auto made = pipeline::Inspector::create(limits, {1, *rules, nullptr}, alerts);
        inspector = std::move(made).value();
    }
    const flow::TableCounters& flows() const { return inspector->stats().flow; }

    Alerts alerts;
    std::unique_ptr<pipeline::Inspector> inspector;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// Every flow once, in an order that no cache foresees.
auto shuffled(std::uint64_t flows) {
    return [flows](std::uint64_t i) { return client(i * 2'654'435'761u % flows); };
}

struct Rate {
    double pps;
    double bps;
};

Rate non_sql(Bench& bench, const Options& options, const std::vector<std::size_t>& sizes) {
    std::vector<Frame> patterns;
    for (const std::size_t size : sizes)
        patterns.push_back(frame(size, 443, packet::kAck));
    Source source(patterns);
    std::vector<double> alone;
    std::uint64_t bytes = 0;
    for (int i = 0; i < kRuns; ++i) {
        const double baseline = source.run(options.packets, shuffled(options.flows), nullptr);
        source.take_bytes();
        const double whole =
            source.run(options.packets, shuffled(options.flows), bench.inspector.get());
        bytes = source.take_bytes();
        alone.push_back(whole - baseline);
    }
    const double taken = median(alone);
    return {static_cast<double>(options.packets) / taken, static_cast<double>(bytes) * 8 / taken};
}

/// SYN, then a request that is recognised as HTTP, of every flow.
void open_flows(Bench& bench, std::uint32_t flows) {
    const std::string_view request = "GET / HTTP/1.1\r\n";
    Source syn({frame(60, 443, packet::kSyn)});
    Source get({frame(0, 443, packet::kAck | packet::kPsh, as_bytes(request))});
    const auto each = [](std::uint64_t n) { return client(n); };
    syn.run(flows, each, bench.inspector.get());
    get.run(flows, each, bench.inspector.get());
}

/// TDS sessions that log in, and later each send one request.
class Sessions {
  public:
    explicit Sessions(std::uint32_t count) : numbers_(count, {1, 1}) {}

    void log_in(pipeline::Inspector& inspector) {
        for (std::uint32_t n = 0; n < numbers_.size(); ++n) {
            send(inspector, n, true, packet::kSyn, {});
            send(inspector, n, false, packet::kSyn | packet::kAck, {});
            send(inspector, n, true, packet::kAck, test::prelogin());
            send(inspector, n, false, packet::kAck, test::prelogin_answer());
            send(inspector, n, true, packet::kAck, test::login7());
            send(inspector, n, false, packet::kAck, test::login_answer());
        }
    }
    void ask(pipeline::Inspector& inspector) {
        const auto request = test::batch("exec xp_cmdshell 'dir'");
        for (std::uint32_t n = 0; n < numbers_.size(); ++n)
            send(inspector, n, true, packet::kAck, request);
    }

  private:
    void send(pipeline::Inspector& inspector, std::uint32_t n, bool to_server, std::uint8_t flags,
              const std::vector<std::uint8_t>& payload) {
        auto& [from_client, from_server] = numbers_[n];
        std::uint32_t& next = to_server ? from_client : from_server;
        test::TcpFields fields{.source = 0xac100000u + (n >> 8),
                               .destination = kServer,
                               .source_port = static_cast<std::uint16_t>(1024 + (n & 255)),
                               .sequence = next,
                               .acknowledgement = to_server ? from_server : from_client,
                               .flags = flags};
        if (!to_server) {
            std::swap(fields.source, fields.destination);
            std::swap(fields.source_port, fields.destination_port);
        }
        const test::OwnedFrame owned{test::tcp_frame(fields, payload), from_ns(++Source::time_ns_),
                                     ++Source::ordinal_};
        inspector.inspect(std::array{owned.frame()});
        next += static_cast<std::uint32_t>(payload.size()) + ((flags & packet::kSyn) != 0 ? 1 : 0);
    }
    std::vector<std::pair<std::uint32_t, std::uint32_t>> numbers_;
};

struct Flood {
    double pps = 0;
    std::size_t detected = 0;
    std::uint64_t evicted = 0;
    std::uint64_t evicted_sessions = 0;
    bool good() const { return detected == kSessions && evicted_sessions == 0; }
};

template <typename Whose>
Flood flood(std::uint32_t flows, std::uint64_t packets, Whose&& whose) {
    Bench bench(flows);
    Sessions sessions(kSessions);
    sessions.log_in(*bench.inspector);
    Source source({frame(60, 1433, packet::kSyn)});
    const double baseline = source.run(packets / 8, whose, nullptr) * 8;
    const double whole = source.run(packets, whose, bench.inspector.get());
    sessions.ask(*bench.inspector);
    return {static_cast<double>(packets) / (whole - baseline), bench.alerts.clients(),
            bench.flows().ended_evicted.read(), bench.flows().evicted_sql.read()};
}

/// Clients whose keys have both their places in one 16th of the table.
std::vector<Client> crowded(std::size_t count) {
    constexpr std::uint64_t kBoth = 0x0000'0f00'0000'0f00;
    std::vector<Client> found;
    for (std::uint64_t n = 0; found.size() < count; ++n) {
        const Client from{0x0a000000u + static_cast<std::uint32_t>(n >> 14 & 0xffffff),
                          static_cast<std::uint16_t>(2'000 + (n & 0x3fff))};
        const flow::Key key{.a = {IpAddress::v4(from.address), from.port},
                            .b = {IpAddress::v4(kServer), 1433}};
        if ((flow::hash(key, kSecret) & kBoth) == 0) found.push_back(from);
    }
    return found;
}

/// A quarter of the table's flows, for an eighth of its places; each has been evicted when its turn
/// comes again.
Flood collisions(std::uint32_t flows) {
    const std::vector<Client> clients = crowded(flows / 4);
    return flood(flows, std::uint64_t{flows} * 4,
                 [&clients](std::uint64_t n) { return clients[n % clients.size()]; });
}

struct Expiry {
    double longest = 0;  ///< burst, seconds
    std::uint64_t bursts = 0;
};

/// What somebody else's packets wait while a tableful of connections ends.
Expiry expiry(std::uint32_t flows) {
    Bench bench(flows, kSessions + 64, {.at_once = flow::Timeouts::kAtOnceLive});
    Source syns({frame(60, 1433, packet::kSyn)});
    syns.run(
        flows, [](std::uint64_t n) { return client(n); }, bench.inspector.get());
    Source::time_ns_ += 31'000'000'000;
    Source others({frame(60, 443, packet::kAck)});
    Expiry found;
    for (; bench.flows().active.read() > 1; ++found.bursts) {
        const double taken = others.run(
            kBurst, [](std::uint64_t) { return client(0); }, bench.inspector.get());
        found.longest = std::max(found.longest, taken);
    }
    return found;
}

double resident() {
    std::ifstream in("/proc/self/status");
    for (std::string name; in >> name;) {
        double kb = 0;
        if (name == "VmRSS:" && in >> kb) return kb * 1024;
    }
    return 0;
}

double idle_session_bytes(std::uint32_t count) {
    Bench bench(count, count);
    Sessions warm(8);
    warm.log_in(*bench.inspector);
    const double before = resident();
    auto sessions = std::make_unique<Sessions>(count - 8);
    sessions->log_in(*bench.inspector);
    const double own = static_cast<double>(count) * sizeof(std::pair<std::uint32_t, std::uint32_t>);
    return (resident() - before - own) / (count - 8);
}

bool read_options(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        const std::uint64_t value = i + 1 < argc ? std::strtoull(argv[i + 1], nullptr, 10) : 0;
        if (name == "--json") {
            options.json = true;
            continue;
        }
        if (value < 64) return false;
        if (name == "--flows") {
            options.flows = static_cast<std::uint32_t>(value);
        } else if (name == "--packets") {
            options.packets = value / kBurst * kBurst;
        } else if (name == "--floods") {
            options.floods = value / kBurst * kBurst;
        } else if (name == "--idle") {
            options.idle = static_cast<std::uint32_t>(value);
        } else {
            return false;
        }
        ++i;
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!read_options(argc, argv, options)) {
        std::fputs(
            "usage: bench_packets [--flows N] [--packets N] [--floods N] [--idle N] [--json]\n",
            stderr);
        return 2;
    }
    const double session = idle_session_bytes(options.idle);
    Rate small{};
    Rate mixed{};
    {
        Bench bench(options.flows);
        open_flows(bench, options.flows);
        small = non_sql(bench, options, {60});
        mixed = non_sql(bench, options, {60, 1514, 590, 1514, 60, 1514, 60, 1514, 60, 1514});
    }
    const Flood plain =
        flood(options.flows, options.floods, [](std::uint64_t n) { return client(n); });
    const Flood colliding = collisions(options.flows);
    const Expiry ending = expiry(options.flows);

    if (options.json) {
        std::printf(
            "{\"small_pps\":%.0f,\"small_bps\":%.0f,\"mixed_pps\":%.0f,\"mixed_bps\":%.0f,"
            "\"flood_pps\":%.0f,\"flood_detected\":%zu,\"flood_evicted_sessions\":%lu,"
            "\"colliding_pps\":%.0f,\"colliding_detected\":%zu,"
            "\"colliding_evicted_sessions\":%lu,\"expiry_burst_us\":%.1f,\"sessions\":%u,"
            "\"session_bytes\":%.0f}\n",
            small.pps, small.bps, mixed.pps, mixed.bps, plain.pps, plain.detected,
            plain.evicted_sessions, colliding.pps, colliding.detected, colliding.evicted_sessions,
            ending.longest * 1e6, kSessions, session);
    } else {
        const auto report = [](const char* what, const Rate& rate) {
            std::printf("%-44s %8.2f Mpps %8.2f Gbit/s\n", what, rate.pps / 1e6, rate.bps / 1e9);
        };
        report("non-SQL, 64-byte frames", small);
        report("non-SQL, 800-byte mix", mixed);
        const auto report_flood = [](const char* what, const Flood& flood) {
            std::printf("%-44s %8.2f Mpps, %zu of %u sessions detected, %lu evicted of %lu\n", what,
                        flood.pps / 1e6, flood.detected, kSessions, flood.evicted_sessions,
                        flood.evicted);
        };
        report_flood("SYN flood", plain);
        report_flood("collisions, the secret known", colliding);
        std::printf("%-44s %8.1f us, of %lu\n", "the longest burst while all flows end",
                    ending.longest * 1e6, ending.bursts);
        std::printf("%-44s %8.0f bytes\n", "an idle TDS session, its flow included", session);
    }
    return plain.good() && colliding.good() ? 0 : 1;
}
