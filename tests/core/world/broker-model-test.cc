// SPDX-License-Identifier: GPL-2.0-or-later
// The broker against the naive one: the same random story told to both, the same answers heard.
// A story that fails is printed, and repeated by its seed (seeds.h).
#include "tests/core/world/broker-story.h"
#include "tests/core/world/seeds.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

TEST(BrokerModel, AnswersAsTheNaiveBrokerDoesInEveryStory)
{
    const auto [first, last] = SeedsOr(2000);
    std::set<std::string> kinds;
    for (uint64_t seed = first; seed <= last; ++seed)
    {
        BrokerStory story(seed);
        const std::string fault = story.Tell();
        ASSERT_TRUE(fault.empty()) << "seed " << seed << ":\n" << fault;
        kinds.insert(story.kinds.begin(), story.kinds.end());
    }
    if (last - first < 1000)
    {
        return; // too few to have seen everything
    }
    for (const char* kind : {"announced",
                             "bye bad-state",
                             "bye replaced",
                             "bye timed-out",
                             "fault bad-request",
                             "fault cancelled",
                             "fault duplicate",
                             "fault logged-out",
                             "fault no-ist",
                             "fault not-allowed",
                             "fault not-found",
                             "fault not-online",
                             "fault peer-lost",
                             "fault quota-exceeded",
                             "fault refused",
                             "fault server-refused",
                             "fault timed-out",
                             "fault withdrawn",
                             "connection-ended cancelled",
                             "connection-ended connect-failed",
                             "connection-ended ist-lost",
                             "connection-ended logged-out",
                             "connection-ended no-ist",
                             "connection-ended peer-lost",
                             "connection-ended server-refused",
                             "connection-ended timed-out",
                             "connection-ended withdrawn",
                             "instruct",
                             "listing",
                             "offer",
                             "prepare",
                             "splice-cancel",
                             "splice-request",
                             "status",
                             "subscribed",
                             "subscription-ended"})
    {
        EXPECT_EQ(kinds.count(kind), 1U) << "no story came to: " << kind;
    }
}

} // namespace
} // namespace isb::test
