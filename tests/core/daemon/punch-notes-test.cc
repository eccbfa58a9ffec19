// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/punch-notes.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

struct TargetCase
{
    const char* name;
    Endpoint target;
    bool punchable;
};

class TargetTest : public testing::TestWithParam<TargetCase>
{
};

/// Promise T1, should a broker be hostile.
TEST_P(TargetTest, HolesArePunchedOnlyTowardsWhereUsersCanBe)
{
    EXPECT_EQ(IsPunchable(GetParam().target), GetParam().punchable);
}

INSTANTIATE_TEST_SUITE_P(All,
                         TargetTest,
                         testing::Values(TargetCase{"Public", {Ipv4{0xcb007101}, 5000}, true},
                                         TargetCase{"Private", {Ipv4{0x0a000001}, 5000}, true},
                                         TargetCase{"LastPort", {Ipv4{0xcb007101}, 65535}, true},
                                         TargetCase{"FirstPort", {Ipv4{0xcb007101}, 1024}, true},
                                         TargetCase{"SystemPort", {Ipv4{0xcb007101}, 1023}, false},
                                         TargetCase{"NoPort", {Ipv4{0xcb007101}, 0}, false},
                                         TargetCase{"Nobody", {Ipv4{0}, 5000}, false},
                                         TargetCase{"Loopback", {Ipv4{0x7f000001}, 5000}, false},
                                         TargetCase{"LinkLocal", {Ipv4{0xa9fea9fe}, 5000}, false},
                                         TargetCase{"Multicast", {Ipv4{0xe0000001}, 5000}, false},
                                         TargetCase{"Broadcast", {Ipv4{0xffffffff}, 5000}, false}),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(TakingToken, IsAnotherAndTakesBack)
{
    Token token{};
    token[3] = 7;
    EXPECT_NE(TakingToken(token), token);
    EXPECT_EQ(TakingToken(TakingToken(token)), token);
}

TEST(PunchNotes, TellWhatHappened)
{
    PunchNotes notes;
    EXPECT_EQ(notes.ToString(), "sent=0 refused=0 accepted=0");
    notes = {4, 3, 1, "connection refused"};
    EXPECT_EQ(notes.ToString(), "sent=4 refused=3 accepted=1 last=connection refused");
}

} // namespace
} // namespace isb
