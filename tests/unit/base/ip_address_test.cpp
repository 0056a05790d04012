#include <array>

#include <gtest/gtest.h>

#include <querytap/base/ip_address.h>

namespace querytap {
namespace {

TEST(IpAddress, TextThereAndBack) {
    for (const char* text : {"10.1.2.3", "0.0.0.0", "255.255.255.255", "::", "2001:db8::1",
                             "fe80::200:86ff:fe05:80da"}) {
        const Result<IpAddress> address = IpAddress::parse(text);
        ASSERT_TRUE(address.ok()) << text;
        EXPECT_EQ(address->to_string(), text);
    }
}

TEST(IpAddress, RefusesWhatIsNone) {
    for (const char* text : {"", "10.1.2", "10.1.2.256", "10.1.2.3/8", "2001:db8", "host"}) {
        const Result<IpAddress> address = IpAddress::parse(text);
        ASSERT_FALSE(address.ok()) << text;
        EXPECT_FALSE(address.error().hint.empty());
    }
}

TEST(IpAddress, FormsOfOneV4AddressAreEqual) {
    const std::array<std::uint8_t, 4> wire{10, 1, 2, 3};
    const IpAddress address = IpAddress::v4(Bytes{wire});
    EXPECT_EQ(address, IpAddress::v4(0x0a010203));
    EXPECT_EQ(address, *IpAddress::parse("10.1.2.3"));
    EXPECT_TRUE(address.is_v4());
    EXPECT_TRUE(std::ranges::equal(address.wire(), wire));
}

TEST(IpAddress, V6HasSixteenWireBytes) {
    const IpAddress address = *IpAddress::parse("2001:db8::1");
    EXPECT_FALSE(address.is_v4());
    ASSERT_EQ(address.wire().size(), 16u);
    EXPECT_EQ(address, IpAddress::v6(address.wire()));
    EXPECT_FALSE(IpAddress{}.is_v4());
}

TEST(IpAddress, OrderIsThatOfTheWire) {
    EXPECT_LT(*IpAddress::parse("9.255.255.255"), *IpAddress::parse("10.0.0.0"));
    EXPECT_LT(*IpAddress::parse("10.0.0.1"), *IpAddress::parse("10.0.1.0"));
    EXPECT_LT(*IpAddress::parse("2001:db8::1"), *IpAddress::parse("2001:db8::2"));
}

}  // namespace
}  // namespace querytap
