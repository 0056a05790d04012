// querytap.yaml -> checked types. Every error names file, line, column, what was wrong and what to
// write instead; unknown keys are errors (with the nearest known key), not surprises.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <querytap/base/result.h>

namespace querytap::config {

struct Port {
    std::string
        device;  ///< PCI address ("0000:03:00.0") or vdev arguments ("net_af_packet0,iface=eth1")
    bool is_vdev = false;
    std::uint16_t rx_descriptors = 1024;
    std::uint16_t queues = 0;  ///< 0 = one for each worker where the device can, else one
};

struct Workers {
    unsigned count = 1;
    std::vector<unsigned> cores;  ///< one for each worker; empty = the next free cores
    std::optional<unsigned> distributor_core;
    std::optional<unsigned> control_core;
    bool spin = true;  ///< poll without pause; false yields when idle (laptops, shared cores)
};

struct Memory {
    bool hugepages = true;
    unsigned mbufs = 65536;     ///< in the pool of each port
    unsigned mbuf_size = 2048;  ///< data room; larger frames take several mbufs
    unsigned size_mb = 0;       ///< EAL memory; 0 = as needed
};

enum class FlowRecords : std::uint8_t { kSql, kAll };

/// What events show of SQL texts, parameters, error messages and matched bytes.
enum class SqlText : std::uint8_t {
    kFull,      ///< all but passwords
    kRedacted,  ///< without literals
    kNone,      ///< nothing: sizes, hashes and names remain
};

struct Eve {
    std::string file;  ///< empty = none; "-" = standard output
    bool alert = true;
    bool verdict = true;
    bool flow = true;
    bool tds = true;
    bool stats = true;
    FlowRecords flows = FlowRecords::kSql;
    SqlText sql_text = SqlText::kFull;
    unsigned stats_interval_s = 30;
};

struct Limits {
    std::size_t flows = 1u << 20;            ///< of each worker
    std::size_t sessions = 1u << 14;         ///< TDS connections of each worker
    std::size_t stream_memory_mb = 64;       ///< held out-of-order bytes of each worker
    std::size_t fragmented_datagrams = 256;  ///< under way at once, of each worker
    unsigned event_ring = 4096;              ///< slots, power of two
    unsigned timeout_established_s = 3600;
    unsigned timeout_half_open_s = 30;
    unsigned timeout_closing_s = 30;
    unsigned timeout_closed_s = 5;
    unsigned timeout_udp_s = 30;
};

struct Decode {
    static constexpr std::size_t kVxlanPortsMax = 8;
    std::vector<unsigned> vxlan_ports{4789, 8472};  ///< UDP
};

struct Stream {
    bool last_copy_wins = false;  ///< of bytes that came twice before their turn
    unsigned gap_timeout_ms = 2000;
};

/// What tells flows apart beside addresses, ports and protocol.
struct Flow {
    bool vlan_in_key = false;
    bool vni_in_key = false;
};

/// What happens when a worker cannot keep up.
struct Overload {
    bool shed = true;  ///< leave out the least valuable payload, see pipeline::Load
};

/// What a finding counts for the verdict; 0: it is counted in the metrics, and no evidence. Which
/// findings there are, verdict::weights_of() knows.
struct Weight {
    static constexpr std::uint16_t kMax = 1000;
    std::string finding;
    std::uint16_t weight = 0;
    Error place;  ///< where it stands, for a message
};

struct Verdict {
    std::vector<Weight> weights;
    unsigned half_life_h = 24;       ///< of the evidence against a pair that is not seen again
    std::size_t pairs = 65536;       ///< kept at once
    unsigned records_a_minute = 30;  ///< of the flows of one pair; the rest is folded
};

/// What was never seen before.
struct Novelty {
    std::string state;               ///< file; empty = nothing is remembered, nothing is new
    unsigned learning_h = 168;       ///< hours of the first traffic in which nothing is told
    std::size_t entries = 1u << 20;  ///< things remembered, eight bytes each
    unsigned save_interval_s = 60;
};

struct Metrics {
    bool enabled = true;
    std::string address = "127.0.0.1";
    std::uint16_t port = 9464;
};

struct Config {
    std::vector<Port> ports;
    Workers workers;
    Memory memory;
    Eve eve;
    Decode decode;
    Flow flow;
    Stream stream;
    Limits limits;
    Overload overload;
    Verdict verdict;
    Novelty novelty;
    Metrics metrics;
    std::string signatures = "/etc/querytap/signatures";
    std::string signature_cache;      ///< folder of compiled signatures; empty = none
    bool lenient_signatures = false;  ///< skip rules that are not supported, and say so
    std::map<std::string, std::string> variables;  ///< $NAMES of rule headers, without the $
    std::string threshold_config;  ///< Suricata's suppress and threshold lines; empty = none
    std::string policy;            ///< empty = none
    std::vector<std::string> eal_arguments;
};

struct Listen {
    std::string address;
    std::uint16_t port = 0;
};
/// "full", "redacted", "none".
Result<SqlText> parse_sql_text(std::string_view text);

/// "127.0.0.1:9464", "[::1]:9464".
Result<Listen> parse_listen(std::string_view text);

Result<Config> load(const std::filesystem::path& file);
Result<Config> parse(std::string_view yaml, std::string_view name);

}  // namespace querytap::config
