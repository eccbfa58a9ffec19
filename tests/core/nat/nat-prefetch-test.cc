// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-prefetch.h"

#include "tests/core/nat/nat-harness.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

TEST(NatPrefetch, ChangesNothingWhateverIsInThePackets)
{
    NatUnderTest with(TestSettings());
    NatUnderTest without(TestSettings());
    SeededRng script(1);
    for (int round = 0; round < 200; ++round)
    {
        std::vector<Packet> packets;
        std::vector<ByteView> headers;
        for (int i = 0; i < 70; ++i)
        {
            const Endpoint internal{ALICE.address, static_cast<uint16_t>(5000 + script.Below(9))};
            packets.push_back(Opening(static_cast<Protocol>(i % 2 == 0 ? 17 : 6),
                                      NatSide::Inside,
                                      internal,
                                      i % 3 == 0 ? SERVER : STRANGER));
            if (i % 5 == 0)
            {
                packets.back()[script.Below(packets.back().size())] =
                    static_cast<uint8_t>(script.Next());
            }
            if (i % 7 == 0)
            {
                packets.back().resize(script.Below(30));
            }
        }
        headers.assign(packets.begin(), packets.end());
        with.box.Prefetch(NatSide::Inside, headers.data(), headers.size());
        with.box.Prefetch(NatSide::Outside, headers.data(), headers.size());
        for (Packet& packet : packets)
        {
            Packet twin = packet;
            ASSERT_EQ(with.Send(NatSide::Inside, packet).action,
                      without.Send(NatSide::Inside, twin).action);
            ASSERT_EQ(packet, twin);
        }
    }
    EXPECT_EQ(with.log.lines, without.log.lines);
    with.box.Prefetch(NatSide::Inside, nullptr, 0);
}

} // namespace
} // namespace isb::test
