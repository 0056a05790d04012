// How TLS is carried, and that what it says is found in each way.
#include <gtest/gtest.h>

#include "../tls/wire.h"
#include "event_log.h"
#include "wire.h"

namespace querytap::tds::test {
namespace {

namespace records = querytap::tls::test;

/// TLS bytes as a payload.
Wire payload(const records::Wire& tls, std::size_t from = 0, std::size_t size = SIZE_MAX) {
    const Bytes all{tls.bytes};
    return Wire().raw(as_text(all.subspan(from, std::min(size, all.size() - from))));
}

records::Wire client_hello(const char* alpn) {
    records::HelloFields fields{.ciphers = {0xc030}, .extensions = {0, 16}, .sni = "db01"};
    fields.alpn = {alpn};
    return records::records(22, records::client_hello(fields));
}

records::Wire server_flight() {
    return records::records(22, records::server_hello({}).add(records::server_hello_done()));
}

class Tls : public testing::Test {
  protected:
    void client(const Wire& wire) { session_.feed(Direction::kToServer, wire.bytes, log_); }
    void server(const Wire& wire) { session_.feed(Direction::kToClient, wire.bytes, log_); }
    void prelogin() {
        client(packets(18, prelogin_body(1)));
        server(packets(4, prelogin_body(1)));
    }
    /// The line of the handshake, up to JA4.
    std::string said() {
        session_.finish(log_);
        std::string found;
        for (const std::string& line : log_.lines()) {
            if (line.starts_with("tls ")) found += line.substr(0, line.find(" ja4=")) + ";";
        }
        return found;
    }
    bool has(std::string_view text) const { return log_.text().find(text) != std::string::npos; }

    SessionPool pool_{{.buffers = 16}};
    EventLog log_;
    Session session_{pool_, false};
};

TEST_F(Tls, InPreloginPackets) {
    prelogin();
    client(packets(18, payload(client_hello("x"))));
    server(packets(18, payload(server_flight())));
    EXPECT_EQ(said(), "tls wrapped sni=db01;");
    EXPECT_FALSE(has("!"));
}

TEST_F(Tls, InSmallPacketsAndResults) {
    prelogin();
    client(packets(18, payload(client_hello("x")), 32));
    server(packets(4, payload(server_flight()), 16));
    EXPECT_EQ(said(), "tls wrapped sni=db01;");
    EXPECT_FALSE(has("!"));
}

/// A record that goes on in the next message begins it with any byte.
TEST_F(Tls, RecordOverSeveralMessages) {
    prelogin();
    const records::Wire hello = client_hello("x");
    for (std::size_t at = 0; at < hello.size(); at += 9)
        client(packets(18, payload(hello, at, 9)));
    server(packets(18, payload(server_flight())));
    EXPECT_EQ(said(), "tls wrapped sni=db01;");
    EXPECT_FALSE(has("!"));
}

TEST_F(Tls, BeforeEverythingElse) {
    client(payload(client_hello("tds/8.0")));
    server(payload(server_flight()));
    EXPECT_EQ(said(), "tls strict sni=db01;");
    EXPECT_TRUE(has("encrypted: all"));
}

TEST_F(Tls, BeforeEverythingElseButNotTds) {
    client(payload(client_hello("h2")));
    EXPECT_EQ(said(), "tls bare sni=db01;");
}

TEST_F(Tls, BareAfterPrelogin) {
    prelogin();
    client(payload(client_hello("tds/8.0")));
    EXPECT_EQ(said(), "tls bare sni=db01;");
    EXPECT_TRUE(has("! tls-unwrapped"));
}

TEST_F(Tls, GapInAWrappedHello) {
    prelogin();
    Wire half = packets(18, payload(client_hello("x")));
    half.bytes.resize(30);
    client(half);
    session_.gap(Direction::kToServer, log_);
    server(packets(18, payload(server_flight())));
    EXPECT_EQ(said(), "tls wrapped sni=;");
}

}  // namespace
}  // namespace querytap::tds::test
