// SPDX-License-Identifier: GPL-2.0-or-later
// A user checks which services are on line before he subscribes (thesis 3.3).
#include "tests/core/daemon/daemon-fixture.h"

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

ListingEntry
Entry(const std::string& provider, const std::string& service)
{
    return {provider, service, Protocol::Tcp, "a service"};
}

class ServiceListerTest : public DaemonFixture
{
  protected:
    void
    StartLoggedIn()
    {
        Start();
        LogIn();
        HeardNames();
    }

    [[nodiscard]] static std::string
    Names(const ServiceListing& listing)
    {
        std::string names;
        for (const ListingEntry& entry : listing.entries)
        {
            names += (names.empty() ? "" : " ") + entry.provider + "/" + entry.service;
        }
        return names;
    }

    /// The request is over, with this code and these services.
    void
    ExpectListing(uint64_t request, IsbCode code, const std::string& names)
    {
        const std::optional<ServiceListing> listing = daemon->TakeListing(request);
        ASSERT_TRUE(listing);
        EXPECT_EQ(listing->code, code) << ToString(listing->code);
        EXPECT_EQ(Names(*listing), names);
        EXPECT_FALSE(daemon->TakeListing(request)) << "a list is taken once";
    }
};

TEST_F(ServiceListerTest, AsksForPageAfterPage)
{
    StartLoggedIn();
    const uint64_t request = daemon->List(now);
    ASSERT_NE(request, 0U);
    Advance(0s);
    const auto first = Heard<ListMessage>();
    EXPECT_EQ(first.request, request);
    EXPECT_EQ(first.afterProvider + first.afterService, "");
    EXPECT_FALSE(HasHeard<ListMessage>()) << "one page after the other";

    Tell(ListingMessage{request, {Entry("bob", "mail"), Entry("bob", "web")}, true});
    EXPECT_FALSE(daemon->TakeListing(request));
    const auto second = Heard<ListMessage>();
    EXPECT_EQ(second.request, request);
    EXPECT_EQ(second.afterProvider, "bob");
    EXPECT_EQ(second.afterService, "web");

    Tell(ListingMessage{request, {Entry("carl", "a")}, true});
    const auto third = Heard<ListMessage>();
    EXPECT_EQ(third.afterProvider, "carl");
    EXPECT_EQ(third.afterService, "a");

    Tell(ListingMessage{request, {Entry("dora", "chat")}, false});
    EXPECT_FALSE(HasHeard<ListMessage>());
    EXPECT_EQ(daemon->StateSize(), 1U) << "until it is taken";
    ExpectListing(request, IsbCode::None, "bob/mail bob/web carl/a dora/chat");
    EXPECT_EQ(trace.Story(TraceKind::ServiceState), "listed");
    ExpectNothingLeft();
}

TEST_F(ServiceListerTest, TellsThatNothingIsOnLine)
{
    StartLoggedIn();
    const uint64_t request = daemon->List(now);
    Tell(ListingMessage{request, {}, false});
    ExpectListing(request, IsbCode::None, "");
    ExpectNothingLeft();
}

TEST_F(ServiceListerTest, KeepsSeveralListsApart)
{
    StartLoggedIn();
    const uint64_t one = daemon->List(now);
    const uint64_t two = daemon->List(now);
    EXPECT_NE(one, two);
    Tell(ListingMessage{two, {Entry("bob", "web")}, false});
    EXPECT_FALSE(daemon->TakeListing(one));
    ExpectListing(two, IsbCode::None, "bob/web");
    Tell(ListingMessage{one, {}, false});
    ExpectListing(one, IsbCode::None, "");
}

TEST_F(ServiceListerTest, IsRefusedWithoutASession)
{
    Start();
    EXPECT_EQ(daemon->List(now), 0U);
    LogIn();
    const uint64_t request = daemon->List(now);
    EXPECT_NE(request, 0U);
    Advance(0s);
    Failed(IsbSocket());
    EXPECT_EQ(daemon->List(now), 0U);
}

