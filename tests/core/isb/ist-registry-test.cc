// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/ist-registry.h"

#include "tests/core/isb/broker-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;

class IstRegistryTest : public BrokerFixture
{
  protected:
    void
    Meet()
    {
        ann = &User("ann", "203.0.113.1");
        bob = &User("bob", "203.0.113.2");
        Announce(*bob, "web");
        subscription = Subscribe(*ann, *bob, "web");
    }

    /// One more connection; returns the IST that was asked.
    std::string
    Open()
    {
        OpenMessage open;
        open.request = nextRequest++;
        open.subscription = subscription;
        Say(*ann, open);
        for (auto& [socket, peer] : peers)
        {
            if (Count<SpliceRequestMessage>(*peer) != 0)
            {
                Take<SpliceRequestMessage>(*peer);
                return peer->name;
            }
        }
        return {};
    }

    BrokerPeer* ann = nullptr;
    BrokerPeer* bob = nullptr;
    uint64_t subscription = 0;
};

TEST_F(IstRegistryTest, TheNearOneIsChosenByWhatBothUsersMeasured)
{
    Ist("far", "203.0.113.8");
    Ist("near", "203.0.113.9");
    Meet();
    EXPECT_EQ(Open(), "far"); // nobody measured: by name
    Say(*ann, NearnessMessage{{{"far", 10ms}, {"near", 20ms}}});
    Say(*bob, NearnessMessage{{{"far", 90ms}, {"near", 20ms}}});
    EXPECT_EQ(Open(), "near");
    const KeptEvent chosen = trace.Last(TraceKind::IstChosen);
    EXPECT_EQ(chosen.reason, "isb.nearest");
    EXPECT_EQ(chosen.detail, "candidates=2 splices=0/100 distance=40 ms");
    EXPECT_EQ(chosen.user, "ann");
    EXPECT_EQ(chosen.peer, "bob");
}

TEST_F(IstRegistryTest, EquallyNearIstsShareTheLoad)
{
    Ist("far", "203.0.113.8");
    Ist("near", "203.0.113.9");
    Meet();
    std::map<std::string, int> used;
    for (int i = 0; i < 10; ++i)
    {
        ++used[Open()];
    }
    EXPECT_EQ(used["far"], 5);
    EXPECT_EQ(used["near"], 5);
}

TEST_F(IstRegistryTest, AReportedLoadCountsWhenItIsMoreThanTheBrokersOwn)
{
    BrokerPeer& far = Ist("far", "203.0.113.8");
    Ist("near", "203.0.113.9");
    Meet();
    Say(far, LoadMessage{50});
    EXPECT_EQ(Open(), "near");
}

TEST_F(IstRegistryTest, AFullIstIsNoCandidateAndAllFullIsOverloaded)
{
    IstOptions options;
    options.capacity = 1;
    Ist("far", "203.0.113.8", options);
    BrokerPeer& near = Ist("near", "203.0.113.9");
    Meet();
    EXPECT_EQ(Open(), "far");
    EXPECT_EQ(Open(), "near");
    EXPECT_EQ(Open(), "near");
    Say(near, LoadMessage{100});
    EXPECT_EQ(Open(), "");
    EXPECT_EQ(Take<FaultMessage>(*ann).code, IsbCode::Overloaded);
}

TEST_F(IstRegistryTest, AnEndedSpliceMakesRoom)
{
    IstOptions options;
    options.capacity = 1;
    Ist("ist", "203.0.113.9", options);
    Meet();
    EXPECT_EQ(Open(), "ist");
    Say(*bob, FaultMessage{IsbCode::ServerRefused, Take<PrepareMessage>(*bob).connection, ""});
    EXPECT_EQ(Open(), "ist");
}

TEST_F(IstRegistryTest, AnIstInItsGraceIsNotChosen)
{
    BrokerPeer& far = Ist("far", "203.0.113.8");
    Ist("near", "203.0.113.9");
    Meet();
    Vanish(far);
    EXPECT_EQ(Open(), "near");
}

TEST_F(IstRegistryTest, TheStatesOfAnIstAreTold)
{
    BrokerPeer& ist = Ist("ist", "203.0.113.9");
    Vanish(ist);
    Advance(settings.istGrace);
    EXPECT_EQ(trace.StatesOf(TraceKind::IstState), "registered>lost>gone");
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_F(IstRegistryTest, AnIstThatSaysItsAddressIsUsedAtThatAddress)
{
    BrokerPeer& ist = Connect("203.0.113.9");
    LoginMessage login = MakeLogin(ist, "ist");
    login.role = IsbRole::Ist;
    login.ist.methods = {ForwardingMethod::Passive};
    login.ist.capacity = 1;
    login.ist.pingPort = 7472;
    login.ist.address = *Ipv4::Parse("203.0.113.10");
    Say(ist, login);
    BrokerPeer& user = Connect("203.0.113.1");
    Say(user, MakeLogin(user, "ann"));
    const auto list = Take<IstListMessage>(user);
    ASSERT_EQ(list.entries.size(), 1U);
    EXPECT_EQ(list.entries[0].ping, At("203.0.113.10", 7472));
}

TEST_F(IstRegistryTest, NearnessToAnIstThatIsNotThereIsNotKept)
{
    Ist("near", "203.0.113.9");
    Meet();
    Say(*ann, NearnessMessage{{{"far", 1ms}}});
    Say(*bob, NearnessMessage{{{"far", 1ms}}});
    Ist("far", "203.0.113.8");
    Say(*ann, NearnessMessage{{{"near", 50ms}}});
    Say(*bob, NearnessMessage{{{"near", 50ms}}});
    EXPECT_EQ(Open(), "near");
}

} // namespace
} // namespace isb
