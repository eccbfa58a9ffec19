// SPDX-License-Identifier: GPL-2.0-or-later
// Control round trips that a client waits for, from connect() to its first byte: the broker alone
// is far (100 ms to everyone and back), so that the first byte is late by so many times 100 ms.
#include "tests/ns3/broker-world.h"
#include "tests/ns3/two-hosts.h"

#include <cmath>
#include <memory>
#include <string>

namespace ns3test
{
namespace
{

const isb::Ipv4 LOCALHOST{*isb::Ipv4::Parse("127.0.0.1")};
constexpr double BROKER_ROUND_TRIP_NS = 100e6;

struct RoundTripCase
{
    const char* name;
    isb::ForwardingMethod method;
    bool annChooses; ///< the subscriber's source ports arrive unchanged
    bool bobChooses;
    uint32_t prepared;
    double most; ///< control round trips
};

void
PrintTo(const RoundTripCase& one, std::ostream* out)
{
    *out << one.name;
}

class WorldRoundTrips : public Simulation, public ::testing::WithParamInterface<RoundTripCase>
{
};

TEST_P(WorldRoundTrips, AreNoMoreThanTheMethodNeeds)
{
    const RoundTripCase& one = GetParam();
    BrokerWorld world(MilliSeconds(50));
    world.AddIst("ist");
    const BrokerWorld::Home annHome = world.AddHome("port-restricted-cone");
    const BrokerWorld::Home bobHome = world.AddHome("port-restricted-cone");
    isb::DaemonSettings bobs = world.User("bob");
    isb::ProvidedService web;
    web.record.name = "web";
    web.server = {LOCALHOST, 80};
    bobs.provides.push_back(web);
    bobs.canChoosePort = one.bobChooses;
    isb::DaemonSettings anns = world.User("ann");
    isb::WantedService wanted;
    wanted.provider = "bob";
    wanted.service = "web";
    wanted.localPort = 8000;
    wanted.method = one.method;
    wanted.prepared = one.prepared;
    anns.wants.push_back(wanted);
    anns.canChoosePort = one.annChooses;
    BrokerWorld::Run(bobHome.host, bobs);
    const Ptr<UserDaemonApplication> ann = BrokerWorld::Run(annHome.host, anns);
    BrokerWorld::AddServer(bobHome.host, 80);
    const Ptr<FlowMeter> meter = CreateObject<FlowMeter>();
    BrokerWorld::AddClient(annHome.host, {LOCALHOST, 8000}, meter, Seconds(8));
    RunFor(Seconds(12));
    ASSERT_EQ(meter->Summary().firstBytesNs.size(), 1U);
    EXPECT_EQ(ann->Daemon()->Wanted().at(0).methods.count(ToString(one.method)), 1U);
    const double roundTrips =
        static_cast<double>(meter->Summary().firstBytesNs[0]) / BROKER_ROUND_TRIP_NS;
    RecordProperty("round_trips", std::to_string(roundTrips));
    EXPECT_LT(roundTrips, one.most + 0.1);
    EXPECT_NEAR(roundTrips, std::round(roundTrips), 0.1) << "something waits for a timer";
}

INSTANTIATE_TEST_SUITE_P(
    Methods,
    WorldRoundTrips,
    ::testing::Values(
        RoundTripCase{"Passive", isb::ForwardingMethod::Passive, false, false, 0, 2},
        RoundTripCase{"Proxy", isb::ForwardingMethod::Proxy, false, false, 0, 2},
        RoundTripCase{"PureBothChoose", isb::ForwardingMethod::Pure, true, true, 0, 2},
        RoundTripCase{"PureSubscriberChooses", isb::ForwardingMethod::Pure, true, false, 0, 3},
        RoundTripCase{"PureProviderChooses", isb::ForwardingMethod::Pure, false, true, 0, 3},
        RoundTripCase{"Prepared", isb::ForwardingMethod::Passive, false, false, 2, 0}),
    [](const auto& one) { return std::string(one.param.name); });

} // namespace
} // namespace ns3test
