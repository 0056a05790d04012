// Handshakes in every cut, order and state of repair.
#include <gtest/gtest.h>

#include "../base/counting_new.h"
#include "wire.h"

namespace querytap::tls::test {
namespace {

const HelloFields kClient{.versions = {0x0304, 0x0303},
                          .ciphers = {0x1301, 0xc030},
                          .extensions = {0, 16, 43, 13},
                          .algorithms = {0x0403, 0x0804},
                          .alpn = {"tds/8.0", "http/1.1"}};
const ServerFields kTls13Server{.selected = 0x0304, .cipher = 0x1301, .extensions = {43, 51}};
const ServerFields kTls12Server{.cipher = 0xc030, .extensions = {0xff01}};

struct Turn {
    Side side;
    Wire wire;
};

std::vector<Turn> tls13() {
    return {{Side::kClient, records(22, client_hello(kClient))},
            {Side::kServer, records(22, server_hello(kTls13Server)).add(change_cipher_spec())},
            {Side::kServer, records(23, Wire().fill(900, 0x5a))}};
}

/// HelloRetryRequest and the second hello between (RFC 8446 4.1.4), with the change_cipher_spec
/// that means nothing.
std::vector<Turn> tls13_retried() {
    static constexpr std::uint8_t kRetry[] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
                                              0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                                              0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
                                              0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
    ServerFields retry = kTls13Server;
    retry.random = kRetry;
    retry.cipher = 0x1302;
    HelloFields second = kClient;
    second.extensions.push_back(44);  // cookie
    return {{Side::kClient, records(22, client_hello(kClient))},
            {Side::kServer, records(22, server_hello(retry)).add(change_cipher_spec())},
            {Side::kClient, change_cipher_spec().add(records(22, client_hello(second)))},
            {Side::kServer, records(22, server_hello(kTls13Server))}};
}

std::vector<Turn> tls12(std::size_t record_max = 16384) {
    const Wire flight = server_hello(kTls12Server)
                            .add(message(12, Wire().fill(300, 7)))  // ServerKeyExchange
                            .add(server_hello_done());
    return {{Side::kClient, records(22, client_hello(kClient), record_max)},
            {Side::kServer, records(22, flight, record_max)},
            {Side::kClient, records(22, message(16, Wire().fill(60, 8)))},
            {Side::kClient, change_cipher_spec().add(records(22, Wire().fill(40, 9)))},
            {Side::kServer, change_cipher_spec().add(records(22, Wire().fill(40, 9)))},
            {Side::kClient, records(23, Wire().fill(100, 0x17))}};
}

std::string text_of(const Listener& listener) {
    if (!listener.handshake) return "nothing";
    const auto& [client, server, certificate] = *listener.handshake;
    std::string text = std::to_string(listener.reports) + " report";
    if (client.seen) {
        text += "; client " + std::string(name(client.version)) + " " +
                std::string(client.sni.view()) + " [" + std::string(client.alpn.view()) + "] " +
                std::string(client.ja4.view()) + (client.offers_tds8 ? " tds8" : "");
    }
    if (server.seen) {
        text += "; server " + std::string(name(server.version)) + " " +
                std::to_string(server.cipher) + " " + std::string(server.ja4s.view());
    }
    if (certificate.seen) text += "; certificate " + std::string(certificate.subject.view());
    return text;
}

std::string said(const std::vector<Turn>& turns, std::size_t piece_max) {
    Pool pool({.handshakes = 1});
    Listener listener;
    {
        Session session(pool);
        for (const Turn& turn : turns) {
            Bytes left{turn.wire.bytes};
            while (!left.empty()) {
                const Bytes piece = left.first(std::min(piece_max, left.size()));
                session.feed(turn.side, piece, listener);
                left = left.subspan(piece.size());
            }
        }
        session.finish(listener);
    }
    EXPECT_EQ(pool.counters().handshakes_in_use.read(), 0U);
    return text_of(listener);
}

TEST(TlsSession, SaysWhatTheHandshakeSaid) {
    const std::string client =
        "1 report; client TLS 1.3 db01.contoso.com [tds/8.0,http/1.1] "
        "t13d0204t0_";
    const std::string in_tls13 = said(tls13(), SIZE_MAX);
    EXPECT_EQ(in_tls13.substr(0, client.size()), client);
    EXPECT_NE(in_tls13.find(" tds8; server TLS 1.3 4865 t130200_1301_"), in_tls13.npos) << in_tls13;
    const std::string in_tls12 = said(tls12(), SIZE_MAX);
    EXPECT_NE(in_tls12.find("; server TLS 1.2 49200 t120100_c030_"), in_tls12.npos) << in_tls12;
    EXPECT_EQ(said(tls13_retried(), SIZE_MAX), in_tls13);
}

TEST(TlsSession, CutsMeanNothing) {
    for (const auto& turns : {tls13(), tls12(), tls13_retried()}) {
        const std::string whole = said(turns, SIZE_MAX);
        for (std::size_t piece = 1; piece < 300; ++piece)
            ASSERT_EQ(said(turns, piece), whole) << piece;
    }
    const std::string whole = said(tls12(), SIZE_MAX);
    for (std::size_t record_max = 1; record_max < 200; ++record_max)
        ASSERT_EQ(said(tls12(record_max), SIZE_MAX), whole) << record_max;
}

TEST(TlsSession, IsReportedAsSoonAsNothingMoreWillBeSaid) {
    struct Case {
        const char* name;
        std::vector<Turn> turns;
        std::size_t turn;  ///< in which it is reported
    };
    std::vector<Turn> resumed = tls12();
    resumed[1].wire = records(22, server_hello(kTls12Server)).add(change_cipher_spec());
    std::vector<Turn> client_only = tls12();
    std::erase_if(client_only, [](const Turn& turn) { return turn.side == Side::kServer; });
    const Case cases[] = {{"tls 1.3", tls13(), 1},
                          {"tls 1.3, retried", tls13_retried(), 3},
                          {"tls 1.2", tls12(), 1},
                          {"tls 1.2, resumed", resumed, 1},
                          {"one direction", client_only, client_only.size() - 1}};
    for (const Case& tested : cases) {
        Pool pool({.handshakes = 1});
        Listener listener;
        Session session(pool);
        for (std::size_t i = 0; i < tested.turns.size(); ++i) {
            session.feed(tested.turns[i].side, tested.turns[i].wire.bytes, listener);
            EXPECT_EQ(listener.reports, i < tested.turn ? 0 : 1) << tested.name << " turn " << i;
        }
        EXPECT_EQ(pool.counters().handshakes_in_use.read(), 0U) << tested.name;
    }
}

TEST(TlsSession, GapHidesOnlyWhatWasLost) {
    Pool pool({.handshakes = 1});
    Listener listener;
    Session session(pool);
    const Wire hello = records(22, client_hello(kClient));
    session.feed(Side::kClient, hello.bytes, listener);
    session.feed(Side::kServer, Bytes{records(22, server_hello(kTls12Server)).bytes}.first(30),
                 listener);
    session.gap(Side::kServer, listener);
    session.feed(Side::kServer, change_cipher_spec().bytes, listener);
    ASSERT_TRUE(listener.handshake.has_value());
    EXPECT_TRUE(listener.handshake->client.seen);
    EXPECT_FALSE(listener.handshake->server.seen);
}

TEST(TlsSession, WithoutAPlaceNothingIsSaidAndItIsCounted) {
    Pool pool({.handshakes = 1});
    Listener first;
    Listener second;
    Session holder(pool);
    Session other(pool);
    const Wire hello = records(22, client_hello(kClient));
    holder.feed(Side::kClient, hello.bytes, first);
    other.feed(Side::kClient, hello.bytes, second);
    other.finish(second);
    EXPECT_EQ(second.reports, 0);
    EXPECT_EQ(pool.counters().handshakes_exhausted.read(), 1U);
    holder.finish(first);
    EXPECT_EQ(first.reports, 1);
}

struct Broken {
    const char* name;
    Wire message;
    bool malformed;
    bool oversized;
};

TEST(TlsSession, BrokenHellosAreCounted) {
    HelloFields large = kClient;
    large.ciphers.assign(8100, 0x1301);
    HelloFields largest = kClient;
    largest.ciphers.assign(8300, 0x1301);
    Wire cut = client_hello(kClient);
    cut.bytes[3] = static_cast<std::uint8_t>(cut.bytes[3] - 9);
    cut.bytes.erase(cut.bytes.end() - 9, cut.bytes.end());  // resize() seems to grow, to GCC 12
    const Broken cases[] = {{"almost 16 KiB", client_hello(large), false, false},
                            {"more than 16 KiB", client_hello(largest), false, true},
                            {"cut within an extension", cut, true, false},
                            {"empty", message(1, {}), true, false},
                            {"a random and no more", message(1, Wire().fill(34, 3)), true, false}};
    for (const Broken& tested : cases) {
        Pool pool({.handshakes = 1});
        Listener listener;
        Session session(pool);
        session.feed(Side::kClient, records(22, tested.message).bytes, listener);
        session.finish(listener);
        EXPECT_EQ(pool.counters().messages_malformed.read(), tested.malformed ? 1U : 0U)
            << tested.name;
        EXPECT_EQ(pool.counters().messages_oversized.read(), tested.oversized ? 1U : 0U)
            << tested.name;
        EXPECT_EQ(listener.reports, tested.malformed || tested.oversized ? 0 : 1) << tested.name;
    }
}

TEST(TlsSession, WhatIsNoTlsEndsIt) {
    Pool pool({.handshakes = 1});
    Listener listener;
    Session session(pool);
    session.feed(Side::kClient, records(22, client_hello(kClient)).bytes, listener);
    session.feed(Side::kServer, Wire().text("HTTP/1.1 400 Bad Request").bytes, listener);
    EXPECT_EQ(listener.reports, 1);
    session.finish(listener);
    EXPECT_EQ(listener.reports, 1);
}

TEST(TlsSession, AllocatesNothing) {
    const std::vector<Turn> turns = tls12();
    Pool pool({.handshakes = 1});
    Listener listener;
    const std::size_t before = querytap::test::allocations();
    for (int i = 0; i < 3; ++i) {
        Session session(pool);
        for (const Turn& turn : turns)
            session.feed(turn.side, turn.wire.bytes, listener);
        session.finish(listener);
    }
    EXPECT_EQ(querytap::test::allocations(), before);
    EXPECT_EQ(listener.reports, 3);
}

}  // namespace
}  // namespace querytap::tls::test
