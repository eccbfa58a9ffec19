// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/ip-endpoint.h"

#include <gtest/gtest.h>

namespace isb
{

TEST(IpEndpoint, TextFormsAreReadAndWrittenBack)
{
    for (const char* text : {"192.0.2.1:80",
                             "[2001:db8::1]:443",
                             "[::1]:1",
                             "[::]:0",
                             "[::ffff:192.0.2.1]:5000",
                             "0.0.0.0:65535"})
    {
        const auto endpoint = IpEndpoint::Parse(text);
        ASSERT_TRUE(endpoint) << text;
        EXPECT_EQ(endpoint->ToString(), text);
    }
}

TEST(IpEndpoint, OtherTextIsRefused)
{
    for (const char* text : {"",
                             "192.0.2.1",
                             "192.0.2.1:",
                             "192.0.2.1:65536",
                             "192.0.2.1:-1",
                             "[192.0.2.1]:80",
                             "2001:db8::1:80x",
                             "[2001:db8::1]",
                             "2001:db8::1",
                             "[2001:db8::g]:1",
                             "host:80",
                             ":80",
                             "[]:80",
                             "1.2.3.4:80 "})
    {
        EXPECT_FALSE(IpEndpoint::Parse(text)) << text;
    }
}

TEST(IpAddress, WordsAreInHostByteOrder)
{
    const auto address = IpAddress::Parse("2001:db8::a:1");
    ASSERT_TRUE(address);
    EXPECT_FALSE(address->IsIpv4());
    EXPECT_EQ(address->word[0], 0x20010db8U);
    EXPECT_EQ(address->word[3], 0x000a0001U);
    EXPECT_EQ(address->ToWords().word[3], 0x000a0001U);
    EXPECT_EQ(IpAddress(IST_FAMILY_IPV6, address->ToWords()), *address);
    EXPECT_EQ(address->ToIpv4(), Ipv4{});
}

TEST(IpAddress, AnIpv4AddressIsNotItsMappedForm)
{
    const IpAddress plain = Ipv4{0xc0000201};
    const auto mapped = IpAddress::Parse("::ffff:192.0.2.1");
    ASSERT_TRUE(mapped);
    EXPECT_TRUE(plain.IsIpv4());
    EXPECT_EQ(plain.ToIpv4(), Ipv4{0xc0000201});
    EXPECT_NE(plain, *mapped);
    EXPECT_LT(plain, *mapped);
    EXPECT_TRUE(IpAddress().IsUnspecified());
    EXPECT_FALSE(plain.IsUnspecified());
}

} // namespace isb
