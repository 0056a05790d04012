#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <querytap/sinks/summary.h>

#include "fixtures.h"

namespace querytap::sinks {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string printed(const Summary& summary, bool color = false, unsigned width = 100) {
    std::ostringstream out;
    summary.print(out, test::Source(),
                  {.seconds = 2, .capture_seconds = 60, .color = color, .width = width});
    return out.str();
}

TEST(Summary, SaysWhoWhyAndOnWhatEvidence) {
    Summary summary;
    summary.write(test::malicious(), nullptr);
    pipeline::Event flow = test::event(pipeline::EventType::kFlow);
    flow.flow.level = verdict::Level::kMalicious;
    flow.flow.tds_messages_to_server = 4;
    flow.flow.user.assign("sa");
    flow.flow.application.assign("PsProcess");
    summary.write(flow, nullptr);
    summary.write(flow, nullptr);
    const std::string text = printed(summary);
    EXPECT_THAT(text, HasSubstr("MALICIOUS"));
    EXPECT_THAT(text, HasSubstr("10.1.2.3 -> 203.0.113.50:1433"));
    EXPECT_THAT(text, HasSubstr("login sa, application PsProcess"));
    EXPECT_THAT(text, HasSubstr("2 connections, 8 requests"));
    EXPECT_THAT(text, HasSubstr("SQLC2 agent checks in (T1071), 3 times"));
    EXPECT_THAT(text, HasSubstr("truncated 7"));
    EXPECT_THAT(text, HasSubstr("port_missed 9"));
    EXPECT_THAT(text, HasSubstr("500 packets/s"));
    EXPECT_THAT(text, Not(HasSubstr("\033")));
    EXPECT_THAT(printed(summary, true), HasSubstr("\033[1;31mMALICIOUS"));
}

TEST(Summary, SaysHowItIsEncrypted) {
    Summary summary;
    pipeline::Event event = test::event(pipeline::EventType::kTds);
    std::construct_at(&event.tls);
    tls::Handshake& handshake = event.tls.handshake;
    handshake.server.seen = handshake.certificate.seen = handshake.certificate.self_signed = true;
    handshake.server.version = tls::kTls12;
    handshake.client.sni.assign("db01");
    handshake.certificate.subject.assign("CN=\033[2JSSL_Self_Signed_Fallback");
    summary.write(event, nullptr);
    const std::string text = printed(summary, false, 200);
    EXPECT_THAT(text, HasSubstr("TLS 1.2 (wrapped) to db01, certificate "
                                "CN=.[2JSSL_Self_Signed_Fallback (self-signed)"));
}

TEST(Summary, WireTextCannotDriveTheTerminal) {
    Summary summary;
    pipeline::Event flow = test::event(pipeline::EventType::kFlow);
    flow.flow.user.assign(
        "\033[2Jroot\r\n\x9b"
        "31m");
    summary.write(flow, nullptr);
    const std::string text = printed(summary);
    EXPECT_THAT(text, Not(HasSubstr("\033")));
    EXPECT_THAT(text, Not(HasSubstr("\r")));
    EXPECT_THAT(text, HasSubstr(".[2Jroot"));
}

TEST(Summary, LinesFitTheWidth) {
    Summary summary;
    pipeline::Event verdict = test::malicious();
    verdict.verdict.reasons[0].text.assign(std::string(60, 'a') + " " + std::string(60, 'b'));
    summary.write(verdict, nullptr);
    std::istringstream lines(printed(summary, false, 80));
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(line.size(), 80u) << line;
}

TEST(Summary, IsBoundedAndKeepsTheWorst) {
    Summary summary;
    pipeline::Event flow = test::event(pipeline::EventType::kFlow);
    for (std::uint32_t i = 0; i < Summary::kConversationsMax + 10; ++i) {
        flow.conversation.client.address = IpAddress::v4(0x0b000000 + i);
        summary.write(flow, nullptr);
    }
    summary.write(test::malicious(), nullptr);
    const std::string text = printed(summary);
    EXPECT_THAT(text, HasSubstr("MALICIOUS"));
    EXPECT_THAT(text, HasSubstr("11 found no place"));
    EXPECT_THAT(text, HasSubstr("more\n"));
}

}  // namespace
}  // namespace querytap::sinks
