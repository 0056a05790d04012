#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include <querytap/packet/defragmenter.h>

#include "frame_builder.h"

namespace querytap::packet::test {
namespace {

constexpr std::uint16_t kIpv4Type = 0x0800;
constexpr std::uint16_t kIpv6Type = 0x86dd;
constexpr std::uint16_t kMore = 0x2000;

Timestamp at(double seconds) {
    return from_ns(1'700'000'000'000'000'000 + static_cast<std::int64_t>(seconds * 1e9));
}

Frame body(std::size_t size) {
    Frame bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
    return bytes;
}

Frame part_of(const Frame& datagram, std::size_t offset, std::size_t size) {
    const auto first = datagram.begin() + static_cast<std::ptrdiff_t>(offset);
    return {first, first + static_cast<std::ptrdiff_t>(size)};
}

Frame fragment4(const Frame& data, std::size_t offset, bool more, std::uint16_t id = 1,
                std::uint8_t protocol = 6) {
    const auto field = static_cast<std::uint16_t>(offset / 8 | (more ? kMore : 0u));
    return ethernet(kIpv4Type, ipv4({.protocol = protocol, .fragment = field, .id = id}, data));
}

Frame fragment6(const Frame& data, std::size_t offset, bool more, std::uint8_t id = 1) {
    const std::size_t field = offset | (more ? 1u : 0u);
    return ethernet(kIpv6Type, ipv6(44, Frame{6, 0, high(field), low(field), 0, 0, 0, id} + data));
}

/// The datagram in fragments of `step` bytes.
std::vector<Frame> fragments4(const Frame& datagram, std::size_t step, std::uint16_t id = 1) {
    std::vector<Frame> frames;
    for (std::size_t offset = 0; offset < datagram.size(); offset += step) {
        const std::size_t size = std::min(step, datagram.size() - offset);
        frames.push_back(fragment4(part_of(datagram, offset, size), offset,
                                   offset + size < datagram.size(), id));
    }
    return frames;
}

class Fragments : public testing::Test {
  protected:
    Defragmenter::Answer push(const Frame& frame, Timestamp now = at(0)) {
        PacketView ignored;
        EXPECT_EQ(name(decode(frame, ignored)), "fragment");
        defragmenter_.advance(now);
        return defragmenter_.push(frame, now, packet_);
    }
    Decoded push_all(const std::vector<Frame>& frames) {
        Decoded last = Decoded::kFragment;
        for (const Frame& frame : frames)
            last = push(frame).decoded;
        return last;
    }
    const FragmentCounters& counters() const { return defragmenter_.counters(); }

