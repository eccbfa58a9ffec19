// SPDX-License-Identifier: GPL-2.0-or-later
// What a NAT or a splice on a node costs the simulator, as a ratio to plain forwarding: the same
// datagrams over the same two wires, the three alternated in one run (the bar
// is 1.10).
#include "helper/box-helper.h"
#include "helper/ist-helper.h"
#include "helper/nat-helper.h"

#include "model/ns3/ist-forwarder.h"
#include "model/ns3/nat-forwarder.h"
#include "model/wire/registration.h"

#include "ns3/data-rate.h"
#include "ns3/inet-socket-address.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/simulator.h"
#include "ns3/socket.h"
#include "ns3/udp-socket-factory.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

namespace
{

using namespace ns3;

enum Role
{
    PLAIN,
    NAT,
    SPLICE,
};

constexpr uint32_t DATAGRAMS = 10'000;
constexpr uint16_t PORT_A = 5000;
constexpr uint16_t PORT_B = 5001;

/// a (10.0.1.1) -- 10.0.1.2 box 192.0.2.2 -- (192.0.2.1) b, without machines.
class Relay
{
  public:
    explicit Relay(Role role)
    {
        const BoxHelper helper;
        const DataRate rate("1Gb/s");
        Ptr<Node> a = helper.CreateNode();
        Ptr<Node> b = helper.CreateNode();
        Ptr<Node> box = helper.CreateNode();
        helper.Link({a, "eth0", "10.0.1.1"}, {box, "l", "10.0.1.2"}, 24, rate, MicroSeconds(1));
        helper.Link({b, "eth0", "192.0.2.1"}, {box, "r", "192.0.2.2"}, 24, rate, MicroSeconds(1));
        helper.AddRoute(a, "0.0.0.0", 0, "10.0.1.2");
        helper.AddRoute(b, "0.0.0.0", 0, "192.0.2.2");
        for (const auto& node : {a, b, box})
        {
            helper.Start(node);
        }
        m_source = Udp(a, 8);
        m_sink = Udp(b, 9);
        m_sink->SetRecvCallback(MakeCallback(&Relay::Receive, this));
        m_target = InetSocketAddress("192.0.2.1", 9);
        Install(role, box);
    }

    /// Sends all; nanoseconds of wall time a datagram.
    double
    Run()
    {
        Simulator::Schedule(MilliSeconds(1), &Relay::Send, this);
        const auto begin = std::chrono::steady_clock::now();
        Simulator::Run();
        const std::chrono::duration<double, std::nano> took =
            std::chrono::steady_clock::now() - begin;
        Simulator::Destroy();
        return m_received == DATAGRAMS ? took.count() / DATAGRAMS : 0;
    }

  private:
    static Ptr<Socket>
    Udp(Ptr<Node> node, uint16_t port)
    {
        Ptr<Socket> socket = Socket::CreateSocket(node, UdpSocketFactory::GetTypeId());
        socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), port));
        return socket;
    }

    void
    Install(Role role, Ptr<Node> box)
    {
        if (role == NAT)
        {
            Ptr<Ipv4> ipv4 = box->GetObject<Ipv4>();
            const int32_t outside = ipv4->GetInterfaceForAddress("192.0.2.2");
            NatHelper().Install(box, ipv4->GetNetDevice(static_cast<uint32_t>(outside)), 1);
        }
        else if (role == SPLICE)
        {
            isb::IstPair pair;
            pair.method = isb::SpliceMethod::Udp;
            pair.portA = PORT_A;
            pair.portB = PORT_B;
            if (!IstHelper().InstallKernel(box, 1)->Add(pair))
            {
                return;
            }
            m_target = InetSocketAddress("10.0.1.2", PORT_A);
            Register(m_source, m_target);
            Register(m_sink, InetSocketAddress("192.0.2.2", PORT_B));
        }
    }

    static void
    Register(Ptr<Socket> socket, const Address& ist)
    {
        const auto& bytes = isb::REGISTRATION_DATAGRAM;
        socket->SendTo(Create<Packet>(bytes.data(), static_cast<uint32_t>(bytes.size())), 0, ist);
    }

    void
    Send()
    {
        m_source->SendTo(Create<Packet>(1000), 0, m_target);
        if (++m_sent < DATAGRAMS)
        {
            Simulator::Schedule(MicroSeconds(50), &Relay::Send, this);
        }
    }

    void
    Receive(Ptr<Socket> socket)
    {
        Address from;
        m_received += socket->RecvFrom(from) ? 1 : 0;
    }

    Ptr<Socket> m_source;
    Ptr<Socket> m_sink;
    Address m_target = InetSocketAddress(Ipv4Address::GetAny(), 0);
    uint32_t m_sent = 0;
    uint32_t m_received = 0;
};

double
Median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// Rounds of plain, NAT and splice; the first round is dropped, ratios are taken within a round.
void
NodeCostRatio(benchmark::State& state)
{
    std::array<std::vector<double>, 3> nanoseconds;
    std::array<std::vector<double>, 3> ratio;
    bool warm = false;
    for (auto _ : state)
    {
        std::array<double, 3> round{};
        for (const Role role : {PLAIN, NAT, SPLICE})
        {
            round[role] = Relay(role).Run();
            if (round[role] == 0)
            {
                state.SkipWithError("datagrams were lost");
                return;
            }
        }
        for (const Role role : {PLAIN, NAT, SPLICE})
        {
            if (warm)
            {
                nanoseconds[role].push_back(round[role]);
                ratio[role].push_back(round[role] / round[PLAIN]);
            }
        }
        warm = true;
    }
    state.counters["plain_ns"] = Median(nanoseconds[PLAIN]);
    state.counters["nat_ns"] = Median(nanoseconds[NAT]);
    state.counters["splice_ns"] = Median(nanoseconds[SPLICE]);
    state.counters["nat_ratio"] = Median(ratio[NAT]);
    state.counters["splice_ratio"] = Median(ratio[SPLICE]);
}

BENCHMARK(NodeCostRatio)->Unit(benchmark::kMillisecond)->Iterations(20);

} // namespace
