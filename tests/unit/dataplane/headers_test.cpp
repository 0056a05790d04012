#include "../../../src/dataplane/headers.h"

#include <vector>

#include <gtest/gtest.h>

#include "../packet/frame_builder.h"

namespace querytap::dataplane {
namespace {

using namespace packet::test;
using packet::test::Frame;

/// A frame in mbufs of `size` bytes each.
struct Chain {
    Chain(Frame frame, std::size_t size) : bytes(std::move(frame)) {
        mbufs.resize((bytes.size() + size - 1) / size);
        for (std::size_t i = 0; i != mbufs.size(); ++i) {
            rte_mbuf& mbuf = mbufs[i];
            mbuf = {};
            mbuf.buf_addr = bytes.data() + i * size;
            mbuf.data_len = static_cast<std::uint16_t>(std::min(size, bytes.size() - i * size));
            mbuf.next = i + 1 == mbufs.size() ? nullptr : &mbufs[i + 1];
        }
        mbufs[0].nb_segs = static_cast<std::uint16_t>(mbufs.size());
        mbufs[0].pkt_len = static_cast<std::uint32_t>(bytes.size());
    }
    Frame bytes;
    std::vector<rte_mbuf> mbufs;
};

const Frame kPlain = ethernet(0x0800, ipv4({}, tcp(Frame(3000, 'x'))));
/// Destination options of 1,200 bytes.
const Frame kLongHeaders =
    ethernet(0x86dd, ipv6(60, Frame{6, 149} + Frame(1198, 0) + tcp(Frame(3000, 'x'))));

struct Case {
    const char* name;
    const Frame& frame;
    std::size_t mbuf_size;
    bool joined;
};
const Case kCases[] = {
    {"one mbuf", kPlain, 4096, false},
    {"headers in the first of two", kPlain, 2048, false},
    {"headers end in the second", kPlain, 40, true},
    {"long headers end in the second", kLongHeaders, 1024, true},
};

TEST(HeadersOfChains, AreFoundWhereverTheyEnd) {
    for (const Case& given : kCases) {
        Headers headers{packet::kDefaultOptions};
        const Chain chain(given.frame, given.mbuf_size);
        packet::PacketView packet;
        EXPECT_EQ(name(headers.decode(chain.mbufs.data(), packet)), "ok") << given.name;
        EXPECT_EQ(packet.destination_port, 1433) << given.name;
        EXPECT_EQ(headers.bytes().data() != chain.bytes.data(), given.joined) << given.name;
    }
}

TEST(HeadersOfChains, FragmentsAreWhole) {
    const Frame frame = ethernet(0x0800, ipv4({.fragment = 0x2000}, Frame(3000, 'x')));
    const Chain chain(frame, 1024);
    Headers headers{packet::kDefaultOptions};
    packet::PacketView packet;
    EXPECT_EQ(name(headers.decode(chain.mbufs.data(), packet)), "fragment");
    packet::Fragment part;
    EXPECT_EQ(name(packet::decode_fragment(headers.bytes(), part)), "fragment");
    EXPECT_EQ(part.data.size(), 3000u);
}

TEST(HeadersOfChains, LongerThanAnyFrameAreWhatTheFirstSays) {
    const Chain chain(ethernet(0x0800, ipv4({.total_size = 0}, tcp(Frame(300000, 'x')))), 40);
    Headers headers{packet::kDefaultOptions};
    packet::PacketView packet;
    EXPECT_EQ(name(headers.decode(chain.mbufs.data(), packet)), "truncated");
}

}  // namespace
}  // namespace querytap::dataplane
