// A share of the corpus through the real program: a capture is written, replayed, and the EVE lines
// are read back. QUERYTAP_BINARY names the program.
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <rapidjson/document.h>

#include "capture_turns.h"
#include "corpus.h"
#include "inspected.h"

namespace querytap {
namespace {

using test::Variant;

constexpr std::uint16_t kFirstPort = 20000;
constexpr std::size_t kShare = 8;  // every so many-th

void write_capture(const std::filesystem::path& file, const std::vector<Variant>& variants) {
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> dead(
        pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 65535, PCAP_TSTAMP_PRECISION_NANO),
        pcap_close);
    const std::unique_ptr<pcap_dumper_t, decltype(&pcap_dump_close)> out(
        pcap_dump_open(dead.get(), file.c_str()), pcap_dump_close);
    ASSERT_TRUE(out) << pcap_geterr(dead.get());
    std::mt19937 random(23);
    for (std::size_t i = 0; i < variants.size(); ++i) {
        const auto begin =
            from_ns(1'700'000'000'000'000'000 + static_cast<int>(i) * 1'000'000'000LL);
        const auto delivered = test::deliver(variants[i].speech, variants[i].way, begin);
        const auto frames = test::conversation(delivered.turns, delivered.cutting, random,
                                               static_cast<std::uint16_t>(kFirstPort + i));
        for (const test::OwnedFrame& frame : frames) {
            pcap_pkthdr header{};
            header.ts.tv_sec = to_ns(frame.time) / 1'000'000'000;
            header.ts.tv_usec = to_ns(frame.time) % 1'000'000'000;
            header.caplen = header.len = static_cast<bpf_u_int32>(frame.bytes.size());
            pcap_dump(reinterpret_cast<unsigned char*>(out.get()), &header, frame.bytes.data());
        }
    }
}

/// What the EVE lines say of each variant.
std::vector<test::Inspected> read_events(const std::filesystem::path& file, std::size_t count) {
    std::vector<test::Inspected> found(count);
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        rapidjson::Document event;
        if (event.Parse(line.c_str()).HasParseError()) throw std::runtime_error("EVE: " + line);
        if (!event.HasMember("src_port")) continue;
        std::size_t index = event["src_port"].GetUint() - kFirstPort;
        if (index >= count) index = event["dest_port"].GetUint() - kFirstPort;
        test::Inspected& one = found.at(index);
        const std::string type = event["event_type"].GetString();
        if (type == "alert") one.sids.insert(event["alert"]["signature_id"].GetUint());
        if (type == "tds" && event["tds"].HasMember("query")) ++one.queries;
        // Of the flow: verdict records of a pair that repeats itself are folded.
        if (type == "flow" && event["verdict"]["level"] == "malicious") {
            one.level = verdict::Level::kMalicious;
        }
    }
    return found;
}

TEST(Binary, DetectsAttacksAndNothingElse) {
    const char* const program = std::getenv("QUERYTAP_BINARY");
    if (program == nullptr) GTEST_SKIP() << "QUERYTAP_BINARY is not set";
    std::vector<Variant> variants;
    const auto take = [&](const std::vector<Variant>& all) {
        for (std::size_t i = 0; i < all.size(); i += kShare)
            variants.push_back(all[i]);
    };
    take(test::attacks());
    const std::size_t attacks = variants.size();
    take(test::look_alikes());
    ASSERT_GE(attacks, 40u);
    ASSERT_GE(variants.size() - attacks, 20u);

    std::string folder = (std::filesystem::temp_directory_path() / "evasion.XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    const std::filesystem::path capture = folder + "/corpus.pcap";
    const std::filesystem::path events = folder + "/eve.json";
    write_capture(capture, variants);
    const std::string command = std::string(program) + " replay " + capture.string() + " --json " +
                                events.string() + " --signatures " +
                                (test::source_root() / "signatures").string() + " >" + folder +
                                "/log 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    const auto found = read_events(events, variants.size());
    for (std::size_t i = 0; i < variants.size(); ++i) {
        if (i < attacks) {
            EXPECT_TRUE(test::detected(variants[i], found[i])) << variants[i] << '\n' << found[i];
        } else {
            EXPECT_TRUE(found[i].sids.empty()) << variants[i] << '\n' << found[i];
            EXPECT_NE(found[i].level, verdict::Level::kMalicious) << variants[i];
        }
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace querytap