    Defragmenter defragmenter_{{.datagrams = 8}, 7, kDefaultOptions};
    PacketView packet_;
};

TEST_F(Fragments, InOrderMakeTheDatagram) {
    const Frame payload = body(3000);
    EXPECT_EQ(push_all(fragments4(tcp(payload), 1480)), Decoded::kOk);
    EXPECT_EQ(as_text(packet_.payload), as_text(payload));
    EXPECT_EQ(packet_.source.to_string(), "10.1.2.3");
    EXPECT_EQ(packet_.destination_port, 1433);
    EXPECT_EQ(packet_.wire_size, 3020u + 3 * 34) << "of all frames";
    EXPECT_EQ(counters().fragments.read(), 3u);
    EXPECT_EQ(counters().datagrams.read(), 1u);
}

TEST_F(Fragments, InAnyOrderAndAnySizeMakeTheDatagram) {
    std::mt19937 random(3);
    const Frame payload = body(2000);
    for (std::uint16_t id = 1; id <= 100; ++id) {
        const std::size_t step = 8 * (1 + random() % 200);
        std::vector<Frame> frames = fragments4(tcp(payload), step, id);
        std::shuffle(frames.begin(), frames.end(), random);
        if (frames.size() == 1) continue;
        ASSERT_EQ(push_all(frames), Decoded::kOk) << "steps of " << step;
        ASSERT_EQ(as_text(packet_.payload), as_text(payload)) << "steps of " << step;
    }
}

TEST_F(Fragments, OfTheLargestDatagram) {
    const Frame payload = body(65515 - 20);
    EXPECT_EQ(push_all(fragments4(tcp(payload), 8)), Decoded::kOk);
    EXPECT_EQ(as_text(packet_.payload), as_text(payload));
}

TEST_F(Fragments, OfIpv6) {
    const Frame payload = body(2000);
    const Frame datagram = tcp(payload);
    EXPECT_EQ(push(fragment6(part_of(datagram, 1400, 620), 1400, false)).decoded,
              Decoded::kFragment);
    EXPECT_EQ(push(fragment6(part_of(datagram, 0, 1400), 0, true)).decoded, Decoded::kOk);
    EXPECT_EQ(as_text(packet_.payload), as_text(payload));
    EXPECT_EQ(packet_.source.to_string(), "2001:db8::1");
}

TEST_F(Fragments, OfDifferentDatagramsStayApart) {
    const Frame first = tcp(body(1000));
    Frame second = tcp(body(1000));
    second[60] ^= 1;
    for (const std::size_t offset : {std::size_t{0}, std::size_t{512}}) {
        const bool more = offset == 0;
        const std::size_t size = more ? 512 : first.size() - 512;
        push(fragment4(part_of(first, offset, size), offset, more, 1));
        EXPECT_EQ(as_text(packet_.payload).size(), more ? 0u : 1000u);
        push(fragment4(part_of(second, offset, size), offset, more, 2));
    }
    EXPECT_EQ(counters().datagrams.read(), 2u);
    EXPECT_EQ(counters().overlapping.read(), 0u);
}

TEST_F(Fragments, OfAnotherTransportSaySo) {
    const Frame icmp = body(64);
    push(fragment4(part_of(icmp, 0, 32), 0, true, 1, 1));
    EXPECT_EQ(push(fragment4(part_of(icmp, 32, 32), 32, false, 1, 1)).decoded, Decoded::kNotTcpUdp);
}

TEST_F(Fragments, OfATunnelGiveTheInnerPacket) {
    const Frame inner = ethernet(kIpv4Type, ipv4({}, tcp(text("payload"))));
    const Frame outer = udp_to(4789, vxlan(inner));
    push(fragment4(part_of(outer, 0, 40), 0, true, 1, 17));
    EXPECT_EQ(push(fragment4(part_of(outer, 40, outer.size() - 40), 40, false, 1, 17)).decoded,
              Decoded::kOk);
    EXPECT_EQ(as_text(packet_.payload), "payload");
    EXPECT_EQ(packet_.envelope.outer.kind, Encapsulation::kVxlan);
}

TEST_F(Fragments, OfATunnelOfFragments) {
    const Frame datagram = tcp(body(200));
    std::uint16_t id = 10;
    Decoded last = Decoded::kOk;
    for (const Frame& inner : fragments4(datagram, 104)) {
        const Frame outer = udp_to(4789, vxlan(inner));
        push(fragment4(part_of(outer, 0, 40), 0, true, ++id, 17));
        last = push(fragment4(part_of(outer, 40, outer.size() - 40), 40, false, id, 17)).decoded;
    }
    EXPECT_EQ(last, Decoded::kOk);
    EXPECT_EQ(packet_.payload.size(), 200u);
    EXPECT_EQ(counters().datagrams.read(), 4u);
}

TEST_F(Fragments, ThatComeAgainWithTheSameBytesAreIgnored) {
    const std::vector<Frame> frames = fragments4(tcp(body(3000)), 1480);
    push(frames[0]);
    push(frames[0]);
    push(frames[2]);
    push(frames[2]);
    EXPECT_EQ(push(frames[1]).decoded, Decoded::kOk);
    EXPECT_EQ(counters().duplicates.read(), 2u);
    EXPECT_EQ(counters().overlapping.read(), 0u);
}

struct Bad {
    const char* name;
    std::vector<Frame> frames;
    bool told = true;  // whose datagram it was
};

const Frame kDatagram = tcp(body(300));
Frame other_bytes(std::size_t offset, std::size_t size) {
    Frame bytes = part_of(kDatagram, offset, size);
    bytes[0] ^= 0xff;
    return bytes;
}

const Bad kContradictions[] = {
    {"teardrop: the second lies within the first",
     {fragment4(part_of(kDatagram, 0, 160), 0, true), fragment4(other_bytes(24, 4), 24, false)}},
    {"other bytes in the same place",
     {fragment4(part_of(kDatagram, 0, 160), 0, true), fragment4(other_bytes(0, 160), 0, true)}},
    {"overlap by eight bytes",
     {fragment4(part_of(kDatagram, 0, 160), 0, true),
      fragment4(part_of(kDatagram, 152, 168), 152, false)}},
    {"overlap from in front",
     {fragment4(part_of(kDatagram, 160, 160), 160, false),
      fragment4(part_of(kDatagram, 0, 168), 0, true)}},
    {"two different ends",
     {fragment4(part_of(kDatagram, 0, 160), 0, true),
      fragment4(part_of(kDatagram, 200, 40), 200, false),
      fragment4(part_of(kDatagram, 240, 80), 240, false)}},
    {"beyond the end",
     {fragment4(part_of(kDatagram, 0, 80), 0, true),
      fragment4(part_of(kDatagram, 160, 40), 160, false),
      fragment4(part_of(kDatagram, 200, 40), 200, true)}},
    {"an end before what came",
     {fragment4(part_of(kDatagram, 0, 160), 0, true),
      fragment4(part_of(kDatagram, 240, 40), 240, true),
      fragment4(part_of(kDatagram, 160, 40), 160, false)}},
    {"the last comes again, with more behind it",
     {fragment4(part_of(kDatagram, 160, 160), 160, false),
      fragment4(part_of(kDatagram, 160, 160), 160, true)}},
    {"before the first fragment came",
     {fragment4(part_of(kDatagram, 80, 80), 80, true), fragment4(other_bytes(80, 80), 80, true),
      fragment4(part_of(kDatagram, 0, 80), 0, true)}},
    {"and the first fragment never came",
     {fragment4(part_of(kDatagram, 80, 80), 80, true), fragment4(other_bytes(80, 80), 80, true)},
     false},
};

class Contradiction : public testing::TestWithParam<Bad> {};

TEST_P(Contradiction, DropsTheDatagramAndIsToldOnce) {
    Defragmenter defragmenter{{.datagrams = 8}, 7, kDefaultOptions};
    std::vector<Frame> frames = GetParam().frames;
    // What still comes of the datagram changes nothing.
    for (const Frame& frame : fragments4(kDatagram, 160))
        frames.push_back(frame);
    int told = 0;
    for (const Frame& frame : frames) {
        PacketView packet;
        const auto answer = defragmenter.push(frame, at(0), packet);
        EXPECT_EQ(answer.decoded, Decoded::kFragment);
        if (!answer.overlap) continue;
        ++told;
        EXPECT_EQ(packet.source.to_string(), "10.1.2.3");
        EXPECT_EQ(packet.destination_port, 1433);
        EXPECT_TRUE(packet.payload.empty());
    }
    EXPECT_EQ(told, 1) << "at the latest with the first fragment";
    EXPECT_EQ(defragmenter.counters().overlapping.read(), 1u);
    EXPECT_EQ(defragmenter.counters().datagrams.read(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Fragments, Contradiction, testing::ValuesIn(kContradictions),
                         [](const auto& tested) {
                             std::string name = tested.param.name;
                             for (char& c : name) {
                                 if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                             }
                             return name;
                         });

TEST_F(Fragments, ThatComeAgainAsTheLastContradict) {
    push(fragment4(part_of(kDatagram, 0, 160), 0, true));
    push(fragment4(part_of(kDatagram, 160, 80), 160, true));
    EXPECT_TRUE(push(fragment4(part_of(kDatagram, 160, 80), 160, false)).overlap);
    EXPECT_EQ(counters().overlapping.read(), 1u);
    EXPECT_EQ(counters().duplicates.read(), 0u);
}

TEST_F(Fragments, ThatContradictAreToldOfUdpToo) {
    const Frame datagram = udp(body(300));
    push(fragment4(part_of(datagram, 0, 160), 0, true, 1, 17));
    const auto answer = push(fragment4(part_of(datagram, 152, 156), 152, false, 1, 17));
    EXPECT_TRUE(answer.overlap);
    EXPECT_EQ(packet_.protocol, IpProtocol::kUdp);
    EXPECT_EQ(packet_.destination_port, 1434);
    EXPECT_TRUE(packet_.payload.empty());
}

TEST_F(Fragments, ThatContradictAreToldOfATunnelToo) {
    const Frame datagram = udp_to(4789, vxlan(ethernet(kIpv4Type, ipv4({}, tcp(body(300))))));
    push(fragment4(part_of(datagram, 0, 160), 0, true, 1, 17));
    EXPECT_TRUE(push(fragment4(part_of(datagram, 152, 80), 152, true, 1, 17)).overlap);
    EXPECT_EQ(packet_.destination_port, 1433);
    EXPECT_EQ(packet_.envelope.outer.kind, Encapsulation::kVxlan);
}

// No receiver takes such a datagram: what its flags say never happened.
TEST_F(Fragments, ThatContradictOpenAndEndNothing) {
    for (const std::uint8_t flags : {kSyn, kRst, kFin}) {
        Frame datagram = tcp(body(300));
        datagram[13] = flags;
        push(fragment4(part_of(datagram, 0, 160), 0, true, flags));
        EXPECT_TRUE(push(fragment4(part_of(datagram, 152, 168), 152, false, flags)).overlap);
        EXPECT_EQ(packet_.tcp_flags, 0);
    }
}

TEST_F(Fragments, OfDifferentVlansStayApart) {
    const Frame datagram = tcp(body(300));
    const auto tagged = [&](std::uint16_t inner, std::size_t offset, std::size_t size) {
        const auto field = static_cast<std::uint16_t>(offset / 8 | (offset == 0 ? kMore : 0u));
        const Frame packet = ipv4({.fragment = field, .id = 1}, part_of(datagram, offset, size));
        return ethernet(0x88a8, vlan(100, 0x8100, vlan(inner, kIpv4Type, packet)));
    };
    push(tagged(200, 0, 160));
    push(tagged(201, 0, 160));
    EXPECT_EQ(push(tagged(200, 160, 160)).decoded, Decoded::kOk);
    EXPECT_EQ(packet_.envelope.vlans, (Vlans{100, 200}));
    EXPECT_EQ(push(tagged(201, 160, 160)).decoded, Decoded::kOk);
    EXPECT_EQ(packet_.envelope.vlans, (Vlans{100, 201}));
    EXPECT_EQ(counters().duplicates.read(), 0u);
}

TEST_F(Fragments, OfSizesThatCannotBeAreDroppedAlone) {
    push(fragment4(body(13), 0, true));        // not a multiple of eight
    push(fragment4({}, 64, true));             // nothing
    push(fragment4(body(100), 65528, false));  // beyond the largest datagram
    EXPECT_EQ(counters().malformed.read(), 3u);
    EXPECT_EQ(push_all(fragments4(kDatagram, 160)), Decoded::kOk);
}

TEST_F(Fragments, CutByTheCaptureAreTruncated) {
    Frame frame = fragment4(body(160), 0, true);
    frame.erase(frame.end() - 8, frame.end());
    EXPECT_EQ(push(frame).decoded, Decoded::kTruncated);
    EXPECT_EQ(counters().datagrams.read(), 0u);
}

TEST_F(Fragments, ThatStayAloneAreGivenUp) {
    const std::vector<Frame> frames = fragments4(kDatagram, 160);
    push(frames[0], at(0));
    defragmenter_.advance(at(29));
    EXPECT_EQ(counters().timed_out.read(), 0u);
    defragmenter_.advance(at(31));
    EXPECT_EQ(counters().timed_out.read(), 1u);
    EXPECT_EQ(push(frames[1], at(32)).decoded, Decoded::kFragment) << "begins anew";
    EXPECT_EQ(push(frames[0], at(33)).decoded, Decoded::kOk);
}

TEST_F(Fragments, OfManyDatagramsDisplaceTheOldest) {
    const std::vector<Frame> first = fragments4(kDatagram, 160, 1);
    for (std::uint16_t id = 1; id <= 20; ++id)
        push(fragments4(kDatagram, 160, id)[0], at(id));
    EXPECT_EQ(counters().evicted.read(), 12u);
    EXPECT_EQ(push(fragments4(kDatagram, 160, 20)[1], at(21)).decoded, Decoded::kOk);
    EXPECT_EQ(push(first[1], at(21)).decoded, Decoded::kFragment) << "its beginning had to go";
}

}  // namespace
}  // namespace querytap::packet::test
