#include "../../../src/control/redirects.h"

#include <gtest/gtest.h>

namespace querytap::control {
namespace {

using pipeline::TdsKind;

struct Record {
    TdsKind kind;
    std::uint32_t client;
    std::uint16_t server_port;
    std::uint64_t flow;
    std::int64_t second;
    std::uint16_t redirect_port = 0;
};

std::uint64_t origin(Redirects& redirects, const Record& record) {
    pipeline::Event event;
    event.type = pipeline::EventType::kTds;
    event.order.time = from_ns(record.second * 1'000'000'000);
    event.conversation.client.address = IpAddress::v4(record.client);
    event.conversation.server.port = record.server_port;
    event.conversation.flow_id = record.flow;
    std::construct_at(&event.tds)->kind = record.kind;
    event.tds.redirect_port = record.redirect_port;
    redirects.apply(event);
    return event.tds.redirected_from;
}

TEST(Redirects, TheNextConnectionIsTiedToTheFirst) {
    Redirects redirects;
    EXPECT_EQ(origin(redirects, {TdsKind::kRedirect, 1, 1433, 100, 10, 11007}), 0u);
    EXPECT_EQ(origin(redirects, {TdsKind::kPrelogin, 2, 11007, 201, 11}), 0u) << "another client";
    EXPECT_EQ(origin(redirects, {TdsKind::kPrelogin, 1, 11008, 202, 11}), 0u) << "another port";
    EXPECT_EQ(origin(redirects, {TdsKind::kPrelogin, 1, 11007, 203, 12}), 100u);
    EXPECT_EQ(origin(redirects, {TdsKind::kQuery, 1, 11007, 203, 12}), 0u) << "not a beginning";
    EXPECT_EQ(origin(redirects, {TdsKind::kLogin, 1, 11007, 203, 12}), 100u) << "the same";
    EXPECT_EQ(origin(redirects, {TdsKind::kLogin, 1, 11007, 204, 13}), 0u) << "the one after it";
}

TEST(Redirects, EachConnectionHasItsOwnOrigin) {
    Redirects redirects;
    origin(redirects, {TdsKind::kRedirect, 1, 1433, 100, 10, 11007});
    origin(redirects, {TdsKind::kRedirect, 1, 1433, 101, 10, 11007});
    EXPECT_EQ(origin(redirects, {TdsKind::kLogin, 1, 11007, 200, 11}), 101u);
    EXPECT_EQ(origin(redirects, {TdsKind::kLogin, 1, 11007, 201, 11}), 100u);
}

TEST(Redirects, OldOnesAndTooManyAreForgotten) {
    Redirects redirects;
    origin(redirects, {TdsKind::kRedirect, 1, 1433, 100, 10, 11007});
    EXPECT_EQ(origin(redirects, {TdsKind::kLogin, 1, 11007, 200, 71}), 0u);
    for (std::uint64_t i = 0; i < 5000; ++i)
        origin(redirects, {TdsKind::kRedirect, 5, 1433, 1000 + i, 80, 11009});
    origin(redirects, {TdsKind::kRedirect, 6, 1433, 1, 80, 11009});
    EXPECT_EQ(origin(redirects, {TdsKind::kLogin, 6, 11009, 300, 81}), 1u);
}

}  // namespace
}  // namespace querytap::control
