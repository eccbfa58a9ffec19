// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-resting-ports.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using std::chrono::seconds;

constexpr Ipv4 HOST{0x0a000002};
constexpr Ipv4 OTHER{0x0a000003};
constexpr Endpoint FIRST{Ipv4{0xcb007101}, 5000};
constexpr Endpoint SECOND{Ipv4{0xcb007101}, 5001};

TEST(NatRestingPorts, RestUntilTheirTimeInOrder)
{
    NatRestingPorts ports;
    ports.Add({Protocol::Udp, FIRST, HOST, seconds(10)});
    ports.Add({Protocol::Udp, SECOND, HOST, seconds(20)});
    NatRestingPorts::Port port;
    EXPECT_FALSE(ports.TakeRested(seconds(9), port));
    ASSERT_TRUE(ports.TakeRested(seconds(30), port));
    EXPECT_EQ(port.external, FIRST);
    ASSERT_TRUE(ports.TakeRested(seconds(30), port));
    EXPECT_EQ(port.external, SECOND);
    EXPECT_FALSE(ports.TakeRested(seconds(30), port));
}

TEST(NatRestingPorts, OnlyTheHostThatHadOneMayTakeItBack)
{
    NatRestingPorts ports;
    ports.Add({Protocol::Udp, FIRST, HOST, seconds(10)});
    EXPECT_FALSE(ports.TakeBack(Protocol::Udp, FIRST, OTHER));
    EXPECT_FALSE(ports.TakeBack(Protocol::Tcp, FIRST, HOST));
    EXPECT_FALSE(ports.TakeBack(Protocol::Udp, SECOND, HOST));
    EXPECT_TRUE(ports.TakeBack(Protocol::Udp, FIRST, HOST));
    EXPECT_FALSE(ports.TakeBack(Protocol::Udp, FIRST, HOST)) << "it does not rest any more";
    NatRestingPorts::Port port;
    EXPECT_FALSE(ports.TakeRested(seconds(30), port));
}

TEST(NatRestingPorts, ASecondRestCountsAnew)
{
    NatRestingPorts ports;
    ports.Add({Protocol::Udp, FIRST, HOST, seconds(10)});
    ASSERT_TRUE(ports.TakeBack(Protocol::Udp, FIRST, HOST));
    ports.Add({Protocol::Udp, FIRST, HOST, seconds(20)});
    EXPECT_EQ(ports.List().size(), 1U);
    NatRestingPorts::Port port;
    EXPECT_FALSE(ports.TakeRested(seconds(19), port));
    EXPECT_TRUE(ports.TakeRested(seconds(20), port));
}

TEST(NatRestingPorts, TakingBackAgainAndAgainKeepsNothing)
{
    NatRestingPorts ports;
    ports.Add({Protocol::Udp, SECOND, HOST, seconds(10)});
    for (int i = 0; i < 10'000; ++i)
    {
        ports.Add({Protocol::Udp, FIRST, HOST, seconds(10 + i / 100)});
        ASSERT_LE(ports.EntryCount(), 2 * 2 + 64U);
        ASSERT_TRUE(ports.TakeBack(Protocol::Udp, FIRST, HOST));
    }
    ports.Add({Protocol::Udp, FIRST, HOST, seconds(200)});
    EXPECT_EQ(ports.List().size(), 2U) << "what rests still does, once";
}

} // namespace
} // namespace isb