TEST_F(ServiceListerTest, EndsWithTheSession)
{
    StartLoggedIn();
    const uint64_t begun = daemon->List(now);
    const uint64_t done = daemon->List(now);
    Tell(ListingMessage{begun, {Entry("bob", "web")}, true});
    Tell(ListingMessage{done, {}, false});
    Failed(IsbSocket());
    ExpectListing(begun, IsbCode::PeerLost, "bob/web");
    ExpectListing(done, IsbCode::None, "");
    EXPECT_EQ(trace.Story(TraceKind::ServiceState), "listed listed:daemon.peer-lost");

    Advance(settings.retryFirst);
    LogIn();
    HeardNames();
    Tell(ListingMessage{begun, {Entry("carl", "web")}, false});
    EXPECT_FALSE(daemon->TakeListing(begun)) << "an answer of another session";
    const uint64_t again = daemon->List(now);
    Advance(0s);
    EXPECT_EQ(Heard<ListMessage>().afterProvider, "") << "from the start";
    Tell(ListingMessage{again, {Entry("carl", "web")}, false});
    ExpectListing(again, IsbCode::None, "carl/web");
    ExpectNothingLeft();
}

TEST_F(ServiceListerTest, TellsTheIsbsRefusal)
{
    StartLoggedIn();
    const uint64_t request = daemon->List(now);
    Tell(FaultMessage{IsbCode::NotAllowed, request + 1, "of something else"});
    EXPECT_FALSE(daemon->TakeListing(request));
    Tell(FaultMessage{IsbCode::Overloaded, request, "later"});
    ExpectListing(request, IsbCode::Overloaded, "");
    EXPECT_TRUE(daemon->IsLoggedIn());
    ExpectNothingLeft();
}

TEST_F(ServiceListerTest, GivesUpAnIsbThatDoesNotAnswer)
{
    StartLoggedIn();
    const uint64_t request = daemon->List(now);
    Advance(settings.listTimeout - 1ns);
    Tell(ListingMessage{request, {Entry("bob", "web")}, true});
    Advance(settings.listTimeout - 1ns);
    EXPECT_FALSE(daemon->TakeListing(request)) << "each page has its time";
    Advance(1ns);
    Tell(ListingMessage{request, {Entry("carl", "web")}, false});
    ExpectListing(request, IsbCode::TimedOut, "bob/web");
    ExpectNothingLeft();
}

TEST_F(ServiceListerTest, GivesUpAListThatDoesNotComeToAnEnd)
{
    const std::vector<ListingEntry> pages[] = {
        {},                                        // more of nothing
        {Entry("bob", "web")},                     // the same again
        {Entry("ann", "zoo")},                     // back
        {Entry("carl", "b"), Entry("carl", "b")},  // twice
        {Entry("carl", "b"), Entry("carl", "a")}}; // out of order
    for (const auto& page : pages)
    {
        StartLoggedIn();
        const uint64_t request = daemon->List(now);
        Tell(ListingMessage{request, {Entry("bob", "web")}, true});
        Tell(ListingMessage{request, page, true});
        ExpectListing(request, IsbCode::BadRequest, "bob/web");
        ExpectNothingLeft();
    }
}

TEST_F(ServiceListerTest, IsBounded)
{
    settings.maxListed = 3;
    settings.maxListings = 2;
    StartLoggedIn();
    const uint64_t whole = daemon->List(now);
    const uint64_t cut = daemon->List(now);
    EXPECT_EQ(daemon->List(now), 0U) << "two run";
    Tell(ListingMessage{whole, {Entry("a", "a"), Entry("b", "b"), Entry("c", "c")}, false});
    Tell(ListingMessage{cut, {Entry("a", "a"), Entry("b", "b")}, true});
    Tell(ListingMessage{cut, {Entry("c", "c"), Entry("d", "d")}, true});
    EXPECT_EQ(daemon->List(now), 0U) << "nobody took them";
    ExpectListing(whole, IsbCode::None, "a/a b/b c/c");
    ExpectListing(cut, IsbCode::LimitReached, "a/a b/b c/c");
    EXPECT_NE(daemon->List(now), 0U);
}

TEST_F(ServiceListerTest, IsForgottenByStop)
{
    StartLoggedIn();
    const uint64_t running = daemon->List(now);
    const uint64_t done = daemon->List(now);
    Tell(ListingMessage{done, {}, false});
    EXPECT_EQ(daemon->StateSize(), 2U);
    daemon->Stop(now);
    EXPECT_EQ(daemon->StateSize(), 0U);
    EXPECT_TRUE(daemon->NextTimeout() == TIME_NEVER);
    EXPECT_FALSE(daemon->TakeListing(running));
    EXPECT_FALSE(daemon->TakeListing(done));
}

} // namespace
} // namespace isb::test
