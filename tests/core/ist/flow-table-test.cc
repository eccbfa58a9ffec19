// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/flow-table.h"

#include "model/core/random/rng.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>

namespace isb
{
namespace
{

TEST(FlowTable, AgreesWithMapUnderRandomChanges)
{
    for (uint64_t seed = 1; seed <= 20; ++seed)
    {
        SeededRng random(seed);
        FlowTable table(random.Next());
        std::map<std::pair<uint64_t, uint64_t>, uint32_t> reference;
        for (int step = 0; step < 20000; ++step)
        {
            const Endpoint peer{{0x0a000000U + uint32_t(random.Below(8))},
                                uint16_t(random.Below(64))};
            const TupleKey key = TupleKey::OfFlow(Protocol::Tcp, peer, {{1}, 2});
            const std::pair<uint64_t, uint64_t> name{key.addresses, key.ports};
            const auto known = reference.find(name);
            switch (random.Below(3))
            {
            case 0:
                table.At(key) = uint32_t(step);
                reference[name] = uint32_t(step);
                break;
            case 1:
                ASSERT_EQ(table.Erase(key), known != reference.end());
                reference.erase(name);
                break;
            default:
                const uint32_t* value = table.Find(key);
                ASSERT_EQ(value != nullptr, known != reference.end());
                if (value)
                {
                    ASSERT_EQ(*value, known->second);
                }
            }
            ASSERT_EQ(table.Size(), reference.size());
        }
    }
}

TEST(FlowTable, KeepsEveryEntryWhileItGrows)
{
    FlowTable table(7);
    for (uint32_t i = 0; i < 100000; ++i)
    {
        table.At(TupleKey::OfFlow(Protocol::Udp, {{i}, 1}, {{2}, 3})) = i;
    }
    for (uint32_t i = 0; i < 100000; ++i)
    {
        const uint32_t* value = table.Find(TupleKey::OfFlow(Protocol::Udp, {{i}, 1}, {{2}, 3}));
        ASSERT_NE(value, nullptr);
        ASSERT_EQ(*value, i);
    }
    EXPECT_EQ(table.Find(TupleKey::OfFlow(Protocol::Tcp, {{1}, 1}, {{2}, 3})), nullptr);
}

TEST(FlowTable, KeysOfPortsFlowsAndHostsDiffer)
{
    FlowTable table(7);
    table.At(TupleKey::OfPort(Protocol::Tcp, 5000)) = 1;
    EXPECT_EQ(table.Find(TupleKey::OfPort(Protocol::Udp, 5000)), nullptr);
    EXPECT_EQ(table.Find(TupleKey::OfPort(Protocol::Tcp, 5001)), nullptr);
    EXPECT_EQ(table.Find(TupleKey::OfFlow(Protocol::Tcp, {{9}, 9}, {{1}, 5000})), nullptr);
    EXPECT_EQ(table.Find(TupleKey::OfHosts(Protocol::Tcp, {9}, {1})), nullptr);
}

} // namespace
} // namespace isb
