// Files that cannot be read, or not whole: what is said, which packet is named, what was delivered
// before.
#include <algorithm>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture_builder.h"

namespace querytap::dataplane::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Pcap two_packets() {
    return Pcap().packet("0123456789").packet("abcdef");
}

Pcapng two_in_pcapng() {
    return Pcapng().section().interface().packet("0123456789", 1).packet("abcdef", 2);
}

std::string without_last(std::string bytes, std::size_t count) {
    bytes.resize(bytes.size() - count);
    return bytes;
}

struct Broken {
    const char* name;
    std::string bytes;
    std::size_t packets;
    std::vector<const char*> words;
};

const Broken kBroken[] = {
    {"Empty", "", 0, {"is not a capture that can be read"}},
    {"TwoBytes", "ab", 0, {"is not a capture that can be read"}},
    {"Text",
     "this is a text, and no capture at all",
     0,
     {"is not a capture", "unknown file format"}},
    {"FileHeaderCut", Pcap().bytes().substr(0, 20), 0, {"is not a capture that can be read"}},
    {"VersionOfTheFuture",
     from_hex("d4c3b2a1 0900 0900") + std::string(16, '\0'),
     0,
     {"is not a capture that can be read"}},
    {"RecordHeaderCut", two_packets().bytes() + std::string(7, 'h'), 2, {"packet 3", "truncated"}},
    {"DataCut", without_last(two_packets().bytes(), 1), 1, {"packet 2", "truncated"}},
    {"NoDataAtAll", without_last(two_packets().bytes(), 6), 1, {"packet 2", "truncated"}},
    {"LengthOfGigabytes",
     two_packets().packet_that_claims(0x7ffffff0, "x").bytes(),
     2,
     {"packet 3", "2147483632"}},
    {"LengthOfAllOnes", two_packets().packet_that_claims(0xffffffff, "x").bytes(), 2, {"packet 3"}},
    {"UnknownLinkType",
     Pcap({.link_type = kWifi}).packet("x").bytes(),
     0,
     {"has link type IEEE802_11"}},
    {"LinkTypeWithoutName",
     Pcap({.link_type = 9999}).packet("x").bytes(),
     0,
     {"has link type 9999"}},
    {"PcapngDataCut", without_last(two_in_pcapng().bytes(), 9), 1, {"packet 2", "truncated"}},
    {"PcapngWithoutInterface",
     Pcapng().section().packet("x", 1).bytes(),
     0,
     {"is not a capture that can be read"}},
    {"PcapngUnknownInterface", two_in_pcapng().packet("x", 3, 7).bytes(), 2, {"packet 3", "7"}},
    {"PcapngBlockOfNoLength",
     two_in_pcapng().bytes() + from_hex("06000000 00000000"),
     2,
     {"packet 3"}},
    {"PcapngOtherLinkTypeLater",
     two_in_pcapng().interface(kRaw).packet("E", 3, 1).bytes(),
     2,
     {"packet 3", "type"}},
};

class BrokenFile : public testing::TestWithParam<Broken> {};

TEST_P(BrokenFile, SaysWhatIsWrongAndWhere) {
    const Broken& broken = GetParam();
    const TemporaryFile file(broken.bytes, "monday.pcap");
    const Contents contents = read(file.path());
    EXPECT_EQ(contents.packets.size(), broken.packets);
    ASSERT_FALSE(contents.end.ok());
    const std::string text = contents.end.error().to_string();
    EXPECT_THAT(text, testing::StartsWith(file.path().string() + ": "));
    for (const char* words : broken.words)
        EXPECT_THAT(text, HasSubstr(words));
}

INSTANTIATE_TEST_SUITE_P(Table, BrokenFile, testing::ValuesIn(kBroken),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(CaptureErrors, MissingFileAndFolder) {
    const TemporaryFile file("");
    const auto folder = file.path().parent_path();
    const Contents missing = read(folder / "none.pcap");
    ASSERT_FALSE(missing.end.ok());
    EXPECT_THAT(missing.end.error().to_string(),
                AllOf(HasSubstr("none.pcap: cannot be opened"), HasSubstr("No such file")));
    const Contents instead = read(folder);
    ASSERT_FALSE(instead.end.ok());
    EXPECT_THAT(instead.end.error().to_string(), HasSubstr("is a directory, not a capture"));
}

/// A file cut anywhere: a clean end between records, everywhere else an error after whole packets.
void check_every_cut(const std::string& bytes, const std::vector<std::size_t>& whole) {
    const Contents all = read_bytes(bytes);
    ASSERT_TRUE(all.end.ok()) << all.end.error().to_string();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const Contents contents = read_bytes(std::string_view(bytes).substr(0, size));
        const bool clean = std::count(whole.begin(), whole.end(), size) > 0;
        EXPECT_EQ(contents.end.ok(), clean) << size << " bytes";
        ASSERT_LE(contents.packets.size(), all.packets.size());
        for (std::size_t i = 0; i < contents.packets.size(); ++i)
            EXPECT_EQ(contents.packets[i], all.packets[i]) << size << " bytes";
    }
}

TEST(CaptureErrors, PcapCutAnywhere) {
    check_every_cut(two_packets().bytes(), {24, 24 + 16 + 10});
}

TEST(CaptureErrors, PcapngCutAnywhere) {
    const Pcapng header = Pcapng().section().interface();
    const std::size_t none = header.bytes().size();
    check_every_cut(two_in_pcapng().bytes(), {none, none + 32 + 12});
}

TEST(CaptureErrors, AnyByteChangedIsSurvived) {
    for (const std::string& bytes : {two_packets().bytes(), two_in_pcapng().bytes()}) {
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            for (const int mask : {0x01, 0x80, 0xff}) {
                std::string changed = bytes;
                changed[i] = static_cast<char>(changed[i] ^ mask);
                const Contents contents = read_bytes(changed);
                EXPECT_LE(contents.packets.size(), 2u);
            }
        }
    }
}

std::filesystem::path foreign_captures() {
    if (const char* set = std::getenv("QUERYTAP_CAPTURES")) return set;
    const char* source = std::getenv("QUERYTAP_SOURCE");
    return std::filesystem::path(source != nullptr ? source : ".") / "../shared/captures";
}

TEST(CaptureErrors, MalformedCapturesOfOthersAreSurvived) {
    const auto folder = foreign_captures() / "malformed/tcpdump";
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "skipped: no captures in " << folder;
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const Contents contents = read(entry.path());
        EXPECT_EQ(contents.counted, contents.packets.size()) << entry.path();
        if (!contents.end.ok()) {
            EXPECT_FALSE(contents.end.error().message.empty()) << entry.path();
        }
        ++files;
    }
    EXPECT_GT(files, 100u);
}

}  // namespace
}  // namespace querytap::dataplane::test
