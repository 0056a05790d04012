// The vectors are those of the specification's baseline (github.com/corelight/community-id-spec).
#include <gtest/gtest.h>

#include <querytap/flow/key.h>

namespace querytap::flow {
namespace {

struct Vector {
    packet::IpProtocol protocol;
    const char* source;
    std::uint16_t source_port;
    const char* destination;
    std::uint16_t destination_port;
    const char* community_id;
};

constexpr Vector kVectors[] = {
    {packet::IpProtocol::kTcp, "128.232.110.120", 34855, "66.35.250.204", 80,
     "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {packet::IpProtocol::kTcp, "66.35.250.204", 80, "128.232.110.120", 34855,
     "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {packet::IpProtocol::kTcp, "2001:470:e5bf:dead:4957:2174:e82c:4887", 63943,
     "2607:f8b0:400c:c03::1a", 25, "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
    {packet::IpProtocol::kTcp, "2607:f8b0:400c:c03::1a", 25,
     "2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
    {packet::IpProtocol::kUdp, "192.168.1.52", 54585, "8.8.8.8", 53,
     "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
    {packet::IpProtocol::kUdp, "8.8.8.8", 53, "192.168.1.52", 54585,
     "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
};

TEST(CommunityId, IsTheSpecifications) {
    for (const Vector& vector : kVectors) {
        packet::PacketView packet;
        packet.protocol = vector.protocol;
        packet.source = *IpAddress::parse(vector.source);
        packet.source_port = vector.source_port;
        packet.destination = *IpAddress::parse(vector.destination);
        packet.destination_port = vector.destination_port;
        EXPECT_EQ(community_id(lookup_of(packet).key), vector.community_id) << vector.source;
    }
}

}  // namespace
}  // namespace querytap::flow
