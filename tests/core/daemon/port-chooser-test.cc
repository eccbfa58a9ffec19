// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/port-chooser.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

TEST(PortChooser, GivesEachPortToOneConnectionAtATime)
{
    SeededRng random(7);
    PortChooser ports;
    std::set<uint16_t> given;
    while (const uint16_t port = ports.Choose(random))
    {
        EXPECT_GE(port, PortChooser::FIRST);
        EXPECT_TRUE(given.insert(port).second);
    }
    EXPECT_EQ(given.size(), PortChooser::COUNT / 2);
    ports.Release(*given.begin());
    EXPECT_NE(ports.Choose(random), 0);
    EXPECT_EQ(ports.Choose(random), 0);
}

TEST(PortChooser, TakesBackWhatItNeverGave)
{
    SeededRng random(7);
    PortChooser ports;
    ports.Release(0);
    ports.Release(50000);
    EXPECT_NE(ports.Choose(random), 0);
}

} // namespace
} // namespace isb::test
