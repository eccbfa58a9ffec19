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
