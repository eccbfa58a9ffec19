// SPDX-License-Identifier: GPL-2.0-or-later
// The one list of splice cases through the IST of ns-3's world: real nodes, devices and IP. Left
// out is what ns-3's IP does not have: IPv6, IP options; and what it judges before the IST does:
// malformed headers, packets at their last hop.
#include "model/ns3/ist-forwarder.h"
#include "model/splice/ist-checksum.h"
#include "model/splice/ist-packet.h"
#include "tests/splice-cases/case-run.h"

#include "ns3/boolean.h"
#include "ns3/config.h"
#include "ns3/global-value.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-interface-address.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/simple-channel.h"
#include "ns3/simple-net-device.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <utility>
#include <vector>

namespace ns3
{
namespace
{

using isb::IstSide;
using isb::cases::Bytes;
using isb::cases::Fate;
using isb::cases::Outcome;

constexpr uint16_t IPV4 = 0x0800;

/// The wire to a user: his end keeps what comes.
class UserWire
{
  public:
    UserWire(const Ptr<Node>& ist, const char* address, const char* users)
    {
        auto channel = CreateObject<SimpleChannel>();
        const Ptr<SimpleNetDevice> near = MakeDevice(ist, channel);
        m_far = MakeDevice(CreateObject<Node>(), channel);
        m_far->SetReceiveCallback(MakeCallback(&UserWire::Receive, this));
        const Ptr<Ipv4> ipv4 = ist->GetObject<Ipv4>();
        const uint32_t interface = ipv4->AddInterface(near);
        ipv4->AddAddress(interface, Ipv4InterfaceAddress(address, Ipv4Mask::GetOnes()));
        ipv4->SetUp(interface);
        Ipv4StaticRoutingHelper().GetStaticRouting(ipv4)->AddNetworkRouteTo(
            users,
            Ipv4Mask("255.255.255.0"),
            interface);
    }

    void
    Send(const Bytes& packet)
    {
        m_far->Send(Create<Packet>(packet.data(), static_cast<uint32_t>(packet.size())),
                    m_far->GetBroadcast(),
                    IPV4);
    }

    std::vector<Bytes> received;

  private:
    static Ptr<SimpleNetDevice>
    MakeDevice(const Ptr<Node>& node, const Ptr<SimpleChannel>& channel)
    {
        auto device = CreateObject<SimpleNetDevice>();
        device->SetAttribute("PointToPointMode", BooleanValue(true));
        device->SetAddress(Mac48Address::Allocate());
        device->SetMtu(65535);
        node->AddDevice(device);
        device->SetChannel(channel);
        return device;
    }

    bool
    Receive(Ptr<NetDevice> /*device*/,
            Ptr<const Packet> packet,
            uint16_t /*protocol*/,
            const Address& /*from*/)
    {
        Bytes bytes(packet->GetSize());
        packet->CopyData(bytes.data(), packet->GetSize());
        received.push_back(std::move(bytes));
        return true;
    }

    Ptr<SimpleNetDevice> m_far;
};

/// An IST node between two wires, as the cases see a carrier. ns-3's forwarding takes the hop.
class NodeCaseCarrier : public isb::cases::CaseCarrier
{
  public:
    explicit NodeCaseCarrier(isb::IstSettings settings)
        : m_node(MakeNode()),
          m_a(m_node, "203.0.113.1", "10.0.1.0"),
          m_b(m_node, "203.0.113.2", "10.0.2.0"),
          m_ist(CreateObject<IstForwarder>())
    {
        settings.decrementTtl = false;
        m_ist->SetSettings(settings);
        m_ist->Install(m_node, 7);
    }

    ~NodeCaseCarrier() override
    {
        m_node = nullptr;
        m_ist = nullptr;
        Simulator::Destroy();
        GlobalValue::Bind("ChecksumEnabled", BooleanValue(false));
    }

    std::string
    Open(const isb::IstPair& pair) override
    {
        const auto id = m_ist->Add(pair);
        return id ? std::string() : id.Why();
    }

