#include <algorithm>
#include <bit>
#include <fstream>
#include <iterator>
#include <set>

#include <querytap/config/config.h>
#include <querytap/config/yaml_reader.h>

namespace querytap::config {
namespace {

constexpr std::uint64_t kCoreMax = 1023;

void read_port(const YAML::Node& node, Config& config, Problems& problems) {
    YamlMap map(node, "a port", problems);
    Port port;
    std::string pci;
    std::string vdev;
    map.read("pci", pci);
    map.read("vdev", vdev);
    map.read("rx_descriptors", port.rx_descriptors, 64, 32768);
    map.read("queues", port.queues, 0, 256);
    map.finish();
    if (pci.empty() == vdev.empty()) {
        problems.add(node.Mark(), "a port needs either 'pci' or 'vdev'",
                     "for example 'pci: 0000:03:00.0' or 'vdev: net_af_packet0,iface=eth1'");
    }
    port.is_vdev = !vdev.empty();
    port.device = port.is_vdev ? vdev : pci;
    if (port.is_vdev && !port.device.starts_with("net_")) {
        problems.add(node["vdev"].Mark(), "'" + port.device + "' is not a network driver",
                     "names begin with net_: net_af_packet0, net_memif0, net_pcap0, net_tap0");
    }
    const bool twice = std::any_of(config.ports.begin(), config.ports.end(),
                                   [&](const Port& other) { return other.device == port.device; });
    if (twice) problems.add(node.Mark(), "port '" + port.device + "' is there twice");
    config.ports.push_back(std::move(port));
}

void read_ports(YamlMap& root, Config& config) {
    const YAML::Node ports = root.node("ports");
    if (!ports.IsDefined() || !ports.IsSequence() || ports.size() == 0) {
        root.problems().add(ports.IsDefined() ? ports.Mark() : root.mark(),
                            "'ports' must list at least one port",
                            "for example 'ports: [{pci: \"0000:03:00.0\"}]'");
        return;
    }
    for (const YAML::Node& port : ports)
        read_port(port, config, root.problems());
}

void read_workers(YamlMap& root, Workers& workers) {
    const YAML::Node node = root.node("workers");
    YamlMap map(node, "'workers'", root.problems());
    map.read("cores", workers.cores, kCoreMax);
    if (!workers.cores.empty()) workers.count = static_cast<unsigned>(workers.cores.size());
    map.read("count", workers.count, 1, 64);
    map.read("distributor_core", workers.distributor_core, kCoreMax);
    map.read("control_core", workers.control_core, kCoreMax);
    map.read("spin", workers.spin);
    map.finish();
    if (!workers.cores.empty() && workers.cores.size() != workers.count) {
        root.problems().add(node["count"].Mark(),
                            "'count' is " + std::to_string(workers.count) + ", but 'cores' lists " +
                                std::to_string(workers.cores.size()),
                            "leave one of them out");
    }
    const std::set<unsigned> distinct(workers.cores.begin(), workers.cores.end());
    if (distinct.size() != workers.cores.size()) {
        root.problems().add(node["cores"].Mark(), "'cores' names a core twice");
    }
}

void read_memory(YamlMap& root, Memory& memory) {
    YamlMap map(root.node("memory"), "'memory'", root.problems());
    map.read("hugepages", memory.hugepages);
    map.read("mbufs", memory.mbufs, 1024, 1u << 24);
    map.read("mbuf_size", memory.mbuf_size, 1024, 16384);
    map.read("size_mb", memory.size_mb, 0, 1u << 20);
    map.finish();
}

void read_eve(YamlMap& root, Eve& eve) {
    YamlMap map(root.node("eve"), "'eve'", root.problems());
    map.read("file", eve.file);
    map.read("alert", eve.alert);
    map.read("verdict", eve.verdict);
    map.read("flow", eve.flow);
    map.read("tds", eve.tds);
    map.read("stats", eve.stats);
    map.read("stats_interval_s", eve.stats_interval_s, 1, 86400);
    std::string flows = "sql";
    map.read("flows", flows);
    if (flows != "sql" && flows != "all") {
        map.problems().add(map.node("flows").Mark(),
                           "'flows' must be sql or all, not '" + flows + "'");
    }
    std::string sql_text = "full";
    map.read("sql_text", sql_text);
    if (auto shown = parse_sql_text(sql_text); shown.ok()) {
        eve.sql_text = *shown;
    } else {
        map.problems().add(map.node("sql_text").Mark(), "'sql_text': " + shown.error().message,
                           shown.error().hint);
    }
    eve.flows = flows == "all" ? FlowRecords::kAll : FlowRecords::kSql;
    map.finish();
}

void read_decode(YamlMap& root, Decode& decode) {
    YamlMap map(root.node("decode"), "'decode'", root.problems());
    map.read("vxlan_ports", decode.vxlan_ports, 65535);
    map.finish();
    const auto& ports = decode.vxlan_ports;
    const auto mark = [&] { return map.node("vxlan_ports").Mark(); };
    if (ports.size() > Decode::kVxlanPortsMax) {
        map.problems().add(mark(), "'vxlan_ports' lists " + std::to_string(ports.size()) +
                                       " ports, and " + std::to_string(Decode::kVxlanPortsMax) +
                                       " are possible");
    }
    if (std::count(ports.begin(), ports.end(), 0u) != 0) {
        map.problems().add(mark(), "0 is not a UDP port", "write [] for no VXLAN");
    }
}

void read_flow(YamlMap& root, Flow& flow) {
    YamlMap map(root.node("flow"), "'flow'", root.problems());
    map.read("vlan_in_key", flow.vlan_in_key);
    map.read("vni_in_key", flow.vni_in_key);
    map.finish();
}

void read_stream(YamlMap& root, Stream& stream) {
    YamlMap map(root.node("stream"), "'stream'", root.problems());
    std::string overlap = "first";
    map.read("overlap", overlap);
    map.read("gap_timeout_ms", stream.gap_timeout_ms, 10, 60'000);
    if (overlap != "first" && overlap != "last") {
        map.problems().add(map.node("overlap").Mark(),
                           "'overlap' must be first or last, not '" + overlap + "'",
                           "which of two copies of a byte counts");
    }
    stream.last_copy_wins = overlap == "last";
    map.finish();
}

void read_limits(YamlMap& root, Limits& limits) {
    YamlMap map(root.node("limits"), "'limits'", root.problems());
    constexpr std::uint64_t kDay = 86400;
    map.read("flows", limits.flows, 1024, 1u << 26);
    map.read("sessions", limits.sessions, 16, 1u << 22);
    map.read("stream_memory_mb", limits.stream_memory_mb, 1, 65536);
    map.read("fragmented_datagrams", limits.fragmented_datagrams, 8, 1u << 14);
    map.read("event_ring", limits.event_ring, 64, 1u << 20);
    map.read("timeout_established_s", limits.timeout_established_s, 1, 7 * kDay);
    map.read("timeout_half_open_s", limits.timeout_half_open_s, 1, kDay);
    map.read("timeout_closing_s", limits.timeout_closing_s, 1, kDay);
    map.read("timeout_closed_s", limits.timeout_closed_s, 1, kDay);
    map.read("timeout_udp_s", limits.timeout_udp_s, 1, kDay);
    if (!map.node("sessions").IsDefined()) {
        limits.sessions = std::min(limits.sessions, limits.flows / 2);
    } else if (limits.sessions > limits.flows / 2) {
        map.problems().add(
            map.node("sessions").Mark(), "'sessions' must be at most half of 'flows'",
            std::to_string(limits.flows / 2) + " of " + std::to_string(limits.flows) +
                ": a full table then finds something else to forget");
    }
    if (!std::has_single_bit(limits.event_ring)) {
        map.problems().add(map.node("event_ring").Mark(), "'event_ring' must be a power of two",
                           "for example " + std::to_string(std::bit_ceil(limits.event_ring)));
    }
    map.finish();
}

void read_overload(YamlMap& root, Overload& overload) {
    YamlMap map(root.node("overload"), "'overload'", root.problems());
    map.read("shed", overload.shed);
    map.finish();
}

void read_verdict(YamlMap& root, Verdict& verdict) {
    YamlMap map(root.node("verdict"), "'verdict'", root.problems());
    const YAML::Node weights = map.node("weights");
    YamlMap by_finding(weights, "'weights'", root.problems());
    map.read("half_life_h", verdict.half_life_h, 1, 24 * 366);
    map.read("pairs", verdict.pairs, 1, std::size_t{1} << 24);
    map.read("records_a_minute", verdict.records_a_minute, 1, 1'000'000);
    map.finish();
    if (!weights.IsDefined() || !weights.IsMap()) return;
    for (const auto& entry : weights) {
        Weight weight{.finding = entry.first.Scalar(),
                      .weight = 0,
                      .place = root.problems().at(entry.first.Mark())};
        by_finding.read(weight.finding, weight.weight, 0, Weight::kMax);
        verdict.weights.push_back(std::move(weight));
    }
}

void read_novelty(YamlMap& root, Novelty& novelty) {
    YamlMap map(root.node("novelty"), "'novelty'", root.problems());
    map.read("state", novelty.state);
    map.read("learning_h", novelty.learning_h, 0, 24 * 366);
    map.read("entries", novelty.entries, 1024, std::size_t{1} << 28);
    map.read("save_interval_s", novelty.save_interval_s, 1, 86400);
    map.finish();
}

void read_metrics(YamlMap& root, Metrics& metrics) {
    YamlMap map(root.node("metrics"), "'metrics'", root.problems());
    map.read("enabled", metrics.enabled);
    std::string listen;
    map.read("listen", listen);
    map.finish();
    if (listen.empty()) return;
    if (auto address = parse_listen(listen); address.ok()) {
        metrics.address = address->address;
        metrics.port = address->port;
    } else {
        map.problems().add(map.node("listen").Mark(), address.error().message,
                           address.error().hint);
    }
}

/// HOME_NET: "10.0.0.0/8", or a list, which stands for one in brackets.
void read_variables(YamlMap& root, std::map<std::string, std::string>& variables) {
    const YAML::Node node = root.node("variables");
    if (!node.IsDefined()) return;
    if (!node.IsMap()) {
        root.problems().add(node.Mark(), "'variables' must be a mapping of names to addresses",
                            "for example HOME_NET: [10.0.0.0/8, 192.168.0.0/16]");
        return;
    }
    for (const auto& entry : node) {
        const std::string name = entry.first.Scalar();
        std::vector<std::string> parts;
        YamlMap(node, "variables", root.problems()).read(name, parts);
        std::string value;
        for (const std::string& part : parts)
            value += (value.empty() ? "" : ",") + part;
        if (value.empty()) {
            root.problems().add(entry.second.Mark(), "'" + name + "' has no value",
                                "write any, an address, a network or a list of them");
        }
        variables[name] = parts.size() > 1 ? "[" + value + "]" : value;
    }
}

Config read_root(const YAML::Node& node, Problems& problems) {
    Config config;
    YamlMap root(node, "the configuration", problems);
    read_ports(root, config);
    read_workers(root, config.workers);
    read_memory(root, config.memory);
    read_eve(root, config.eve);
    read_decode(root, config.decode);
    read_flow(root, config.flow);
    read_stream(root, config.stream);
    read_limits(root, config.limits);
    read_overload(root, config.overload);
    read_verdict(root, config.verdict);
    read_novelty(root, config.novelty);
    read_metrics(root, config.metrics);
    root.read("signatures", config.signatures);
    root.read("signature_cache", config.signature_cache);
    root.read("lenient_signatures", config.lenient_signatures);
    root.read("threshold_config", config.threshold_config);
    read_variables(root, config.variables);
    root.read("policy", config.policy);
    root.finish();
    return config;
}

}  // namespace

Result<SqlText> parse_sql_text(std::string_view text) {
    if (text == "full") return SqlText::kFull;
    if (text == "redacted") return SqlText::kRedacted;
    if (text == "none") return SqlText::kNone;
    return Error{.message = "'" + std::string(text) + "' is not a way to show SQL",
                 .hint = "write full, redacted (literals as ?) or none"};
}

Result<Listen> parse_listen(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    const Error wrong{.message = "'" + std::string(text) + "' is not an address to listen on",
                      .hint = "write 127.0.0.1:9464 or [::1]:9464"};
    if (colon == std::string_view::npos) return wrong;
    std::string_view address = text.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) {
        address = address.substr(1, address.size() - 2);
    }
    unsigned port = 0;
    for (const char digit : text.substr(colon + 1)) {
        if (digit < '0' || digit > '9' || port > 65535) return wrong;
        port = port * 10 + static_cast<unsigned>(digit - '0');
    }
    if (address.empty() || port > 65535 || colon + 1 == text.size()) return wrong;
    return Listen{.address = std::string(address), .port = static_cast<std::uint16_t>(port)};
}

Result<Config> parse(std::string_view yaml, std::string_view name) {
    Problems problems{std::string(name)};
    try {
        Config config = read_root(YAML::Load(std::string(yaml)), problems);
        if (problems.any()) return problems.first();
        return config;
    } catch (const YAML::Exception& error) {
        problems.add(error.mark, "is not valid YAML: " + error.msg);
        return problems.first();
    }
}

Result<Config> load(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) {
        return Error{.message = "cannot be read",
                     .hint = "see deploy/querytap.example.yaml for what belongs in it",
                     .file = file.string()};
    }
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    return parse(text, file.string());
}

}  // namespace querytap::config
