#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <querytap/novelty/state_file.h>

#include "../../support/temporary_directory.h"

namespace querytap::novelty {
namespace {

using namespace std::chrono_literals;

const IpAddress kServer = IpAddress::v4(0x0a000001);
constexpr Timestamp kNow = Timestamp{std::chrono::nanoseconds{1'767'225'600'000'000'000}};

class State : public testing::Test {
  protected:
    std::unique_ptr<Memory> load(const MemoryOptions& options = {.entries = 1024}) {
        warning_.reset();
        auto memory = file_.load(options, warning_);
        if (!memory.ok()) ADD_FAILURE() << memory.error().to_string();
        return memory.ok() ? std::move(memory).value() : nullptr;
    }
    std::string content() const {
        std::ifstream in(path_, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void write(const std::string& text) const {
        std::ofstream(path_, std::ios::binary | std::ios::trunc) << text;
    }

    test::TemporaryDirectory folder_;
    std::filesystem::path path_ = folder_.path() / "seen";
    StateFile file_{path_};
    std::optional<Error> warning_;
};

TEST_F(State, SurvivesARestart) {
    {
        auto memory = load({.entries = 1024, .learning = 1h});
        EXPECT_EQ(memory->look(Thing::kLogin, kServer, "sa", kNow), Seen::kNow);
        ASSERT_TRUE(file_.save(*memory).ok());
    }
    auto memory = load({.entries = 1024, .learning = 1h});
    EXPECT_FALSE(warning_);
    EXPECT_EQ(memory->used(), 1u);
    EXPECT_EQ(memory->look(Thing::kLogin, kServer, "sa", kNow + 2h), Seen::kBefore);
    EXPECT_EQ(memory->look(Thing::kLogin, kServer, "x", kNow + 59min), Seen::kNow);
    EXPECT_EQ(memory->look(Thing::kLogin, kServer, "y", kNow + 1h), Seen::kFirstTime)
        << "learning began before the restart";
}

TEST_F(State, FitsAnotherSize) {
    {
        auto memory = load({.entries = 1u << 15});  // few share a line
        for (std::uint64_t i = 0; i < 300; ++i)
            memory->look(Thing::kQueryShape, kServer, i, kNow);
        ASSERT_TRUE(file_.save(*memory).ok());
    }
    auto larger = load({.entries = 1u << 16});
    for (std::uint64_t i = 0; i < 300; ++i)
        EXPECT_EQ(larger->look(Thing::kQueryShape, kServer, i, kNow), Seen::kBefore);
    auto smaller = load({.entries = 64});
    EXPECT_EQ(smaller->used(), 64u);
}

TEST_F(State, DamageIsToldAndSetAside) {
    {
        auto memory = load();
        memory->look(Thing::kLogin, kServer, "sa", kNow);
        ASSERT_TRUE(file_.save(*memory).ok());
    }
    const std::string whole = content();
    ASSERT_EQ(whole.size(), 48u + 8u);
    std::vector<std::string> damaged{"", "x", whole.substr(0, whole.size() - 1), whole + "x"};
    for (std::size_t at = 0; at < whole.size(); ++at) {
        damaged.push_back(whole);
        damaged.back()[at] = static_cast<char>(damaged.back()[at] ^ 0x10);
    }
    for (const std::string& text : damaged) {
        write(text);
        auto memory = load();
        ASSERT_TRUE(warning_);
        EXPECT_NE(warning_->to_string().find("was set aside"), std::string::npos);
        EXPECT_EQ(memory->used(), 0u);
        EXPECT_TRUE(std::filesystem::exists(path_.string() + ".damaged"));
        EXPECT_FALSE(std::filesystem::exists(path_));
    }
}

TEST_F(State, AFolderThatIsNotThereIsAnError) {
    const StateFile file("/nonexistent/folder/seen");
    std::optional<Error> warning;
    const auto memory = file.load({}, warning);
    ASSERT_FALSE(memory.ok());
    EXPECT_NE(memory.error().to_string().find("No such file or directory"), std::string::npos);
}

/// Writes without a pause until it is killed.
[[noreturn]] void write_for_ever(const StateFile& file) {
    std::optional<Error> warning;
    auto memory = file.load({.entries = 1u << 14}, warning);
    if (!memory.ok() || warning) ::_exit(1);
    for (std::uint64_t i = (*memory)->used() * 7;; ++i) {
        (*memory)->look(Thing::kQueryShape, kServer, i, kNow);
        if (!file.save(**memory).ok()) ::_exit(1);
    }
}

TEST_F(State, LoadsHoweverOftenItsWriterIsKilled) {
    std::mt19937 random(1);
    std::uint64_t known = 0;
    load();
    for (int i = 0; i < 200; ++i) {
        const pid_t writer = ::fork();
        ASSERT_GE(writer, 0);
        if (writer == 0) write_for_ever(file_);
        ::usleep(static_cast<useconds_t>(1000 + random() % 9000));
        ::kill(writer, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(writer, &status, 0), writer);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the writer found a damaged file";
        const auto memory = load({.entries = 1u << 14});
        ASSERT_FALSE(warning_) << warning_->to_string();
        EXPECT_GE(memory->used(), known) << "nothing that was saved is lost";
        known = memory->used();
    }
    EXPECT_GT(known, 10u) << "it did write";
}

}  // namespace
}  // namespace querytap::novelty
