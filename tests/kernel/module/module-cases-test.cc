// SPDX-License-Identifier: GPL-2.0-or-later
// The one list of cases against the module's packet logic, packets compared byte by byte, and the
// module's timers.
#include "tests/kernel/module/module-case-carrier.h"

namespace isb::cases
{
namespace
{

class ModuleCases : public testing::TestWithParam<const SpliceCase*>
{
};

TEST_P(ModuleCases, GiveTheExpectedPackets)
{
    ModuleCaseCarrier carrier(GetParam()->settings);
    RunCase(carrier, *GetParam());
}

INSTANTIATE_TEST_SUITE_P(All,
                         ModuleCases,
                         testing::ValuesIn(CasesThat([](const SpliceCase&) { return true; })),
                         CaseName);

/// An IST on its own, for what the cases' standing clock leaves out.
struct Stand
{
    Stand()
    {
        ist_settings core;
        ist_settings_default(&core);
        core.reuse = 0;
        host = ist_stand_in_create(
            &core,
            [](void* count, const uint8_t*, size_t) { ++*static_cast<size_t*>(count); },
            &sent);
    }

    ~Stand()
    {
        EXPECT_EQ(ist_stand_in_destroy(host), 0U);
    }

    int
    Add(uint16_t portA, uint16_t portB)
    {
        ist_order order{};
        order.method = IST_METHOD_PASSIVE;
        order.port[0] = portA;
        order.port[1] = portB;
        return ist_stand_in_add(host, &order, 0, nullptr, 0, &id, &why);
    }

    ist_host* host = nullptr;
    size_t sent = 0;
    uint64_t id = 0;
    const char* why = "";
};

TEST(ModuleTimers, EndASpliceWhosePartnersNeverCome)
{
    Stand stand;
    ASSERT_EQ(stand.Add(5001, 5002), 0);
    ist_stand_in_advance(stand.host, 59ULL * IST_SECOND_NS);
    EXPECT_EQ(ist_stand_in_count(stand.host), 1U);
    ist_stand_in_advance(stand.host, 2ULL * IST_SECOND_NS);
    EXPECT_EQ(ist_stand_in_count(stand.host), 0U);
    EXPECT_EQ(stand.sent, 0U);
}

/// A SYN from 10.0.HOST.1 port 4000 to the IST's port, without options.
Bytes
SynFrom(uint8_t host, uint16_t port)
{
    Bytes syn(40);
    syn[0] = 0x45;
    syn[3] = 40;
    syn[8] = 64;
    syn[9] = IST_PROTOCOL_TCP;
    ist_put32(syn.data() + 12, 0x0a000001U | static_cast<uint32_t>(host) << 8);
    ist_put32(syn.data() + 16, 0xcb007101U);
    ist_put16(syn.data() + 20, 4000);
    ist_put16(syn.data() + 22, port);
    ist_put16(syn.data() + 32, 0x5000 | IST_TCP_SYN);
    return syn;
}

TEST(ModuleTimers, RepeatAHandshakeThatNobodyAnswersAndGiveItUp)
{
    Stand stand;
    unsigned int reason = 0;
    ASSERT_EQ(stand.Add(5001, 5002), 0);
    const Bytes fromA = SynFrom(1, 5001);
    const Bytes fromB = SynFrom(2, 5002);
    EXPECT_EQ(ist_stand_in_give(stand.host, fromA.data(), fromA.size(), &reason),
              IST_STAND_IN_TAKEN);
    EXPECT_EQ(stand.sent, 0U) << "something was sent to an unpaired source";
    EXPECT_EQ(ist_stand_in_give(stand.host, fromB.data(), fromB.size(), &reason),
              IST_STAND_IN_TAKEN);
    EXPECT_EQ(stand.sent, 2U);
    ist_stand_in_advance(stand.host, IST_SECOND_NS / 2);
    EXPECT_EQ(stand.sent, 2U) << "repeated before its time";
    ist_stand_in_advance(stand.host, IST_SECOND_NS);
    EXPECT_EQ(stand.sent, 4U);
    for (int second = 0; second < 70; ++second)
    {
        ist_stand_in_advance(stand.host, IST_SECOND_NS);
    }
    EXPECT_EQ(stand.sent, 12U) << "five repeats to each side, and no RST beyond their credit";
    EXPECT_EQ(ist_stand_in_count(stand.host), 0U);
}

TEST(ModuleOrders, GiveEachPortToOneSpliceAndReturnIt)
{
    Stand stand;
    ASSERT_EQ(stand.Add(5001, 5002), 0);
    EXPECT_NE(stand.Add(5003, 5002), 0);
    EXPECT_STREQ(stand.why, "the port of user B is taken by another splice");
    EXPECT_EQ(stand.Add(5003, 5004), 0) << "the refused order kept its other port";
    ist_stand_in_advance(stand.host, 61ULL * IST_SECOND_NS);
    EXPECT_EQ(stand.Add(5001, 5002), 0) << "an ended splice kept its ports";
}

TEST(ModuleOrders, RefusePortZeroAndOnePortForBoth)
{
    Stand stand;
    EXPECT_NE(stand.Add(0, 5002), 0);
    EXPECT_NE(stand.Add(5001, 0), 0);
    EXPECT_NE(stand.Add(5001, 5001), 0);
    EXPECT_EQ(ist_stand_in_count(stand.host), 0U);
}

} // namespace
} // namespace isb::cases
