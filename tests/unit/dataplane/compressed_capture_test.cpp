// gzip and zstd: told by the first bytes, members and frames one after the other, and what is said
// when the compressed data is cut or broken.
#include <random>
#include <zlib.h>
#include <zstd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture_builder.h"

namespace querytap::dataplane::test {
namespace {

using testing::HasSubstr;

std::string gzip(std::string_view bytes) {
    z_stream state{};
    deflateInit2(&state, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&state, bytes.size()) + 64, '\0');
    state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    state.avail_in = static_cast<uInt>(bytes.size());
    state.next_out = reinterpret_cast<Bytef*>(out.data());
    state.avail_out = static_cast<uInt>(out.size());
    deflate(&state, Z_FINISH);
    out.resize(state.total_out);
    deflateEnd(&state);
    return out;
}

std::string zstd(std::string_view bytes) {
    std::string out(ZSTD_compressBound(bytes.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1));
    return out;
}

/// Random bytes: their compressed form is long enough to need several reads of the input.
std::string capture_of(std::size_t packets) {
    std::mt19937 random(1);
    Pcap pcap;
    for (std::size_t i = 0; i < packets; ++i) {
        std::string frame(1000, '\0');
        for (char& byte : frame)
            byte = static_cast<char>(random());
        pcap.packet(frame, static_cast<std::uint32_t>(i));
    }
    return pcap.bytes();
}

struct Format {
    const char* name;
    std::string (*compress)(std::string_view);
};

class Compressed : public testing::TestWithParam<Format> {
  protected:
    static std::string compress(std::string_view bytes) { return GetParam().compress(bytes); }
};

TEST_P(Compressed, GivesTheSamePackets) {
    const std::string plain = capture_of(400);
    const std::string bytes = compress(plain);
    const Contents contents = read_bytes(bytes);
    ASSERT_TRUE(contents.end.ok()) << contents.end.error().to_string();
    EXPECT_EQ(contents.packets.size(), 400u);
    EXPECT_TRUE(contents.packets == read_bytes(plain).packets);
    EXPECT_EQ(contents.bytes_read, bytes.size());
}

TEST_P(Compressed, SizeIsThatOfWhatIsInside) {
    const std::string plain = Pcap().packet(std::string(200'000, 'a')).bytes();
    const std::string bytes = compress(plain);
    ASSERT_LT(bytes.size(), plain.size() / 50);
    const Contents contents = read_bytes(bytes);
    ASSERT_EQ(contents.packets.size(), 1u);
    EXPECT_EQ(contents.packets[0].frame.size(), 200'000u);
}

TEST_P(Compressed, PartsFollowEachOther) {
    const std::string plain = capture_of(300);
    const std::string_view view(plain);
    const std::string bytes = compress(view.substr(0, 777)) + compress("") +
                              compress(view.substr(777, 150'000)) + compress(view.substr(150'777));
    const Contents contents = read_bytes(bytes);
    ASSERT_TRUE(contents.end.ok()) << contents.end.error().to_string();
    EXPECT_TRUE(contents.packets == read_bytes(plain).packets);
}

TEST_P(Compressed, CutSaysSoAndNamesThePacket) {
    const std::string bytes = compress(capture_of(400));
    for (const std::size_t size : {bytes.size() - 1, bytes.size() / 2, std::size_t{3000}}) {
        const Contents contents = read_bytes(std::string_view(bytes).substr(0, size));
        ASSERT_FALSE(contents.end.ok()) << size;
        EXPECT_THAT(contents.end.error().message, HasSubstr("ends in the middle")) << size;
        EXPECT_THAT(contents.end.error().message,
                    HasSubstr("at packet " + std::to_string(contents.packets.size() + 1)));
    }
}

TEST_P(Compressed, CutBeforeTheFirstPacketIsNoCapture) {
    const std::string bytes = compress(capture_of(1));
    const Contents contents = read_bytes(std::string_view(bytes).substr(0, 12));
    ASSERT_FALSE(contents.end.ok());
    EXPECT_THAT(contents.end.error().message, HasSubstr("is not a capture that can be read"));
    EXPECT_THAT(contents.end.error().message, HasSubstr("ends in the middle"));
}

TEST_P(Compressed, BrokenDataSaysSo) {
    // Long enough that libpcap has the file's header before the decompressor meets the fault.
    std::string bytes = compress(capture_of(400)) + compress(capture_of(1));
    const std::size_t second = compress(capture_of(400)).size();
    bytes[second + 2] = static_cast<char>(bytes[second + 2] ^ 0x5a);  // the second part's header
    const Contents contents = read_bytes(bytes);
    ASSERT_FALSE(contents.end.ok());
    EXPECT_EQ(contents.packets.size(), 400u);
    EXPECT_THAT(contents.end.error().message, HasSubstr("data is broken"));
    EXPECT_THAT(contents.end.error().message, HasSubstr("at packet 401"));
}

TEST_P(Compressed, AnyBrokenByteIsAnErrorOrWholePackets) {
    const std::string bytes = compress(Pcap().packet("one", 1).packet("two", 2).bytes());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string broken = bytes;
        broken[i] = static_cast<char>(broken[i] ^ 0x81);
        const Contents contents = read_bytes(broken);
        EXPECT_LE(contents.packets.size(), 2u) << i;
        EXPECT_EQ(contents.counted, contents.packets.size()) << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, Compressed,
                         testing::Values(Format{"Gzip", gzip}, Format{"Zstd", zstd}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(Compression, IsToldByTheFirstBytesNotByTheName) {
    const std::string plain = Pcap().packet("x").bytes();
    const TemporaryFile gzip_called_pcap(gzip(plain), "a.pcap");
    const TemporaryFile plain_called_gzip(plain, "b.pcap.gz");
    EXPECT_EQ(read(gzip_called_pcap.path()).packets.size(), 1u);
    EXPECT_EQ(read(plain_called_gzip.path()).packets.size(), 1u);
}

TEST(Compression, ZstdSkippableFramesAreSkipped) {
    const std::string skippable = from_hex("502a4d18 04000000 01020304");
    const std::string plain = capture_of(3);
    const Contents contents = read_bytes(zstd(plain) + skippable);
    ASSERT_TRUE(contents.end.ok()) << contents.end.error().to_string();
    EXPECT_EQ(contents.packets.size(), 3u);
}

TEST(Compression, GzipChecksumIsChecked) {
    std::string bytes = gzip(capture_of(5));
    bytes[bytes.size() - 8] = static_cast<char>(bytes[bytes.size() - 8] ^ 1);  // RFC 1952: CRC32
    const Contents contents = read_bytes(bytes);
    ASSERT_FALSE(contents.end.ok());
    EXPECT_THAT(contents.end.error().message, HasSubstr("incorrect data check"));
}

}  // namespace
}  // namespace querytap::dataplane::test
