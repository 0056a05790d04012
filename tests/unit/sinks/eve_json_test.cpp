#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <querytap/sinks/eve_json.h>

#include "fixtures.h"

namespace querytap::sinks {
namespace {

using pipeline::Event;
using pipeline::EventType;

constexpr const char* kHead =
    R"({"timestamp":"2026-11-23T07:58:06.123456+0000","flow_id":42,"event_type":)";
constexpr const char* kClientFirst =
    R"("src_ip":"10.1.2.3","src_port":50000,"dest_ip":"203.0.113.50","dest_port":1433,)"
    R"("proto":"TCP","community_id":"1:ZDdBdpGaJEKrVzCrhm05UeZcLfI=","app_proto":"tds",)";

std::string without_community_id(std::string line) {
    const std::size_t begin = line.find("\"community_id\":\"");
    const std::size_t end = line.find("\",", begin) + 2;
    return line.erase(begin, end - begin);
}

TEST(EveJson, AlertHasThePacketsDirection) {
    Event event = test::event(EventType::kAlert);
    event.alert.buffer = signature::Buffer::kTdsResult;
    event.alert.to_server = false;
    event.alert.excerpt.assign("run calc");
    event.alert.user.assign("sa");
    const signature::Rule rule = test::rule();
    EXPECT_EQ(without_community_id(to_eve_line(event, &rule)),
              std::string(kHead) +
                  R"("alert","src_ip":"203.0.113.50","src_port":1433,"dest_ip":"10.1.2.3",)"
                  R"("dest_port":50000,"proto":"TCP","app_proto":"tds","direction":"to_client",)"
                  R"("alert":{"action":"allowed","gid":1,"signature_id":9100001,"rev":2,)"
                  R"("signature":"SQLC2 agent checks in","category":"c2-channel","severity":1,)"
                  R"("metadata":{"threat":["sqlc2","other"],"mitre_technique_id":["T1071"]}},)"
                  R"("match":{"buffer":"tds.result","excerpt":"run calc"},"tds":{"user":"sa"}})"
                  "\n");
}

TEST(EveJson, VerdictHasTheClientFirstAndItsReasons) {
    const std::string line = to_eve_line(test::malicious(), nullptr);
    EXPECT_EQ(without_community_id(line),
              without_community_id(std::string(kHead) + R"("verdict",)" + kClientFirst) +
                  R"("verdict":{"level":"malicious","previous":"unknown","score":100,)"
                  R"("reasons":[{"kind":"signature","id":"sid:9100001",)"
                  R"("text":"SQLC2 agent checks in","technique":"T1071","weight":100,)"
                  R"("count":3}]}})"
                  "\n");
}

TEST(EveJson, FlowRecord) {
    Event event = test::event(EventType::kFlow);
    event.flow.reason = flow::EndReason::kTimeout;
    event.flow.state = flow::State::kEstablished;
    event.flow.to_server = {.packets = 3, .bytes = 300};
    event.flow.to_client = {.packets = 2, .bytes = 200};
    event.flow.tcp_flags_to_server = 0x1b;
    event.flow.last = event.flow.first + std::chrono::seconds(5);
    event.flow.tds_messages_to_server = 2;
    rapidjson::Document document;
    document.Parse(to_eve_line(event, nullptr).c_str());
    ASSERT_FALSE(document.HasParseError());
    EXPECT_EQ(document["flow"]["pkts_toserver"].GetInt(), 3);
    EXPECT_EQ(document["flow"]["bytes_toclient"].GetInt(), 200);
    EXPECT_EQ(document["flow"]["age"].GetInt(), 5);
    EXPECT_STREQ(document["flow"]["reason"].GetString(), "timeout");
    EXPECT_STREQ(document["tcp"]["tcp_flags_ts"].GetString(), "1b");
    EXPECT_EQ(document["tds"]["messages_toserver"].GetInt(), 2);
    EXPECT_STREQ(document["verdict"]["level"].GetString(), "unknown");
}

TEST(EveJson, EveryTdsKindIsValidJson) {
    using pipeline::TdsKind;
    for (const TdsKind kind :
         {TdsKind::kPrelogin, TdsKind::kLogin, TdsKind::kLoginAck, TdsKind::kQuery,
          TdsKind::kResult, TdsKind::kError, TdsKind::kEncrypted, TdsKind::kAnomaly,
          TdsKind::kRedirect, TdsKind::kFederation}) {
        Event event = test::event(EventType::kTds);
        event.tds.kind = kind;
        event.tds.tds_version = 0x74000004;
        event.tds.text.assign("text");
        rapidjson::Document document;
        document.Parse(to_eve_line(event, nullptr).c_str());
        ASSERT_FALSE(document.HasParseError()) << static_cast<int>(kind);
        EXPECT_TRUE(document["tds"].HasMember("type"));
        EXPECT_GE(document["tds"].MemberCount(), 2u) << static_cast<int>(kind);
    }
}

TEST(EveJson, TlsHasSuricatasNames) {
    Event event = test::event(EventType::kTds);
    std::construct_at(&event.tls);
    tls::Handshake& handshake = event.tls.handshake;
    event.tls.mode = tds::TlsMode::kStrict;
    handshake.client.seen = handshake.server.seen = handshake.certificate.seen = true;
    handshake.client.sni.assign("db01.contoso.com");
    handshake.client.alpn.assign("tds/8.0,http/1.1");
    handshake.client.ja4.assign("t13d0204t0_8daaf6152771_e5627efa2ab1");
    handshake.server.version = tls::kTls12;
    handshake.server.cipher = 0xc030;
    handshake.server.alpn.assign("tds/8.0");
    handshake.certificate.subject.assign("CN=SSL_Self_Signed_Fallback");
    handshake.certificate.issuer.assign("CN=SSL_Self_Signed_Fallback");
    handshake.certificate.not_before = std::chrono::sys_days{std::chrono::year{1964} / 2 / 29};
    handshake.certificate.not_after =
        std::chrono::sys_days{std::chrono::year{9999} / 12 / 31} + std::chrono::seconds{86399};
    handshake.certificate.self_signed = true;
    handshake.certificate.sql_server_fallback = true;
    const std::string line = to_eve_line(event, nullptr);
    EXPECT_NE(line.find(R"("tds":{"type":"tls","tls":{"mode":"strict",)"
                        R"("subject":"CN=SSL_Self_Signed_Fallback",)"
                        R"("issuerdn":"CN=SSL_Self_Signed_Fallback","sni":"db01.contoso.com",)"
                        R"("version":"TLS 1.2","cipher":"0xc030",)"
                        R"("notbefore":"1964-02-29T00:00:00","notafter":"9999-12-31T23:59:59",)"
                        R"("self_signed":true,"sql_server_fallback":true,)"
                        R"("ja4":"t13d0204t0_8daaf6152771_e5627efa2ab1",)"
                        R"("client_alpns":["tds/8.0","http/1.1"],"server_alpns":["tds/8.0"]}})"),
              std::string::npos)
        << line;
}

std::string tds_of(const Event& event) {
    const std::string line = to_eve_line(event, nullptr);
    return line.substr(line.find("\"tds\":"));
}

TEST(EveJson, SsrpInstances) {
    Event event = test::event(EventType::kTds);
    pipeline::Ssrp& ssrp = *std::construct_at(&event.ssrp);
    ssrp.message = tds::SsrpMessage::kAnswer;
    ssrp.server.assign("DB1");
    ssrp.instance.assign("SALES");
    ssrp.version.assign("15.0.2000.5");
    ssrp.tcp_port = 49172;
    EXPECT_EQ(tds_of(event), R"("tds":{"type":"ssrp","ssrp":{"message":"answer","server":"DB1",)"
                             R"("instance":"SALES","version":"15.0.2000.5","tcp_port":49172}}})"
                             "\n");
}

TEST(EveJson, RedirectionsAndWhatFollowsThem) {
    Event event = test::event(EventType::kTds);
    event.tds.kind = pipeline::TdsKind::kRedirect;
    event.tds.server.assign("db7.contoso.com");
    event.tds.redirect_port = 11007;
    EXPECT_EQ(tds_of(event),
              R"("tds":{"type":"redirect","redirect":{"server":"db7.contoso.com","port":11007}}})"
              "\n");
    event.tds.kind = pipeline::TdsKind::kPrelogin;
    event.tds.redirected_from = 77;
    EXPECT_EQ(tds_of(event), R"("tds":{"type":"prelogin","redirected_from":77,)"
                             R"("prelogin":{"encryption":"absent"}}})"
                             "\n");
}

TEST(EveJson, WhatServersSayOfALogin) {
    Event event = test::event(EventType::kTds);
    event.tds.kind = pipeline::TdsKind::kLoginAck;
    event.tds.tds_version = 0x74000004;
    event.tds.text.assign("Microsoft SQL Server");
    event.tds.features = 1U << 10 | 1U << 15 | 1U << 20;
    EXPECT_EQ(tds_of(event), R"("tds":{"type":"login_ack","login_ack":{"version":"7.4",)"
                             R"("program":"Microsoft SQL Server",)"
                             R"("features":["utf8_support","enhanced_routing","20"]}}})"
                             "\n");
    event.tds.kind = pipeline::TdsKind::kFederation;
    event.tds.text.assign("https://login.example/common");
    event.tds.server.assign("https://db.example/");
    EXPECT_EQ(tds_of(event), R"("tds":{"type":"federation","federation":{)"
                             R"("sts_url":"https://login.example/common",)"
                             R"("spn":"https://db.example/"}}})"
                             "\n");
}

TEST(EveJson, WhatTellsToolsApartInALogin) {
    Event event = test::event(EventType::kTds);
    event.tds.kind = pipeline::TdsKind::kLogin;
    event.tds.pid = 7574;
    event.tds.lcid = 0x10000409;
    event.tds.client_id = {0xc2, 0xcc, 0x3d, 0x20, 0xb7, 0xab};
    event.tds.features = 0x132;
    EXPECT_NE(tds_of(event).find(
                  R"("pid":7574,"lcid":1033,"client_id":"c2:cc:3d:20:b7:ab",)"
                  R"("features":["session_recovery","column_encryption","global_transactions",)"
                  R"("azure_sql_support"]})"),
              std::string::npos)
        << tds_of(event);
}

TEST(EveJson, ExecutionOfAPreparedStatement) {
    Event event = test::event(EventType::kTds);
    event.tds.kind = pipeline::TdsKind::kQuery;
    event.tds.procedure.assign("sp_execute");
    event.tds.rpc_calls = 1;
    event.tds.prepared = true;
    event.tds.text.assign("exec p @p");
    event.tds.parameters.assign("@p='it''s'");
    EXPECT_EQ(tds_of(event),
              R"("tds":{"type":"query","query":{"procedure":"sp_execute","calls":1,)"
              R"("sql":"exec p @p","prepared":true,"parameters":"@p='it''s'","size":0}}})"
              "\n");
}

struct Hostile {
    const char* name;
    std::string wire;
    std::string json;
};

class HostileText : public testing::TestWithParam<Hostile> {};

TEST_P(HostileText, BecomesValidUtf8) {
    Event event = test::event(EventType::kTds);
    event.tds.kind = pipeline::TdsKind::kQuery;
    event.tds.text.assign(GetParam().wire);
    const std::string line = to_eve_line(event, nullptr);
    EXPECT_NE(line.find("\"sql\":\"" + GetParam().json + "\""), std::string::npos) << line;
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    rapidjson::Document document;
    document.Parse<rapidjson::kParseValidateEncodingFlag>(line.c_str());
    EXPECT_FALSE(document.HasParseError());
}

INSTANTIATE_TEST_SUITE_P(
    Sql, HostileText,
    testing::Values(Hostile{"quotes", "a\"b\\c", "a\\\"b\\\\c"},
                    Hostile{"controls", std::string("a\nb\x01\0c", 6), "a\\nb\\u0001\\u0000c"},
                    Hostile{"lone_byte",
                            "a\xff"
                            "b",
                            "a\xef\xbf\xbd"
                            "b"},
                    Hostile{"overlong", "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
                    Hostile{"surrogate", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
                    Hostile{"cut", "x\xe2\x82", "x\xef\xbf\xbd\xef\xbf\xbd"},
                    Hostile{"euro", "\xe2\x82\xac", "\xe2\x82\xac"}),
    [](const auto& tested) { return tested.param.name; });

class EveFile : public testing::Test {
  protected:
    void TearDown() override { std::filesystem::remove(path_); }
    std::string content() const {
        std::ifstream in(path_);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    std::string path_ = testing::TempDir() + "eve_test.json";
};

TEST_F(EveFile, OnlyWantedTypesAreWrittenAndFilesAreAppended) {
    config::Eve options;
    options.file = path_;
    options.flow = false;
    for (int i = 0; i < 2; ++i) {
        auto sink = make_eve_json(options);
        ASSERT_TRUE(sink.ok());
        (*sink)->write(test::malicious(), nullptr);
        (*sink)->write(test::event(EventType::kFlow), nullptr);
    }
    const std::string line = to_eve_line(test::malicious(), nullptr);
    EXPECT_EQ(content(), line + line);
}

TEST_F(EveFile, ReopenFollowsARenamedFile) {
    config::Eve options;
    options.file = path_;
    auto sink = make_eve_json(options);
    ASSERT_TRUE(sink.ok());
    (*sink)->write(test::malicious(), nullptr);
    ASSERT_TRUE((*sink)->flush().ok());
    std::filesystem::remove(path_);
    ASSERT_TRUE((*sink)->reopen().ok());
    (*sink)->write_stats(test::Source(), from_ns(0));
    ASSERT_TRUE((*sink)->flush().ok());
    rapidjson::Document document;
    document.Parse(content().c_str());
    ASSERT_FALSE(document.HasParseError());
    EXPECT_STREQ(document["event_type"].GetString(), "stats");
    EXPECT_EQ(document["stats"]["packets"].GetInt(), 1000);
    EXPECT_EQ(document["stats"]["drops"]["truncated"].GetInt(), 7);
    EXPECT_EQ(document["stats"]["drops"]["port_missed"].GetInt(), 9);
    EXPECT_EQ(document["stats"]["tds"]["messages"]["sql_batch"].GetInt(), 5);
}

TEST_F(EveFile, WhatCannotBeReopenedIsWrittenOn) {
    const std::filesystem::path folder = testing::TempDir() + "eve_test";
    const std::filesystem::path moved = testing::TempDir() + "eve_test_moved";
    std::filesystem::create_directory(folder);
    config::Eve options;
    options.file = folder / "eve.json";
    auto sink = make_eve_json(options);
    ASSERT_TRUE(sink.ok());
    (*sink)->write(test::malicious(), nullptr);
    std::filesystem::rename(folder, moved);
    const Status reopened = (*sink)->reopen();
    EXPECT_FALSE(reopened.ok());
    (*sink)->write(test::malicious(), nullptr);
    EXPECT_TRUE((*sink)->flush().ok());
    path_ = moved / "eve.json";
    const std::string line = to_eve_line(test::malicious(), nullptr);
    EXPECT_EQ(content(), line + line);
    std::filesystem::remove_all(moved);
}

TEST(EveErrors, AreToldOnce) {
    config::Eve options;
    options.file = "/nonexistent/eve.json";
    const auto missing = make_eve_json(options);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().file, "/nonexistent/eve.json");
    if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
    options.file = "/dev/full";
    auto sink = make_eve_json(options);
    ASSERT_TRUE(sink.ok());
    (*sink)->write(test::malicious(), nullptr);
    EXPECT_FALSE((*sink)->flush().ok());
    EXPECT_TRUE((*sink)->flush().ok());
}

}  // namespace
}  // namespace querytap::sinks
