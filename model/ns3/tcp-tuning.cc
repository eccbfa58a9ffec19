// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/tcp-tuning.h"

#include "model/core/random/rng.h"
#include "model/ns3/send-gate.h"

#include "ns3/boolean.h"
#include "ns3/node.h"
#include "ns3/uinteger.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(TcpTuning);

TypeId
TcpTuning::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::TcpTuning")
            .SetParent<Object>()
            .SetGroupName("Isb")
            .AddConstructor<TcpTuning>()
            .AddAttribute("SegmentSize",
                          "Payload of a full segment. MTU 1500 less IP, TCP and timestamps: 1448.",
                          UintegerValue(1448),
                          MakeUintegerAccessor(&TcpTuning::m_segmentSize),
                          MakeUintegerChecker<uint32_t>(88, 65495))
            .AddAttribute("SendBuffer",
                          "Bytes that wait for acknowledgement (tcp_wmem's maximum in Linux 2.4).",
                          UintegerValue(131072),
                          MakeUintegerAccessor(&TcpTuning::m_sendBuffer),
                          MakeUintegerChecker<uint32_t>(1448))
            .AddAttribute("ReceiveBuffer",
                          "Bytes that wait to be read, and so the window (three quarters of "
                          "Linux 2.4's tcp_rmem default of 87380).",
                          UintegerValue(65535),
                          MakeUintegerAccessor(&TcpTuning::m_receiveBuffer),
                          MakeUintegerChecker<uint32_t>(1448))
            .AddAttribute("InitialWindow",
                          "Segments sent at once on a new connection (RFC 2581).",
                          UintegerValue(2),
                          MakeUintegerAccessor(&TcpTuning::m_initialWindow),
                          MakeUintegerChecker<uint32_t>(1, 64))
            .AddAttribute("MinRto",
                          "Least retransmission time-out (TCP_RTO_MIN of Linux 2.4). Above "
                          "DelayedAck, or a single segment always times out.",
                          TimeValue(MilliSeconds(200)),
                          MakeTimeAccessor(&TcpTuning::m_minRto),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("DelayedAck",
                          "Longest delay of an ACK (TCP_DELACK_MIN of Linux 2.4).",
                          TimeValue(MilliSeconds(40)),
                          MakeTimeAccessor(&TcpTuning::m_delayedAck),
                          MakeTimeChecker(Time(0)))
            .AddAttribute("OpenInterval",
                          "Mean time between two calls of a program that open a connection.",
                          TimeValue(MicroSeconds(500)),
                          MakeTimeAccessor(&TcpTuning::m_openInterval),
                          MakeTimeChecker(TimeStep(1)));
    return tid;
}

Ptr<IstTcpSocket>
TcpTuning::MakeSocket(Ptr<Node> node, uint64_t seed) const
{
    Ptr<IstTcpSocket> socket = IstTcpSocket::Create(node);
    socket->SetAttribute("SegmentSize", UintegerValue(m_segmentSize));
    socket->SetAttribute("SndBufSize", UintegerValue(m_sendBuffer));
    socket->SetAttribute("RcvBufSize", UintegerValue(m_receiveBuffer));
    socket->SetAttribute("InitialCwnd", UintegerValue(m_initialWindow));
    socket->SetAttribute("MinRto", TimeValue(m_minRto));
    socket->SetAttribute("DelAckTimeout", TimeValue(m_delayedAck));
    socket->SetAttribute("Sack", BooleanValue(true));
    socket->SetAttribute("Timestamp", BooleanValue(true));
    socket->SetAttribute("WindowScaling", BooleanValue(true));
    socket->SetGate(SendGate::Of(node));
    isb::SeededRng rng(seed);
    socket->SetInitialSequence(static_cast<uint32_t>(rng.Next() >> 33));
    return socket;
}

Time
TcpTuning::OpeningTime(size_t index, uint64_t seed) const
{
    isb::SeededRng rng(seed + index);
    rng.Next(); // the first number is the socket's initial sequence number
    const auto step = static_cast<uint64_t>(m_openInterval.GetTimeStep());
    return m_openInterval * static_cast<int64_t>(index) + TimeStep(rng.Below(step));
}

} // namespace ns3
