// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_NS3_TWO_HOSTS_H
#define ISB_TESTS_NS3_TWO_HOSTS_H

#include "helper/box-helper.h"

#include "model/core/random/rng.h"
#include "model/ns3/box-driver.h"
#include "model/ns3/ist-tcp-socket.h"
#include "model/ns3/sim-time.h"
#include "model/ns3/tcp-tuning.h"

#include "ns3/boolean.h"
#include "ns3/data-rate.h"
#include "ns3/error-model.h"
#include "ns3/global-value.h"
#include "ns3/inet-socket-address.h"
#include "ns3/ipv4-l3-protocol.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/point-to-point-net-device.h"
#include "ns3/simulator.h"
#include "ns3/tcp-header.h"
#include "ns3/uinteger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ns3test
{

using namespace ns3;

/// Every test has a simulation of its own, with checksums.
class Simulation : public ::testing::Test
{
  protected:
    void
    SetUp() override
    {
        GlobalValue::Bind("ChecksumEnabled", BooleanValue(true));
    }

    void
    TearDown() override
    {
        Simulator::Destroy();
        GlobalValue::Bind("ChecksumEnabled", BooleanValue(false));
    }

    static void
    RunFor(Time time)
    {
        Simulator::Stop(time);
        Simulator::Run();
    }
};

/// Loses a share of the packets that arrive at `node`, the same ones for the same stream.
inline void
Lose(Ptr<Node> node, double share, int64_t stream)
{
    for (uint32_t i = 0; i < node->GetNDevices(); ++i)
    {
        if (auto wire = DynamicCast<PointToPointNetDevice>(node->GetDevice(i)))
        {
            Ptr<RateErrorModel> model = CreateObject<RateErrorModel>();
            model->SetUnit(RateErrorModel::ERROR_UNIT_PACKET);
            model->SetRate(share);
            model->AssignStreams(stream++);
            wire->SetReceiveErrorModel(model);
        }
    }
}

/// One end of a TCP connection that writes given bytes, reads all, and closes when both is done.
class Talker
{
  public:
    Talker(uint64_t seed, size_t bytes)
    {
        isb::SeededRng rng(seed);
        for (size_t i = 0; i < bytes; ++i)
        {
            toSend.push_back(static_cast<uint8_t>(rng.Next()));
        }
    }

    void
    Use(Ptr<Socket> with)
    {
        socket = with;
        socket->SetConnectCallback(
            Callback<void, Ptr<Socket>>(
                [this](Ptr<Socket>)
                {
                    connected = true;
                    Write();
                }),
            Callback<void, Ptr<Socket>>([this](Ptr<Socket>) { failed = true; }));
        socket->SetSendCallback(
            Callback<void, Ptr<Socket>, uint32_t>([this](Ptr<Socket>, uint32_t) { Write(); }));
        socket->SetRecvCallback(Callback<void, Ptr<Socket>>([this](Ptr<Socket>) { Read(); }));
        socket->SetCloseCallbacks(
            Callback<void, Ptr<Socket>>(
                [this](Ptr<Socket>)
                {
                    peerClosed = true;
                    Read();
                    Write();
                }),
            Callback<void, Ptr<Socket>>([this](Ptr<Socket>) { reset = true; }));
    }

    void
    Write()
    {
        while (written < toSend.size() && socket->GetTxAvailable() > 0)
        {
            const auto chunk = static_cast<uint32_t>(
                std::min<size_t>(toSend.size() - written, socket->GetTxAvailable()));
            if (socket->Send(Create<Packet>(toSend.data() + written, chunk)) <= 0)
            {
                return;
            }
            written += chunk;
        }
        if (written == toSend.size() && !closing && (!closeLast || peerClosed))
        {
            closing = true;
            socket->ShutdownSend();
        }
    }

    void
    Read()
    {
        if (!reads)
        {
            return;
        }
        while (Ptr<Packet> data = socket->Recv(65536, 0))
        {
            if (data->GetSize() == 0)
            {
                break;
            }
            const size_t before = received.size();
            received.resize(before + data->GetSize());
            data->CopyData(received.data() + before, data->GetSize());
        }
    }

    Ptr<Socket> socket;
    std::vector<uint8_t> toSend;
    std::vector<uint8_t> received;
    size_t written = 0;
    bool reads = true;
    bool closeLast = false; ///< close only after the peer did
    bool connected = false;
    bool failed = false;
    bool reset = false;
    bool peerClosed = false;
    bool closing = false;
};

/// a (10.0.1.1) and b (10.0.1.2) on one wire of 100 Mb/s and 1 ms, without machines.
struct TwoHosts
{
    TwoHosts()
    {
        const BoxHelper helper;
        a = helper.CreateNode();
        b = helper.CreateNode();
        a->GetObject<Ipv4>()->SetAttribute("IpForward", BooleanValue(false));
        b->GetObject<Ipv4>()->SetAttribute("IpForward", BooleanValue(false));
        helper.Link({a, "eth0", "10.0.1.1"},
                    {b, "eth0", "10.0.1.2"},
                    24,
                    DataRate("100Mb/s"),
                    MilliSeconds(1));
        helper.Start(a);
        helper.Start(b);
    }

    Ptr<IstTcpSocket>
    Socket(Ptr<Node> node, uint64_t seed = 1) const
    {
        return CreateObject<TcpTuning>()->MakeSocket(node, seed);
    }

    /// A segment as if sent by `from`, delivered to a's port.
    void
    Craft(Ipv4Address from,
          uint16_t fromPort,
          uint16_t toPort,
          uint32_t seq,
          uint32_t ack,
          uint8_t flags)
    {
        TcpHeader header;
        header.SetSourcePort(fromPort);
        header.SetDestinationPort(toPort);
        header.SetSequenceNumber(SequenceNumber32(seq));
        header.SetAckNumber(SequenceNumber32(ack));
        header.SetFlags(flags);
        header.SetWindowSize(65535);
        header.EnableChecksums();
        header.InitializeChecksum(from, Ipv4Address("10.0.1.1"), 6);
        Ptr<Packet> packet = Create<Packet>();
        packet->AddHeader(header);
        b->GetObject<Ipv4>()->Send(packet, from, "10.0.1.1", 6, nullptr);
    }

    Ptr<Node> a;
    Ptr<Node> b;
};

} // namespace ns3test

#endif
