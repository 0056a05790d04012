// What TCP does, and what somebody does with TCP to be overlooked: the session goes on being one.
#include "packet_test.h"

namespace querytap::pipeline {
namespace {

using packet::kAck;
using packet::kPsh;
using packet::kRst;
using packet::kSyn;
using packet::kUrg;

constexpr std::string_view kRules = R"(
alert tds any any -> any any (msg:"request"; tds.sql; content:"exec xp_cmdshell"; metadata:confidence medium; sid:2; rev:1;)
alert tds any any -> any any (msg:"result"; tds.result; content:"run calc"; metadata:confidence low; sid:3; rev:1;)
)";

class Tcp : public PacketTest {
  protected:
    void SetUp() override { make(kRules); }

    /// One conversation, seen whole from the login on, without a loss.
    void expect_one_whole_session() {
        finish();
        EXPECT_EQ(sids(), (Sids{2, 3}));
        ASSERT_EQ(events_.of(EventType::kFlow).size(), 1u);
        const Event& flow = *events_.of(EventType::kFlow)[0];
        EXPECT_EQ(flow.flow.user.view(), "app");
        EXPECT_EQ(flow.flow.gaps, 0u);
        EXPECT_EQ(flow.conversation.server.port, port_);
        EXPECT_EQ(inspector_->stats().stream.gap_bytes.read(), 0u);
    }
    const Counters& counters() const { return inspector_->stats().pipeline; }
};

struct Reset {
    const char* name;
    bool to_server;
    std::int32_t beside;  ///< of the number that the receiver waits for
};

class ForgedReset : public Tcp, public testing::WithParamInterface<Reset> {};

// A flow that is closed is forgotten after half a minute; the agent behind it asks once a minute.
TEST_P(ForgedReset, EndsNothing) {
    connect();
    log_in();
    const std::uint32_t next = GetParam().to_server ? client_ : server_;
    packet(GetParam().to_server, kRst, next + static_cast<std::uint32_t>(GetParam().beside), 0);
    EXPECT_EQ(counters().resets_ignored.read(), 1u);
    wait(60);
    ask_and_answer();
    expect_one_whole_session();
}

const Reset kResets[] = {{"one_ahead", true, 1},
                         {"one_behind", true, -1},
                         {"far", true, 1 << 30},
                         {"towards_the_client", false, 100}};
INSTANTIATE_TEST_SUITE_P(Numbers, ForgedReset, testing::ValuesIn(kResets),
                         [](const auto& param) { return std::string(param.param.name); });

TEST_F(Tcp, ARealResetClosesTheFlow) {
    connect();
    log_in();
    packet(true, kRst, client_, 0);
    EXPECT_EQ(counters().resets_ignored.read(), 0u);
    wait(60);
    finish();
    ASSERT_EQ(events_.of(EventType::kFlow).size(), 1u);
    EXPECT_EQ(events_.of(EventType::kFlow)[0]->flow.reason, flow::EndReason::kClosed);
}

TEST_F(Tcp, AResetOfTheRightNumberThatNeverArrivesDoesNotStopInspection) {
    connect();
    log_in();
    packet(true, kRst, client_, 0);  // its TTL took it past the tap and no further
    ask_and_answer();
    expect_one_whole_session();
}

TEST_F(Tcp, ConflictingOverlapIsEvidence) {
    connect();
    log_in();
    const ByteVector asked = test::batch("exec xp_cmdshell 'dir'");
    ByteVector other = asked;
    other[asked.size() / 2] ^= 1;
    const ByteVector tail(asked.begin() + 8, asked.end());
    packet(true, kAck, client_ + 8, server_, tail);
    packet(true, kAck, client_ + 8, server_, {other.begin() + 8, other.end()});
    packet(true, kAck, client_, server_, {asked.begin(), asked.begin() + 8});
    finish();
    EXPECT_TRUE(has_reason("conflicting-overlap"));
    EXPECT_EQ(sids(), (Sids{2}));  // the first copy counts
}

TEST_F(Tcp, TheLastCopyCountsWhereSoConfigured) {
    Limits limits = test::small_limits();
    limits.stream.overlap = stream::Overlap::kLastWins;
    make(kRules, {}, limits);
    connect();
    log_in();
    const ByteVector asked = test::batch("exec xp_cmdshell 'dir'");
    ByteVector other = asked;
    for (std::size_t i = asked.size() / 2; i < other.size(); ++i)
        other[i] = 0;
    packet(true, kAck, client_ + 8, server_, {other.begin() + 8, other.end()});
    packet(true, kAck, client_ + 8, server_, {asked.begin() + 8, asked.end()});
    packet(true, kAck, client_, server_, {asked.begin(), asked.begin() + 8});
    finish();
    EXPECT_TRUE(has_reason("conflicting-overlap"));
    EXPECT_EQ(sids(), (Sids{2}));
}

TEST_F(Tcp, AnAckBeforeItsDataIsSkewOfTheTap) {
    connect();
    log_in();
    const ByteVector asked = test::batch("exec xp_cmdshell 'dir'");
    const auto half = static_cast<std::ptrdiff_t>(asked.size() / 2);
    const std::uint32_t end = client_ + static_cast<std::uint32_t>(asked.size());
    // The server's side of the tap comes first: what it acknowledges was not seen yet.
    packet(false, kAck, server_, end);
    const ByteVector answer = test::rows({"please run calc"});
    packet(false, kAck | kPsh, server_, end, answer);
    packet(true, kAck, client_ + static_cast<std::uint32_t>(half), server_,
           {asked.begin() + half, asked.end()});
    packet(true, kAck, client_, server_, {asked.begin(), asked.begin() + half});
    finish();
    EXPECT_EQ(inspector_->stats().stream.gaps.read(), 0u);
    Sids found = sids();
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, (Sids{2, 3}));
}

