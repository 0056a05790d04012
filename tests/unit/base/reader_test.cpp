#include <array>

#include <gtest/gtest.h>

#include <querytap/base/reader.h>

namespace querytap {
namespace {

constexpr std::array<std::uint8_t, 10> kBytes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

TEST(Reader, ReadsBothByteOrders) {
    EXPECT_EQ(Reader(kBytes).u16be(), 0x0001);
    EXPECT_EQ(Reader(kBytes).u16le(), 0x0100);
    EXPECT_EQ(Reader(kBytes).u32be(), 0x00010203u);
    EXPECT_EQ(Reader(kBytes).u32le(), 0x03020100u);
    EXPECT_EQ(Reader(kBytes).u64be(), 0x0001020304050607ull);
    EXPECT_EQ(Reader(kBytes).u64le(), 0x0706050403020100ull);
}

TEST(Reader, MovesAndEndsExactlyAtTheEnd) {
    Reader reader(kBytes);
    reader.skip(2);
    EXPECT_EQ(reader.u8(), 2);
    EXPECT_EQ(reader.position(), 3u);
    EXPECT_EQ(reader.bytes(3).front(), 3);
    EXPECT_EQ(reader.rest().size(), 4u);
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(reader.remaining(), 0u);
    EXPECT_TRUE(reader.rest().empty());
    EXPECT_TRUE(reader.ok());
}

TEST(Reader, PastTheEndIsZeroAndFailedForGood) {
    Reader reader(kBytes);
    reader.skip(9);
    EXPECT_EQ(reader.u16be(), 0);
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.u8(), 0) << "one byte is left, but the reader has failed";
    EXPECT_TRUE(reader.bytes(1).empty());
    EXPECT_TRUE(reader.rest().empty());
}

TEST(Reader, HugeSizesDoNotWrap) {
    Reader reader(kBytes);
    reader.skip(4);
    EXPECT_TRUE(reader.bytes(SIZE_MAX).empty());
    EXPECT_FALSE(reader.ok());
}

TEST(Reader, AtDoesNotMove) {
    Reader reader(kBytes);
    EXPECT_EQ(reader.at(8, 2).back(), 9);
    EXPECT_TRUE(reader.at(10, 0).empty());
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(reader.position(), 0u);
    EXPECT_TRUE(reader.at(9, 2).empty());
    EXPECT_FALSE(reader.ok());
}

TEST(Reader, AtChecksOffsetAndSizeWithoutWrapping) {
    for (const auto& [offset, size] :
         {std::pair<std::size_t, std::size_t>{11, 0}, {SIZE_MAX, 1}, {1, SIZE_MAX}}) {
        Reader reader(kBytes);
        EXPECT_TRUE(reader.at(offset, size).empty());
        EXPECT_FALSE(reader.ok());
    }
}

TEST(Reader, CountedBytesComeWholeOrNotAtAll) {
    const std::vector<std::uint8_t> bytes{2, 'a', 'b', 0, 3, 'c'};
    Reader reader(bytes);
    Bytes out;
    ASSERT_TRUE(reader.counted_le<std::uint8_t>(0, out));
    EXPECT_EQ(as_text(out), "ab");
    ASSERT_TRUE(reader.counted_le<std::uint8_t>(0, out));
    EXPECT_EQ(out.data(), nullptr);
    EXPECT_EQ(reader.position(), 4u);
    EXPECT_FALSE(reader.counted_le<std::uint8_t>(0, out));
    EXPECT_EQ(reader.position(), 4u);
    EXPECT_TRUE(reader.ok());

    const std::vector<std::uint8_t> wide{1, 0, 'x', 0xff, 0xff, 0, 0, 1};
    Reader words(wide);
    ASSERT_TRUE(words.counted_le<std::uint16_t>(0xffff, out));
    EXPECT_EQ(as_text(out), "x");
    ASSERT_TRUE(words.counted_le<std::uint16_t>(0xffff, out));
    EXPECT_EQ(out.data(), nullptr);
    ASSERT_TRUE(words.counted_le<std::uint16_t>(0xffff, out));
    EXPECT_TRUE(out.empty());
    EXPECT_NE(out.data(), nullptr);
    EXPECT_FALSE(words.counted_le<std::uint16_t>(0xffff, out));  // half a length
    EXPECT_EQ(words.remaining(), 1u);
}

TEST(Reader, OfNothing) {
    Reader reader(Bytes{});
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(reader.u8(), 0);
    EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace querytap
