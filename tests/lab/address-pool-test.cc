// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/address-pool.h"

#include <gtest/gtest.h>

namespace isb
{

namespace
{

Subnet
Net(const char* text)
{
    return Subnet::Parse(text).value_or(Subnet{});
}

std::string
TakeText(AddressPool& pool, size_t wires)
{
    const std::optional<WireBlock> block = pool.Take(wires);
    return block ? block->Block().ToString() : "none";
}

TEST(WireBlock, GivesSubnetsOfFourAddressesOneAfterTheOther)
{
    WireBlock block(Net("10.0.0.0/24"));
    EXPECT_EQ(block.Next().ToString(), "10.0.0.0/30");
    EXPECT_EQ(block.Next().ToString(), "10.0.0.4/30");
}

TEST(AddressPool, GivesBlocksThatHoldAllWires)
{
    AddressPool pool(Net("10.0.0.0/8"), {});
    EXPECT_EQ(TakeText(pool, 1), "10.0.0.0/24");
    EXPECT_EQ(TakeText(pool, 64), "10.0.1.0/24");
    EXPECT_EQ(TakeText(pool, 65), "10.0.2.0/23");
    EXPECT_EQ(TakeText(pool, 1), "10.0.4.0/24");
    EXPECT_EQ(TakeText(pool, 20'000), "10.2.0.0/15");
}

TEST(AddressPool, StaysClearOfWhatIsTaken)
{
    AddressPool pool(Net("10.0.0.0/8"),
                     {Net("10.0.0.128/25"), Net("10.0.2.0/23"), Net("192.168.0.0/16")});
    EXPECT_EQ(TakeText(pool, 1), "10.0.1.0/24");
    EXPECT_EQ(TakeText(pool, 1), "10.0.4.0/24");
}

TEST(AddressPool, GivesNothingWhenItIsUsedUp)
{
    AddressPool pool(Net("10.0.0.0/23"), {});
    EXPECT_EQ(TakeText(pool, 129), "none");
    EXPECT_EQ(TakeText(pool, 1), "10.0.0.0/24");
    EXPECT_EQ(TakeText(pool, 1), "10.0.1.0/24");
    EXPECT_EQ(TakeText(pool, 1), "none");
}

TEST(AddressPool, GivesTheLastBlockOfAllAddresses)
{
    AddressPool pool(Net("255.255.255.0/24"), {});
    EXPECT_EQ(TakeText(pool, 1), "255.255.255.0/24");
    EXPECT_EQ(TakeText(pool, 1), "none");
}

TEST(AddressPool, GivesSmallerBlocksWhenTold)
{
    AddressPool pool(Net("10.0.0.0/24"), {}, 30);
    EXPECT_EQ(TakeText(pool, 1), "10.0.0.0/30");
    EXPECT_EQ(TakeText(pool, 3), "10.0.0.16/28");
}

} // namespace

} // namespace isb
