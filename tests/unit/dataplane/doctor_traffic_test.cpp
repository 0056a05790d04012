#include <optional>

#include <gtest/gtest.h>

#include <querytap/dataplane/doctor.h>

namespace querytap::dataplane {
namespace {

using Status = Finding::Status;

class Source final : public sinks::MetricsSource {
  public:
    Source(sinks::PortStats port, std::optional<sinks::FillStats> fill)
        : port_(std::move(port)), fill_(std::move(fill)) {}
    std::vector<sinks::WorkerStats> workers() const override { return {}; }
    std::vector<sinks::PortStats> ports() const override { return {port_}; }
    std::vector<sinks::FillStats> fills() const override {
        return fill_ ? std::vector{*fill_} : std::vector<sinks::FillStats>{};
    }

  private:
    sinks::PortStats port_;
    std::optional<sinks::FillStats> fill_;
};

struct Case {
    const char* name;
    sinks::PortStats port;
    bool distributed;
    Status status;
    const char* text;
    const char* hint;  ///< begins so
};

class Traffic : public testing::TestWithParam<Case> {};

TEST_P(Traffic, OfOnePort) {
    sinks::FillStats ring;
    ring.kind = "distributor_ring";
    const Source source(GetParam().port,
                        GetParam().distributed ? std::optional(ring) : std::nullopt);
    const std::vector<Finding> findings = examine_traffic(source, 2);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].status, GetParam().status);
    EXPECT_EQ(findings[0].text, GetParam().text);
    EXPECT_TRUE(findings[0].hint.starts_with(GetParam().hint)) << findings[0].hint;
    EXPECT_EQ(findings[0].hint.empty(), GetParam().status == Status::kOk);
}

const Case kCases[] = {
    {"nothing_lost", {.rx_packets = 9}, false, Status::kOk, "9 packets in 2 s, 0 lost", ""},
    {"silence", {}, false, Status::kWarning, "0 packets in 2 s, 0 lost", "is the mirror"},
    {"everything_lost",
     {.rx_no_mbuf = 5},
     false,
     Status::kWarning,
     "0 packets in 2 s, 5 lost",
     "raise memory.mbufs"},
    {"missed",
     {.rx_packets = 9, .rx_missed = 1},
     false,
     Status::kWarning,
     "9 packets in 2 s, 1 lost",
     "raise workers.count"},
    {"missed_by_the_distributor",
     {.rx_packets = 9, .rx_missed = 1},
     true,
     Status::kWarning,
     "9 packets in 2 s, 1 lost",
     "give the distributor a core"},
    {"broken",
     {.rx_packets = 9, .rx_errors = 2},
     false,
     Status::kWarning,
     "9 packets in 2 s, 2 lost: they came broken",
     "look at the cable"},
    {"queues_that_tell",
     {.rx_packets = 9, .rx_missed = 1, .queues = {{6, 0}, {3, 1}}},
     false,
     Status::kWarning,
     "9 packets in 2 s, 1 lost; queue 0: 6, 0 lost, queue 1: 3, 1 lost",
     "raise workers.count"},
    {"queues_that_do_not",
     {.rx_packets = 9, .queues = {{6, std::nullopt}, {3, std::nullopt}}},
     false,
     Status::kOk,
     "9 packets in 2 s, 0 lost; queue 0: 6, queue 1: 3 (the device does not tell what each queue "
     "lost)",
     ""},
};
INSTANTIATE_TEST_SUITE_P(Ports, Traffic, testing::ValuesIn(kCases),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace querytap::dataplane