    Outcome
    Give(IstSide at, const Bytes& packet) override
    {
        const isb::IstCounters before = m_ist->Engine().Counters();
        const size_t kept = m_ist->Engine().StateSize();
        (at == IstSide::A ? m_a : m_b).Send(packet);
        Simulator::Stop(MicroSeconds(1)); // no timer of a splice is due so soon
        Simulator::Run();
        Outcome outcome;
        Judge(before, kept, outcome);
        Take(m_a, IstSide::A, outcome);
        Take(m_b, IstSide::B, outcome);
        return outcome;
    }

    [[nodiscard]] bool
    HoldsFragments() const override
    {
        return true;
    }

  private:
    static Ptr<Node>
    MakeNode()
    {
        GlobalValue::Bind("ChecksumEnabled", BooleanValue(true));
        auto node = CreateObject<Node>();
        InternetStackHelper stack;
        stack.SetIpv6StackInstall(false);
        Ipv4StaticRoutingHelper routing;
        stack.SetRoutingHelper(routing);
        stack.Install(node);
        return node;
    }

    void
    Judge(const isb::IstCounters& before, size_t kept, Outcome& outcome) const
    {
        const isb::IstCounters& after = m_ist->Engine().Counters();
        for (const auto& [reason, count] : after.drops)
        {
            const auto known = before.drops.find(reason);
            if (known == before.drops.end() || known->second != count)
            {
                outcome.fate = Fate::Dropped;
                outcome.reason = reason;
                return;
            }
        }
        if (after.forwarded != before.forwarded)
        {
            outcome.fate = Fate::Forwarded;
        }
        else if (after.consumed != before.consumed || m_ist->Engine().StateSize() > kept)
        {
            outcome.fate = Fate::Consumed;
        }
    }

    /// What the host itself answers to a packet that passes is not the IST's.
    static void
    Take(UserWire& wire, IstSide to, Outcome& outcome)
    {
        for (Bytes& packet : std::exchange(wire.received, {}))
        {
            if (outcome.fate != Fate::Passes)
            {
                outcome.out.emplace_back(to, std::move(packet));
            }
        }
    }

    Ptr<Node> m_node;
    UserWire m_a;
    UserWire m_b;
    Ptr<IstForwarder> m_ist;
};

/// Whether ns-3's IP takes a packet as it is.
bool
IsTaken(const Bytes& bytes)
{
    constexpr uint8_t PLAIN = 0x45;
    const auto size = static_cast<uint32_t>(bytes.size());
    ist_packet packet;
    return size >= IST_IPV4_HEADER && bytes[0] == PLAIN &&
           ist_packet_parse(&packet, bytes.data(), size, size) == 0 &&
           packet.total_length == size && packet.ttl > 1 &&
           ist_sum(bytes.data(), IST_IPV4_HEADER, 0) == 0xffff;
}

bool
SuitsNs3(const isb::cases::SpliceCase& one)
{
    return one.ipv4Only && std::all_of(one.steps.begin(),
                                       one.steps.end(),
                                       [](const isb::cases::Step& step)
                                       { return IsTaken(step.in(isb::cases::Numbers{})); });
}

class NodeCases : public testing::TestWithParam<const isb::cases::SpliceCase*>
{
};

TEST_P(NodeCases, GiveTheExpectedPackets)
{
    NodeCaseCarrier carrier(GetParam()->settings);
    isb::cases::RunCase(carrier, *GetParam());
}

INSTANTIATE_TEST_SUITE_P(Ns3,
                         NodeCases,
                         testing::ValuesIn(isb::cases::CasesThat(SuitsNs3)),
                         isb::cases::CaseName);

TEST(NodeCasesList, HasMostOfTheIpv4Cases)
{
    const size_t ipv4 = isb::cases::CasesThat([](const auto& one) { return one.ipv4Only; }).size();
    EXPECT_GE(isb::cases::CasesThat(SuitsNs3).size() * 10, ipv4 * 8);
}

} // namespace
} // namespace ns3