struct Opening {
    const char* name;
    std::vector<bool> to_server;  ///< of each packet of the handshake
    std::vector<std::uint8_t> flags;
};

class Handshake : public Tcp, public testing::WithParamInterface<Opening> {};

TEST_P(Handshake, OfAnyKindIsFollowedByASession) {
    const std::uint32_t client = client_;
    const std::uint32_t server = server_;
    for (std::size_t i = 0; i < GetParam().flags.size(); ++i) {
        const bool to_server = GetParam().to_server[i];
        const bool syn = (GetParam().flags[i] & kSyn) != 0;
        const std::uint32_t first = to_server ? client : server;
        packet(to_server, GetParam().flags[i], syn ? first : first + 1,
               (to_server ? server : client) + 1);
    }
    client_ = client + 1;
    server_ = server + 1;
    log_in();
    ask_and_answer();
    expect_one_whole_session();
}

constexpr std::uint8_t kSynAck = kSyn | kAck;
const Opening kOpenings[] = {
    {"usual", {true, false, true}, {kSyn, kSynAck, kAck}},
    {"simultaneous_client_first", {true, false, true, false}, {kSyn, kSyn, kSynAck, kSynAck}},
    {"simultaneous_server_first", {false, true, false, true}, {kSyn, kSyn, kSynAck, kSynAck}},
    {"skewed", {false, true, true}, {kSynAck, kSyn, kAck}},
    {"syn_again", {true, true, false, true}, {kSyn, kSyn, kSynAck, kAck}},
    {"none", {}, {}},
};
INSTANTIATE_TEST_SUITE_P(Openings, Handshake, testing::ValuesIn(kOpenings),
                         [](const auto& param) { return std::string(param.param.name); });

TEST_F(Tcp, DataOnTheSynIsTheBeginning) {  // TCP Fast Open, RFC 7413
    segment(true, kSyn, test::prelogin());
    segment(false, kSyn | kAck, test::prelogin_answer());
    say(true, test::login7());
    say(false, test::login_answer());
    ask_and_answer();
    expect_one_whole_session();
}

TEST_F(Tcp, DataOnTheSynThatComesAgainWithoutIsNoLoss) {
    const ByteVector first = test::prelogin();
    packet(true, kSyn, client_, 0, first);
    segment(false, kSyn | kAck, {});  // acknowledges the SYN only
    ++client_;
    say(true, first);
    say(false, test::prelogin_answer());
    say(true, test::login7());
    say(false, test::login_answer());
    ask_and_answer();
    expect_one_whole_session();
}

TEST_F(Tcp, UrgentDataStaysInTheStreamAndIsEvidence) {
    connect();
    log_in();
    segment(true, kAck | kPsh | kUrg, test::batch("exec xp_cmdshell 'dir'"));
    say(false, test::rows({"please run calc"}));
    expect_one_whole_session();
    EXPECT_TRUE(has_reason("urgent-data"));
}

TEST_F(Tcp, TheOwnerSaysWhatEvidenceWeighs) {
    for (const auto weight : std::array<std::uint16_t, 2>{0, 95}) {
        Limits limits = test::small_limits();
        limits.weights[static_cast<std::size_t>(verdict::Evidence::kUrgentData)] = weight;
        make("", {}, limits);
        connect();
        log_in();
        segment(true, kAck | kPsh | kUrg, test::batch("select 1"));
        finish();
        EXPECT_EQ(has_reason("urgent-data"), weight != 0);
        EXPECT_EQ(events_.worst(),
                  weight != 0 ? verdict::Level::kMalicious : verdict::Level::kUnknown);
        const auto& counters = inspector_->stats().pipeline;
        EXPECT_EQ(
            counters.findings[static_cast<std::size_t>(verdict::Evidence::kUrgentData)].read(), 1u);
        client_ += 100'000;  // another connection
        server_ += 100'000;
    }
}

TEST_F(Tcp, NumbersWrapInBothDirections) {
    client_ = 0xffff'ffff - 60;  // within the login
    server_ = 0xffff'ffff - 90;
    connect();
    log_in();
    ask_and_answer();
    expect_one_whole_session();
    EXPECT_LT(client_, 100'000u);
    EXPECT_LT(server_, 100'000u);
}

TEST_F(Tcp, AWindowOfMegabytesIsNoReasonForDoubt) {  // RFC 7323: scaled windows
    connect();
    log_in();
    const ByteVector asked = test::batch("exec xp_cmdshell 'dir'");
    const auto size = static_cast<std::uint32_t>(asked.size());
    packet(true, kAck, client_ + 48'000'000, server_, {'x'});
    packet(true, kAck | kPsh, client_, server_, asked);
    EXPECT_EQ(inspector_->stats().stream.segments_far.read(), 0u);
    client_ += size;
    EXPECT_EQ(sids(), (Sids{2}));
}

TEST_F(Tcp, KeepAlivesAndZeroWindowsAreNothing) {
    connect();
    log_in();
    packet(true, kAck, client_ - 1, server_);
    packet(true, kAck, client_ - 1, server_, {0});
    packet(false, kAck, server_, client_);
    ask_and_answer();
    expect_one_whole_session();
}

}  // namespace
}  // namespace querytap::pipeline
