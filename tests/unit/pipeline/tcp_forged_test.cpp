// What a client sends that its server drops, so that an inspector loses sight of it; and what it
// sends to fill the places of others. Whatever the server takes is inspected all the same.
#include "packet_test.h"

namespace querytap::pipeline {
namespace {

using packet::kAck;
using packet::kFin;
using packet::kPsh;
using packet::kRst;
using packet::kSyn;

constexpr std::string_view kRules = R"(
alert tds any any -> any any (msg:"request"; tds.sql; content:"exec xp_cmdshell"; metadata:confidence medium; sid:2; rev:1;)
alert tds any any -> any any (msg:"result"; tds.result; content:"run calc"; metadata:confidence low; sid:3; rev:1;)
)";

const ByteVector kDecoy = test::batch("select name from sys.tables");

/// A packet as the client forges it: where it stands from the number that the server waits for.
struct Forged {
    std::uint8_t flags;
    std::uint32_t offset;
    bool data;
};

struct ForgedCase {
    const char* name;
    std::vector<Forged> packets;
    bool one_directional = false;  ///< can be told from the client's side alone
};

class ForgedPacket : public PacketTest, public testing::WithParamInterface<ForgedCase> {
  protected:
    void SetUp() override { make(kRules); }
    void forge() {
        for (const Forged& forged : GetParam().packets) {
            packet(true, forged.flags, client_ + forged.offset, server_,
                   forged.data ? kDecoy : ByteVector{});
        }
    }
    /// The session goes on, answer by answer.
    void expect_whole(Sids expected) {
        EXPECT_EQ(inspector_->stats().stream.gap_bytes.read(), 0u);
        finish();
        EXPECT_EQ(sids(), expected);
        ASSERT_EQ(events_.of(EventType::kFlow).size(), 1u);
        EXPECT_EQ(events_.of(EventType::kFlow)[0]->flow.user.view(), "app");
    }
};

TEST_P(ForgedPacket, HidesNothing) {
    connect();
    log_in();
    say(true, test::batch("select 1"));
    say(false, test::rows({"one"}));
    forge();
    ask_and_answer();
    expect_whole({2, 3});
}

// The half minute after which a closing flow would be forgotten, with what is known of the session.
TEST_P(ForgedPacket, EndsNothing) {
    connect();
    log_in();
    forge();
    wait(60);
    ask_and_answer();
    expect_whole({2, 3});
}

// Of these, what the server says is not needed to know better.
class ForgedOneWay : public ForgedPacket {};

TEST_P(ForgedOneWay, HidesNothingFromATapOfOneDirection) {
    segment(true, kSyn, {});
    say(true, test::prelogin());
    say(true, test::login7());
    forge();
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    expect_whole({2});
}

constexpr std::uint32_t kFar = 500'000'000;
constexpr std::uint32_t kNear = 50'000'000;
const ForgedCase kForged[] = {
    {"a_syn", {{kSyn, kNear, false}}},
    {"a_syn_with_data", {{kSyn, kNear, true}}},
    {"a_syn_ack", {{kSyn | kAck, kNear, false}}},
    {"data_on_a_syn_of_the_right_number", {{kSyn | kAck, 0u - 1, true}}, true},
    {"data_without_ack", {{kPsh, 0, true}}, true},
    {"data_without_any_flag", {{0, 0, true}}, true},
    {"a_fin_from_nowhere", {{kFin | kAck, 1u << 30, false}}, true},
    {"a_fin_before_its_turn", {{kFin | kAck, 5000, false}}, true},
    {"a_fin_without_ack", {{kFin, 0, false}}, true},
    {"a_reset_of_what_is_past", {{kRst, 0u - 10, false}}, true},
    {"one_far_segment", {{kAck, kFar, true}}, true},
    {"many_far_segments_in_a_row",
     {{kAck, kFar, true},
      {kAck, kFar + static_cast<std::uint32_t>(kDecoy.size()), true},
      {kAck, kFar + static_cast<std::uint32_t>(2 * kDecoy.size()), true},
      {kAck, kFar + static_cast<std::uint32_t>(3 * kDecoy.size()), true}}},
    {"a_near_segment", {{kAck, kNear, true}}},
};
INSTANTIATE_TEST_SUITE_P(Packets, ForgedPacket, testing::ValuesIn(kForged),
                         [](const auto& param) { return std::string(param.param.name); });

std::vector<ForgedCase> one_directional() {
    std::vector<ForgedCase> cases(std::begin(kForged), std::end(kForged));
    std::erase_if(cases, [](const ForgedCase& each) { return !each.one_directional; });
    return cases;
}
INSTANTIATE_TEST_SUITE_P(Packets, ForgedOneWay, testing::ValuesIn(one_directional()),
                         [](const auto& param) { return std::string(param.param.name); });

class Forgery : public PacketTest {
  protected:
    void SetUp() override { make(kRules); }
};

TEST_F(Forgery, DataWithoutAckIsEvidence) {
    connect();
    log_in();
    packet(true, kPsh, client_, 0, kDecoy);
    finish();
    EXPECT_TRUE(has_reason("data-without-ack"));
}

TEST_F(Forgery, ManyTinySegmentsBehindAHoleDoNotMoveTheStreamOverIt) {
    connect();
    log_in();
    const ByteVector asked = test::batch("exec xp_cmdshell 'dir'");
    for (std::uint32_t i = 0; i < 600; ++i)
        packet(true, kAck | kPsh, client_ + 2000 + 2 * i, server_, {'x'});
    wait(10);
    ask_and_answer();
    EXPECT_EQ(sids(), (Sids{2, 3}));
}

TEST_F(Forgery, DataOfASynThatTheServerDidNotTakeIsNoData) {
    const std::uint32_t first = client_;
    packet(true, kSyn, first, 0, ByteVector(400, 'G'));
    packet(false, kSyn | kAck, server_++, first + 1);
    client_ = first + 1;
    packet(true, kAck, client_, server_);
    log_in();
    ask_and_answer();
    finish();
    EXPECT_EQ(sids(), (Sids{2, 3}));
    EXPECT_EQ(inspector_->stats().stream.conflicting_overlaps.read(), 0u);
}

TEST_F(Forgery, AFinWhoseDataComesLaterEndsTheFlowThen) {
    connect();
    log_in();
    const ByteVector asked = test::batch("exec xp_cmdshell 'dir'");
    const auto size = static_cast<std::uint32_t>(asked.size());
    packet(true, kAck | kFin, client_ + size, server_);
    packet(true, kAck | kPsh, client_, server_, asked);
    packet(false, kAck | kFin, server_, client_ + size + 1);
    wait(10);
    inspector_->advance(from_ns(time_ns_));
    ASSERT_EQ(events_.of(EventType::kFlow).size(), 1u);
    EXPECT_EQ(events_.of(EventType::kFlow)[0]->flow.reason, flow::EndReason::kClosed);
    EXPECT_EQ(sids(), (Sids{2}));
}

TEST_F(Forgery, WhoGoesOnBehindAFinHasNotEnded) {
    connect();
    log_in();
    packet(true, kAck | kFin, client_, server_);  // never arrived
    say(true, test::batch("select 1"));
    wait(60);
    ask_and_answer();
    finish();
    ASSERT_EQ(events_.of(EventType::kFlow).size(), 1u);
    EXPECT_EQ(events_.of(EventType::kFlow)[0]->flow.user.view(), "app");
    EXPECT_EQ(sids(), (Sids{2, 3}));
}

TEST_F(Forgery, BytesForAHoleThatWasGivenUpAreEvidence) {
    segment(true, kSyn, {});
    say(true, test::prelogin());
    say(true, test::login7());
    const ByteVector asked = test::batch("exec xp_cmdshell 'dir'");
    const std::uint32_t hidden = client_;
    client_ += static_cast<std::uint32_t>(asked.size());
    say(true, test::batch("select 1"));
    wait(3);
    packet(true, kAck, client_, server_);
    packet(true, kAck | kPsh, hidden, server_, asked);
    finish();
    EXPECT_TRUE(has_reason("data-for-a-gap"));
}

TEST_F(Forgery, TheServersPortTellsWhoServesNotTheFirstPacket) {
    say(true, test::rows({"I am the server"}));  // mid-stream
    ask_and_answer();
    finish();
    ASSERT_FALSE(events_.of(EventType::kFlow).empty());
    EXPECT_EQ(events_.of(EventType::kFlow)[0]->conversation.server.port, 1433);
    EXPECT_EQ(sids(), (Sids{2, 3}));
}

class CutHeader : public Forgery, public testing::WithParamInterface<int> {};

TEST_P(CutHeader, OfAMidstreamMessageIsFound) {
    const ByteVector asked = test::batch("exec xp_cmdshell 'dir'");
    say(true, {asked.begin(), asked.begin() + GetParam()});
    say(true, {asked.begin() + GetParam(), asked.end()});
    finish();
    EXPECT_EQ(sids(), (Sids{2}));
}
INSTANTIATE_TEST_SUITE_P(Bytes, CutHeader, testing::Range(2, 8));

TEST_F(Forgery, AMidstreamSegmentLikeAnotherProtocolIsNotBelievedOnASqlPort) {
    const std::string_view banner = "SSH-2.0-OpenSSH_9.2\r\n";
    say(true, ByteVector(banner.begin(), banner.end()));
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    finish();
    EXPECT_EQ(sids(), (Sids{2}));
}

/// Flows that are opened to take places away.
class Places : public Forgery {
  protected:
    static constexpr std::size_t kPlaces = 64;
    void SetUp() override {
        Limits limits = test::small_limits();
        limits.flows = 4096;
        limits.sessions = kPlaces;
        make(kRules, {}, limits);
    }
    /// Half a session each: the first bytes of one, from nobody in particular.
    void flood(std::uint16_t port, const ByteVector& first, int count) {
        test::TcpFields fields{.sequence = 1, .acknowledgement = 0, .flags = kSyn};
        fields.destination_port = port;
        for (int i = 0; i < count; ++i) {
            fields.source_port = static_cast<std::uint16_t>(10'000 + i);
            fields.flags = kSyn;
            fields.sequence = 1;
            inspect(test::tcp_frame(fields, {}));
            fields.flags = kAck | kPsh;
            fields.sequence = 2;
            inspect(test::tcp_frame(fields, first));
        }
    }
    void inspect(const ByteVector& bytes) {
        const test::OwnedFrame frame{bytes, from_ns(++time_ns_), ++ordinal_};
        inspector_->inspect(std::array{frame.frame()});
    }
    const Counters& counters() const { return inspector_->stats().pipeline; }
};

class Beginnings : public Places, public testing::WithParamInterface<ByteVector> {};

TEST_P(Beginnings, TakeNoPlaceFromASession) {
    connect();
    log_in();  // before the flood
    flood(1433, GetParam(), 500);
    flood(40'000, GetParam(), 500);
    ask_and_answer();
    EXPECT_EQ(sids(), (Sids{2, 3}));
    EXPECT_EQ(counters().sessions_exhausted.read(), 0u);
    EXPECT_NE(counters().sessions_reclaimed.read(), 0u);

    packet(true, kRst, client_, 0);
    client_ += 1000;  // and one that comes later, on the same ports
    server_ += 1000;
    connect();
    log_in();
    ask_and_answer();
    finish();
    EXPECT_EQ(sids(), (Sids{2, 3, 2, 3}));
}

INSTANTIATE_TEST_SUITE_P(Of, Beginnings,
                         testing::Values(ByteVector{0x12}, ByteVector{'G'}, test::prelogin(),
                                         test::batch("select 1")));

TEST_F(Places, AreEnoughForStreamsThatNobodyKnows) {
    port_ = 40'000;
    connect();
    for (int i = 0; i < 40; ++i) {
        say(true, ByteVector(100, 0xee));
        say(false, ByteVector(100, 0xdd));
    }
    EXPECT_EQ(counters().sessions_active.read(), 0u);
    EXPECT_EQ(inspector_->stats().stream.segments_held.read(), 0u);
    EXPECT_EQ(inspector_->stats().stream.segments_in_order.read(), 0u);
}

TEST_F(Places, ASessionWhoseFirstBytesAreLostIsPickedUp) {
    port_ = 40'000;
    connect();
    client_ += 300;  // the PRELOGIN was not seen
    server_ += 200;
    say(true, test::login7());
    say(false, test::login_answer());
    wait(3);
    ask_and_answer();
    ask_and_answer();
    finish();
    EXPECT_FALSE(sids().empty());
}

}  // namespace
}  // namespace querytap::pipeline
