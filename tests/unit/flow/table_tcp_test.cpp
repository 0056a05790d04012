// States, direction, and where one connection ends and the next on the same ports begins.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "packets.h"

namespace querytap::flow {
namespace {

using namespace test;

struct StateCase {
    const char* name;
    std::vector<TcpPacket> packets;
    State state;
    bool client_known;
};

const TcpPacket kClientSyn{.flags = kSyn, .sequence = 999};
const TcpPacket kServerSynAck{
    .from_client = false, .flags = kSyn | kAck, .sequence = 4999, .acknowledgement = 1000};
const TcpPacket kClientAck{};
const TcpPacket kClientData{.flags = kAck | kPsh, .data = true};
const TcpPacket kServerData{.from_client = false, .flags = kAck | kPsh, .data = true};
const TcpPacket kClientFin{.flags = kAck | kFin};
const TcpPacket kServerFin{.from_client = false, .flags = kAck | kFin};
const TcpPacket kServerRst{.from_client = false, .flags = kRst | kAck};
const TcpPacket kNewSyn{.flags = kSyn, .sequence = 70000};
const TcpPacket kNewSynAck{
    .from_client = false, .flags = kSyn | kAck, .sequence = 80000, .acknowledgement = 70001};

const StateCase kStates[] = {
    {"syn", {kClientSyn}, State::kNew, true},
    {"syn, syn-ack", {kClientSyn, kServerSynAck}, State::kNew, true},
    {"handshake", {kClientSyn, kServerSynAck, kClientAck}, State::kEstablished, true},
    {"syn missed", {kServerSynAck, kClientAck}, State::kEstablished, true},
    {"syn-ack missed, data one way", {kClientSyn, kClientAck, kClientData}, State::kNew, true},
    {"syn-ack missed, data both ways",
     {kClientSyn, kClientAck, kClientData, kServerData},
     State::kEstablished,
     true},
    {"client only", {kClientSyn, kClientAck, kClientData, kClientData}, State::kNew, true},
    {"server only", {kServerSynAck, kServerData, kServerData}, State::kNew, true},
    {"mid-stream, data one way", {kClientData, kClientData}, State::kNew, false},
    {"mid-stream, bare acks both ways", {kClientAck, {.from_client = false}}, State::kNew, false},
    {"mid-stream, data both ways", {kServerData, kClientData}, State::kEstablished, false},
    {"one fin", {kClientSyn, kServerSynAck, kClientAck, kClientFin}, State::kClosing, true},
    {"data after one fin",
     {kClientSyn, kServerSynAck, kClientAck, kClientFin, kServerData},
     State::kClosing,
     true},
    {"fin twice from one side",
     {kClientSyn, kServerSynAck, kClientAck, kClientFin, kClientFin},
     State::kClosing,
     true},
    {"fin both ways",
     {kClientSyn, kServerSynAck, kClientAck, kClientFin, kServerFin},
     State::kClosed,
     true},
    {"last ack of a closed flow",
     {kClientSyn, kServerSynAck, kClientAck, kClientFin, kServerFin, kClientAck},
     State::kClosed,
     true},
    {"refused", {kClientSyn, kServerRst}, State::kClosed, true},
    {"reset", {kClientSyn, kServerSynAck, kClientAck, kServerRst}, State::kClosed, true},
    {"data after a reset",
     {kClientSyn, kServerSynAck, kClientAck, kServerRst, kClientData},
     State::kClosed,
     true},
    {"syn-ack before its syn (port skew)",
     {kServerSynAck, kClientSyn, kClientAck},
     State::kEstablished,
     true},
    {"syn again", {kClientSyn, kClientSyn, kServerSynAck, kClientAck}, State::kEstablished, true},
    {"another syn in between",
     {kClientSyn, kServerSynAck, kClientAck, kNewSyn, kClientData},
     State::kEstablished,
     true},
    {"a syn with a fin ends nothing",
     {kClientSyn, kServerSynAck, kClientAck, {.flags = kSyn | kFin, .sequence = 999}},
     State::kEstablished,
     true},
    {"a client that answers itself first",
     {{.flags = kSyn | kAck, .sequence = 999}, kClientSyn, kServerSynAck, kClientAck},
     State::kEstablished,
     true},
    {"a client that answers itself later",
     {kClientSyn, kServerSynAck, kClientAck, {.flags = kSyn | kAck, .sequence = 70000}},
     State::kEstablished,
     true},
};

class TcpState : public testing::TestWithParam<StateCase> {};

TEST_P(TcpState, FollowsThePackets) {
    Watched table;
    const Flow* flow = nullptr;
    for (const TcpPacket& packet : GetParam().packets)
        flow = &table.see(tcp(packet), at(0));
    EXPECT_EQ(flow->state, GetParam().state);
    EXPECT_EQ(flow->client_known, GetParam().client_known);
    EXPECT_EQ(flow->client, Side::kFromB) << "the client has the higher address";
    EXPECT_TRUE(table.ends.empty()) << "all of this is one connection";
}

INSTANTIATE_TEST_SUITE_P(Sequences, TcpState, testing::ValuesIn(kStates),
                         [](const auto& parameter) {
                             std::string name = parameter.param.name;
                             for (char& c : name) {
                                 if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                             }
                             return name;
                         });

struct GuessCase {
    std::uint16_t source;
    std::uint16_t destination;
    bool source_is_client;
};

TEST(Client, IsGuessedFromThePorts) {
    constexpr GuessCase kCases[] = {
        {50000, 1433, true}, {1433, 50000, false}, {1433, 80, false},  // a SQL port wins
        {80, 1434, true},    {50000, 443, true},   {443, 50000, false},
        {1433, 1434, false},  // both: the lower
        {5000, 5000, true},   // no difference: who was seen first
    };
    for (const GuessCase& given : kCases) {
        Watched table;
        PacketView packet = tcp({});
        packet.source_port = given.source;
        packet.destination_port = given.destination;
        const Side source = lookup_of(packet).side;
        const Flow& flow = table.see(packet, at(0));
        EXPECT_EQ(flow.client == source, given.source_is_client)
            << given.source << " to " << given.destination;
        EXPECT_FALSE(flow.client_known);
    }
}

TEST(Client, SynCorrectsTheGuess) {
    // The "client" has the well-known port; the handshake says otherwise.
    Watched table;
    const TcpPacket syn{.flags = kSyn, .sequence = 9, .client_port = 1433, .server_port = 50001};
    const Flow& flow = table.see(tcp(syn), at(0));
    EXPECT_EQ(flow.client, lookup_of(tcp(syn)).side);
    EXPECT_TRUE(flow.client_known);
}

TEST(Accounting, CountsEachDirection) {
    Watched table;
    table.handshake(at(0));
    PacketView big = tcp(kServerData);
    big.wire_size = 1514;
    const Flow& flow = table.see(big, at(2));
    EXPECT_EQ(flow.from_b.read().packets, 2u);
    EXPECT_EQ(flow.from_b.read().bytes, 120u);
    EXPECT_EQ(flow.from_a.read().packets, 2u);
    EXPECT_EQ(flow.from_a.read().bytes, 1574u);
    EXPECT_EQ(flow.tcp_flags_b, kSyn | kAck);
    EXPECT_EQ(flow.tcp_flags_a, kSyn | kAck | kPsh);
    EXPECT_TRUE(flow.data_from_a);
    EXPECT_FALSE(flow.data_from_b);
    EXPECT_EQ(table.first(flow), at(0));
    EXPECT_EQ(flow.last, at(2));
    EXPECT_EQ(table.table->counters().created.read(), 1u);
    EXPECT_EQ(table.table->counters().active.read(), 1u);
}

TEST(Accounting, TimeDoesNotGoBack) {
    Watched table;
    table.see(tcp({}), at(5));
    EXPECT_EQ(table.see(tcp({}), at(4)).last, at(5));
}

struct AnewCase {
    const char* name;
    std::vector<TcpPacket> before;
    TcpPacket then;
    bool anew;
};

const AnewCase kAnew[] = {
    {"new syn after fin both ways",
     {kClientSyn, kServerSynAck, kClientAck, kClientFin, kServerFin},
     kNewSyn,
     true},
    {"looped capture: the same syn after the close",
     {kClientSyn, kServerSynAck, kClientAck, kClientFin, kServerFin},
     kClientSyn,
     true},
    {"new syn after reset", {kClientSyn, kServerRst}, kNewSyn, true},
    // The peer may answer it with a mere ACK and go on: RFC 5961 section 4.
    {"new syn in an established flow",
     {kClientSyn, kServerSynAck, kClientAck, kClientData},
     kNewSyn,
     false},
    {"its answer", {kClientSyn, kServerSynAck, kClientAck, kClientData, kNewSyn}, kNewSynAck, true},
    {"new syn during the handshake", {kClientSyn, kServerSynAck}, kNewSyn, false},
    {"new syn after one that nobody answers", {kClientSyn}, kNewSyn, true},
    {"new syn of a client of which no peer is seen",
     {kClientSyn, kClientAck, kClientData},
     kNewSyn,
     true},
    {"new syn mid-stream, both sides seen", {kClientData, kServerData}, kNewSyn, false},
    {"its answer mid-stream", {kClientData, kServerData, kNewSyn}, kNewSynAck, true},
    {"new syn after one fin", {kClientSyn, kServerSynAck, kClientAck, kClientFin}, kNewSyn, false},
    {"syn-ack of the client itself",
     {kClientSyn, kServerSynAck, kClientAck, kClientData},
     {.flags = kSyn | kAck, .sequence = 70000},
     false},
    {"syn of another number after its syn-ack", {kServerSynAck}, kNewSyn, false},
    {"syn retransmitted", {kClientSyn}, kClientSyn, false},
    {"syn retransmitted after the syn-ack", {kClientSyn, kServerSynAck}, kClientSyn, false},
    {"syn-ack retransmitted", {kClientSyn, kServerSynAck, kClientAck}, kServerSynAck, false},
    {"new syn-ack: the new syn was missed",
     {kClientSyn, kServerSynAck, kClientAck},
     kNewSynAck,
     true},
    {"syn after mid-stream data of that side", {kClientData}, kNewSyn, true},
    {"syn after mid-stream data of the other side", {kServerData}, kNewSyn, true},
    {"syn-ack after mid-stream data of the other side is skew", {kClientAck}, kServerSynAck, false},
    {"syn after its syn-ack is skew", {kServerSynAck}, kClientSyn, false},
    {"data never", {kClientSyn, kServerRst}, kClientData, false},
};

class Anew : public testing::TestWithParam<AnewCase> {};

TEST_P(Anew, OldFlowEndsWhenTheNewOneBegins) {
    Watched table;
    std::uint64_t old_id = 0;
    for (const TcpPacket& packet : GetParam().before)
        old_id = table.id(table.see(tcp(packet), at(0)));
    const Flow& flow = table.see(tcp(GetParam().then), at(1.25));
    EXPECT_EQ(table.created, GetParam().anew);
    if (!GetParam().anew) {
        EXPECT_TRUE(table.ends.empty());
        EXPECT_EQ(table.id(flow), old_id);
        return;
    }
    ASSERT_EQ(table.ends.size(), 1u);
    EXPECT_EQ(table.ends[0], (End{old_id, EndReason::kClosed, at(1.25)}));
    EXPECT_NE(table.id(flow), old_id);
    EXPECT_EQ(flow.state, State::kNew);
    EXPECT_EQ(table.first(flow), at(1.25));
    EXPECT_EQ(flow.from_a.read().packets + flow.from_b.read().packets, 1u);
    EXPECT_EQ(flow.attachment, kNoAttachment);
}

INSTANTIATE_TEST_SUITE_P(Connections, Anew, testing::ValuesIn(kAnew), [](const auto& parameter) {
    std::string name = parameter.param.name;
    for (char& c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    }
    return name;
});

TEST(Starts, AreWhatTheAnswerSays) {
    struct StartCase {
        const char* name;
        std::vector<TcpPacket> packets;
        std::optional<std::uint32_t> client;
        std::optional<std::uint32_t> server;
    };
    const StartCase kCases[] = {
        {"handshake", {kClientSyn, kServerSynAck}, 1000, 5000},
        {"syn lost", {kServerSynAck}, 1000, 5000},
        {"another syn first", {kNewSyn, kServerSynAck}, 1000, 5000},
        {"another syn later", {kClientSyn, kServerSynAck, kNewSyn}, 1000, 5000},
        {"new syn ignored, and answered",
         {kClientSyn, kServerSynAck, kClientAck, kClientData, kNewSyn, kNewSynAck},
         70001,
         80001},
        {"mid-stream", {kClientData, kServerData}, {}, {}},
        {"the client has spoken", {kClientSyn, kClientData, kNewSynAck}, 1000, 80001},
    };
    for (const StartCase& given : kCases) {
        Watched table;
        const Flow* flow = nullptr;
        for (const TcpPacket& packet : given.packets)
            flow = &table.see(tcp(packet), at(0));
        const Details details = table.table->details(*flow);
        EXPECT_EQ(flow->start_known_b, given.client.has_value()) << given.name;
        EXPECT_EQ(flow->start_known_a, given.server.has_value()) << given.name;
        EXPECT_EQ(details.start_b, given.client.value_or(0)) << given.name;
        EXPECT_EQ(details.start_a, given.server.value_or(0)) << given.name;
    }
}

TEST(Ignored, ForeignSynsAreCountedAndSayNothing) {
    Watched table;
    Flow& flow = table.handshake(at(0));
    const PacketView syn = tcp(kNewSyn);
    EXPECT_FALSE(table.table->account(flow, Side::kFromB, syn, at(1)));
    EXPECT_TRUE(table.table->account(flow, Side::kFromB, tcp(kClientData), at(1)));
    EXPECT_EQ(table.table->counters().syns_ignored.read(), 1u);
}

TEST(Ended, ASideThatGoesOnIsOpenAgain) {
    Watched table;
    Flow& flow = table.handshake(at(0));
    table.table->end_side(flow, Side::kFromB);
    EXPECT_EQ(flow.state, State::kClosing);
    table.table->end_side(flow, Side::kFromA);
    EXPECT_EQ(flow.state, State::kClosed);
    table.table->reopen_side(flow, Side::kFromB);
    EXPECT_EQ(flow.state, State::kClosing);
    table.table->reopen_side(flow, Side::kFromA);
    EXPECT_EQ(flow.state, State::kEstablished);
    table.table->advance(at(1800));
    EXPECT_TRUE(table.ends.empty()) << "the time-out is that of an open connection";
}

TEST(Ended, AFinThatDoesNotCountLeavesItToTheOther) {
    Watched table;
    Flow& flow = table.handshake(at(0));
    table.table->account(flow, Side::kFromB, tcp(kClientFin), at(0), false);
    EXPECT_EQ(flow.state, State::kEstablished);
    table.see(tcp(kServerFin), at(0));
    EXPECT_EQ(flow.state, State::kClosing);
}

TEST(Window, IsScaledWhereBothOfferIt) {
    struct WindowCase {
        std::uint8_t client;
        std::uint8_t server;
        std::uint32_t of_client;
        std::uint32_t of_server;
    };
    constexpr std::uint8_t kNone = packet::kNoWindowScale;
    for (const WindowCase& given :
         {WindowCase{7, 8, 128'000, 256'000}, WindowCase{0, 14, 1000, 16'384'000},
          WindowCase{kNone, 8, UINT32_MAX, UINT32_MAX},
          WindowCase{7, kNone, UINT32_MAX, UINT32_MAX}}) {
        Watched table;
        PacketView syn = tcp(kClientSyn);
        syn.window_scale = given.client;
        syn.window = 500;
        PacketView answer = tcp(kServerSynAck);
        answer.window_scale = given.server;
        table.see(syn, at(0));
        const Flow& flow = table.see(answer, at(0));
        PacketView data = tcp(kClientData);
        data.window = 1000;
        EXPECT_EQ(Table::window_of(flow, Side::kFromB, data), given.of_client);
        EXPECT_EQ(Table::window_of(flow, Side::kFromA, data), given.of_server);
        EXPECT_EQ(Table::window_of(flow, Side::kFromB, syn), 500u) << "of a SYN it never is";
    }
}

struct Step {
    double time;
    TcpPacket packet;
};
struct HandshakeCase {
    const char* name;
    std::vector<Step> steps;
    std::optional<Duration> expected;
};

const TcpPacket kOpen{.flags = kSyn, .sequence = 999};
const TcpPacket kAnswer{.from_client = false, .flags = kSyn | kAck, .sequence = 4999};
const TcpPacket kConfirm{.flags = kAck};
const TcpPacket kFirstData{.flags = kAck | kPsh, .data = true};

const HandshakeCase kHandshakes[] = {
    {"whole",
     {{1, kOpen}, {1.02, kAnswer}, {1.03, kConfirm}, {2, kFirstData}},
     std::chrono::milliseconds(30)},
    {"the first SYN was lost behind the tap",
     {{1, kOpen}, {4, kOpen}, {4.02, kAnswer}, {4.03, kConfirm}},
     std::chrono::milliseconds(30)},
    {"the client answers with data",
     {{1, kOpen}, {1.02, kAnswer}, {1.03, kFirstData}},
     std::chrono::milliseconds(30)},
    {"all at once", {{1, kOpen}, {1, kAnswer}, {1, kConfirm}}, Duration{0}},
    {"never answered", {{1, kOpen}, {2, kOpen}}, {}},
    {"not confirmed", {{1, kOpen}, {1.02, kAnswer}}, {}},
    {"mid-stream", {{1, kConfirm}, {2, kFirstData}}, {}},
    {"without the SYN", {{1, kAnswer}, {1.01, kConfirm}}, {}},
};

class HandshakeTime : public testing::TestWithParam<HandshakeCase> {};

TEST_P(HandshakeTime, IsFromTheSynThatWasAnsweredToTheClientsAnswer) {
    Watched table;
    const Flow* flow = nullptr;
    for (const Step& step : GetParam().steps)
        flow = &table.see(tcp(step.packet), at(step.time));
    EXPECT_EQ(table.table->details(*flow).handshake, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Handshakes, HandshakeTime, testing::ValuesIn(kHandshakes),
                         [](const auto& tested) {
                             std::string name = tested.param.name;
                             std::replace_if(
                                 name.begin(), name.end(),
                                 [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
                             return name;
                         });

TEST(PackedCountersTest, HoldMoreThan32Bits) {
    PackedCounters counters;
    EXPECT_FALSE(counters.any());
    for (int i = 0; i < 3; ++i)
        counters.add(UINT32_MAX);
    EXPECT_TRUE(counters.any());
    EXPECT_EQ(counters.read().packets, 3u);
    EXPECT_EQ(counters.read().bytes, 3ull * UINT32_MAX);
}

}  // namespace
}  // namespace querytap::flow
