// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/endpoint.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

TEST(Ipv4, ReadsDottedQuadAndWritesTheSame)
{
    for (const char* text : {"0.0.0.0", "10.0.0.1", "192.0.2.254", "255.255.255.255"})
    {
        const std::optional<Ipv4> address = Ipv4::Parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->ToString(), text);
    }
    EXPECT_EQ(Ipv4::Parse("10.0.0.1")->value, 0x0a000001U);
}

TEST(Ipv4, RefusesEverythingElse)
{
    for (const char* text : {"",
                             "10",
                             "10.0.0",
                             "10.0.0.256",
                             "10.0.0.1.",
                             "10.0.0.1.2",
                             ".10.0.0.1",
                             "10..0.1",
                             "010.0.0.1",
                             "10.0.0.0001",
                             "10.0.0.-1",
                             " 10.0.0.1",
                             "10.0.0.1 ",
                             "0x0a.0.0.1",
                             "a.b.c.d",
                             "::1"})
    {
        EXPECT_FALSE(Ipv4::Parse(text)) << text;
    }
}

TEST(Subnet, ReadsPrefixesAndWritesTheSame)
{
    for (const char* text : {"0.0.0.0/0", "10.0.0.0/8", "10.0.1.0/24", "192.0.2.7/32"})
    {
        const std::optional<Subnet> subnet = Subnet::Parse(text);
        ASSERT_TRUE(subnet) << text;
        EXPECT_EQ(subnet->ToString(), text);
    }
}

TEST(Subnet, RefusesHostBitsAndBadLengths)
{
    for (const char* text : {"10.0.1.1/24",
                             "10.0.1.0",
                             "10.0.1.0/",
                             "10.0.1.0/33",
                             "10.0.1.0/024",
                             "10.0.1.0/24 ",
                             "10.0.1.0/24/8",
                             "10.0.1/24",
                             "128.0.0.0/0"})
    {
        EXPECT_FALSE(Subnet::Parse(text)) << text;
    }
}

TEST(Subnet, ContainsItsAddressesOnly)
{
    const Subnet subnet = *Subnet::Parse("10.0.1.0/24");
    EXPECT_TRUE(subnet.Contains(*Ipv4::Parse("10.0.1.0")));
    EXPECT_TRUE(subnet.Contains(*Ipv4::Parse("10.0.1.255")));
    EXPECT_FALSE(subnet.Contains(*Ipv4::Parse("10.0.2.0")));
    EXPECT_FALSE(subnet.Contains(*Ipv4::Parse("10.0.0.255")));
    EXPECT_TRUE(Subnet::Parse("0.0.0.0/0")->Contains(*Ipv4::Parse("255.255.255.255")));
    EXPECT_TRUE(Subnet::Parse("10.0.1.2/32")->Contains(*Ipv4::Parse("10.0.1.2")));
    EXPECT_FALSE(Subnet::Parse("10.0.1.2/32")->Contains(*Ipv4::Parse("10.0.1.3")));
}

TEST(Subnet, OverlapsExactlyWhenOneContainsTheOther)
{
    struct Case
    {
        const char* a;
        const char* b;
        bool overlap;
    };

    for (const Case& test : {Case{"10.0.0.0/8", "10.0.1.0/24", true},
                             Case{"10.0.1.0/24", "10.0.1.0/24", true},
                             Case{"10.0.0.0/24", "10.0.1.0/24", false},
                             Case{"0.0.0.0/0", "192.0.2.0/24", true}})
    {
        const Subnet a = *Subnet::Parse(test.a);
        const Subnet b = *Subnet::Parse(test.b);
        EXPECT_EQ(a.Overlaps(b), test.overlap) << test.a << " " << test.b;
        EXPECT_EQ(b.Overlaps(a), test.overlap) << test.b << " " << test.a;
    }
}

TEST(Endpoint, IsOrderedByAddressThenPort)
{
    const Endpoint low{Ipv4{1}, 9};
    const Endpoint high{Ipv4{2}, 1};
    EXPECT_TRUE(low < high);
    EXPECT_FALSE(high < low);
    EXPECT_TRUE((Endpoint{Ipv4{1}, 8}) < low);
    EXPECT_NE(low, high);
    EXPECT_EQ((Endpoint{Ipv4{0x0a000001}, 80}).ToString(), "10.0.0.1:80");
}

TEST(Protocol, HasTheNamesOfTheEvents)
{
    EXPECT_EQ(ToString(Protocol::Udp), "udp");
    EXPECT_EQ(ToString(Protocol::Tcp), "tcp");
    EXPECT_EQ(ToString(Protocol::Icmp), "icmp");
}

} // namespace
} // namespace isb
