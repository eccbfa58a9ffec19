// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-payload.h"

#include "tests/core/nat/nat-harness.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

const Packet INTERNAL_BYTES{10, 0, 0, 2};
const Packet EXTERNAL_BYTES{203, 0, 113, 1};

/// `before` zero bytes, the address, `after` zero bytes.
Packet
Around(size_t before, const Packet& address, size_t after)
{
    Packet payload(before + address.size() + after);
    std::copy(address.begin(), address.end(), &payload[before]);
    return payload;
}

Packet
Twice(const Packet& address)
{
    Packet payload = Around(0, address, 7);
    std::copy(address.begin(), address.end(), &payload[7]);
    return payload;
}

NatSettings
Rewriting(bool on = true)
{
    NatSettings settings = Preset("full-cone");
    settings.faults.rewritePayload = on;
    return settings;
}

TEST(NatPayload, AddressesAreReplacedBothWaysAndChecksumsAreRight)
{
    struct Case
    {
        const char* name;
        Packet inside;
        Packet outside;
    };

    const Case cases[] = {
        {"nothing to find", Around(8, {10, 0, 0, 3}, 5), Around(8, {10, 0, 0, 3}, 5)},
        {"alone", INTERNAL_BYTES, EXTERNAL_BYTES},
        {"even offset", Around(8, INTERNAL_BYTES, 5), Around(8, EXTERNAL_BYTES, 5)},
        {"odd offset", Around(7, INTERNAL_BYTES, 4), Around(7, EXTERNAL_BYTES, 4)},
        {"odd offset at the end", Around(7, INTERNAL_BYTES, 0), Around(7, EXTERNAL_BYTES, 0)},
        {"twice", Twice(INTERNAL_BYTES), Twice(EXTERNAL_BYTES)},
        {"cut off", {1, 10, 0, 0}, {1, 10, 0, 0}},
        {"empty", {}, {}},
    };
    for (const Case& test : cases)
    {
        SCOPED_TRACE(test.name);
        NatUnderTest nat(Rewriting());
        const Endpoint external{EXTERNAL, ALICE.port};
        Packet syn = Tcp(ALICE, SERVER, TCP_SYN);
        ASSERT_EQ(nat.Send(NatSide::Inside, syn).action, Action::Forward);
        Packet segment = Tcp(ALICE, SERVER, TCP_ACK, test.inside);
        ASSERT_EQ(nat.Send(NatSide::Inside, segment).action, Action::Forward);
        EXPECT_EQ(segment, Tcp(external, SERVER, TCP_ACK, test.outside));
        Packet out = Udp(ALICE, SERVER, test.inside);
        ASSERT_EQ(nat.Send(NatSide::Inside, out).action, Action::Forward);
        EXPECT_EQ(out, Udp(external, SERVER, test.outside));
        Packet back = Udp(SERVER, external, test.outside);
        ASSERT_EQ(nat.Send(NatSide::Outside, back).action, Action::Forward);
        EXPECT_EQ(back, Udp(SERVER, ALICE, test.inside));
    }
}

TEST(NatPayload, WithoutTheFaultPayloadsStay)
{
    NatUnderTest nat(Rewriting(false));
    Packet out = Udp(ALICE, SERVER, INTERNAL_BYTES);
    ASSERT_EQ(nat.Send(NatSide::Inside, out).action, Action::Forward);
    EXPECT_EQ(out, Udp({EXTERNAL, ALICE.port}, SERVER, INTERNAL_BYTES));
}

TEST(NatPayload, ChangeOfManyAddressesIsThatOfTheirSum)
{
    Packet payload(64'000);
    for (size_t at = 0; at < payload.size(); at += INTERNAL_BYTES.size())
    {
        std::copy(INTERNAL_BYTES.begin(), INTERNAL_BYTES.end(), &payload[at]);
    }
    NatUnderTest nat(Rewriting());
    Packet out = Udp(ALICE, SERVER, payload);
    ASSERT_EQ(nat.Send(NatSide::Inside, out).action, Action::Forward);
    EXPECT_TRUE(ChecksumsAreRight(out));
    EXPECT_EQ(ReplaceAddress(payload, EXTERNAL, EXTERNAL), 0U);
}

} // namespace
} // namespace isb::test
