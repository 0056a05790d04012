// Key log files: what is read, and where the errors are.
#include <fstream>

#include <gtest/gtest.h>

#include <querytap/tls/key_log.h>

namespace querytap::tls {
namespace {

class KeyLogFile : public testing::Test {
  protected:
    Result<KeyLog> load(const std::string& text) {
        std::ofstream(path_) << text;
        return KeyLog::load(path_);
    }
    void TearDown() override { std::filesystem::remove(path_); }

    std::filesystem::path path_ =
        std::filesystem::path(testing::TempDir()) / "querytap-key-log-test.txt";
    std::string random_ = std::string(62, '0') + "aB";
    std::string secret_ = std::string(64, '1');
    std::string master_ = std::string(96, '2');
};

TEST_F(KeyLogFile, SecretsAreFoundByClientRandom) {
    const auto log = load(
        "# SSL/TLS secrets log file\n\n"
        "CLIENT_RANDOM " +
        random_ + " " + master_ +
        "\r\n"
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET " +
        random_ + " " + secret_ +
        "\n"
        "SERVER_HANDSHAKE_TRAFFIC_SECRET " +
        random_ + " " + master_ +
        "\n"
        "CLIENT_TRAFFIC_SECRET_0 " +
        random_ + " " + secret_ +
        "\n"
        "SERVER_TRAFFIC_SECRET_0 " +
        random_ + " " + secret_ +
        "\n"
        "EXPORTER_SECRET " +
        random_ + " " + secret_ +
        "\n"
        "A_LABEL_OF_TOMORROW 00 11");
    ASSERT_TRUE(log.ok()) << log.error().to_string();
    EXPECT_EQ(log->size(), 1U);
    KeyLog::Random random{};
    EXPECT_EQ(log->find(random), nullptr);
    random.back() = 0xab;
    const KeyLog::Secrets* const secrets = log->find(random);
    ASSERT_NE(secrets, nullptr);
    EXPECT_EQ(secrets->master, KeyLog::Secret(48, 0x22));
    EXPECT_EQ(secrets->handshake[0], KeyLog::Secret(32, 0x11));
    EXPECT_EQ(secrets->handshake[1], KeyLog::Secret(48, 0x22));
    EXPECT_EQ(secrets->traffic[0], KeyLog::Secret(32, 0x11));
    EXPECT_EQ(secrets->traffic[1], KeyLog::Secret(32, 0x11));
}

TEST_F(KeyLogFile, ErrorsSayWhere) {
    const std::string good = "CLIENT_RANDOM " + random_ + " " + master_ + "\n";
    struct Case {
        std::string line;
        int column;
        const char* message;
    };
    const Case cases[] = {
        {"client_random " + random_ + " " + master_, 1, "this is no label"},
        {std::string("\xd4\xc3\xb2\xa1\x02\0\x04", 7), 1, "this is no label"},
        {"CLIENT_RANDOM " + random_, 15, "a line has three words, this one has 2"},
        {"CLIENT_RANDOM " + random_ + " " + master_ + " 00", 177,
         "a line has three words, this one has 4"},
        {"CLIENT_RANDOM " + random_.substr(2) + " " + master_, 15,
         "a client random has 32 bytes, this one has 31"},
        {"CLIENT_RANDOM " + random_.substr(1) + " " + master_, 77,
         "an odd number of hexadecimal digits"},
        {"CLIENT_RANDOM " + random_ + " 00" + "zz", 82, "'zz' is not a byte in hexadecimal"},
        {"CLIENT_RANDOM " + random_ + " " + secret_, 80, "no secret of CLIENT_RANDOM has 32 bytes"},
        {"SERVER_TRAFFIC_SECRET_0 " + random_ + " 00", 90,
         "no secret of SERVER_TRAFFIC_SECRET_0 has 1 bytes"},
    };
    for (const Case& tested : cases) {
        const auto log = load(good + tested.line);
        ASSERT_FALSE(log.ok()) << tested.line;
        EXPECT_EQ(log.error().message, tested.message);
        EXPECT_EQ(log.error().line, 2) << tested.message;
        EXPECT_EQ(log.error().column, tested.column) << tested.message;
        EXPECT_EQ(log.error().file, path_.string());
    }
    EXPECT_FALSE(KeyLog::load("/nowhere/keys.log").ok());
    EXPECT_TRUE(load("").ok());
}

}  // namespace
}  // namespace querytap::tls
