// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/ist-tcp-socket.h"

#include "model/ns3/send-gate.h"

#include "ns3/inet-socket-address.h"
#include "ns3/ipv4-end-point.h"
#include "ns3/ipv4-route.h"
#include "ns3/ipv4-routing-protocol.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"
#include "ns3/object-factory.h"
#include "ns3/packet.h"
#include "ns3/rtt-estimator.h"
#include "ns3/simulator.h"
#include "ns3/tcp-congestion-ops.h"
#include "ns3/tcp-l4-protocol.h"
#include "ns3/tcp-recovery-ops.h"
#include "ns3/tcp-rx-buffer.h"
#include "ns3/tcp-tx-buffer.h"
#include "ns3/type-id.h"
#include "ns3/uinteger.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(IstTcpSocket);

namespace
{

constexpr uint32_t SEQUENCE_MASK = 0x7fffffff;
constexpr uint8_t MEANINGFUL_FLAGS =
    TcpHeader::SYN | TcpHeader::ACK | TcpHeader::FIN | TcpHeader::RST;

/// F() of RFC 6528: spreads the peers of one listener over the sequence space (SplitMix64's mixer).
uint32_t
OffsetOf(const Address& peer)
{
    const InetSocketAddress address = InetSocketAddress::ConvertFrom(peer);
    uint64_t mixed = (uint64_t{address.GetIpv4().Get()} << 16) + address.GetPort();
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return static_cast<uint32_t>(mixed ^ (mixed >> 31));
}

} // namespace

TypeId
IstTcpSocket::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::IstTcpSocket")
            .SetParent<TcpSocketBase>()
            .SetGroupName("Isb")
            .AddConstructor<IstTcpSocket>()
            .AddAttribute("InitialSequence",
                          "First sequence number; below 2^31. A listener adds a value per peer.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&IstTcpSocket::SetInitialSequence,
                                               &IstTcpSocket::GetInitialSequence),
                          MakeUintegerChecker<uint32_t>(0, SEQUENCE_MASK));
    return tid;
}

IstTcpSocket::IstTcpSocket(const IstTcpSocket& other)
    : TcpSocketBase(other),
      m_gate(other.m_gate),
      m_initialSequence(other.m_initialSequence)
{
}

IstTcpSocket::~IstTcpSocket()
{
    if (m_gate)
    {
        m_gate->Forget(this);
    }
    if (m_protocol)
    {
        m_protocol->Leave(this);
    }
}

Ptr<IstTcpSocket>
IstTcpSocket::Create(Ptr<Node> node)
{
    Ptr<TcpL4Protocol> tcp = node->GetObject<TcpL4Protocol>();
    Ptr<IstTcpSocket> socket = CreateObject<IstTcpSocket>();
    socket->SetNode(node);
    socket->SetTcp(tcp);
    TypeIdValue type;
    tcp->GetAttribute("RttEstimatorType", type);
    ObjectFactory factory;
    factory.SetTypeId(type.Get());
    socket->SetRtt(factory.Create<RttEstimator>());
    tcp->GetAttribute("RecoveryType", type);
    factory.SetTypeId(type.Get());
    socket->SetRecoveryAlgorithm(factory.Create<TcpRecoveryOps>());
    socket->SetCongestionControlAlgorithm(CreateObject<TcpNewReno>());
    return socket;
}

void
IstTcpSocket::SetInitialSequence(uint32_t sequence)
{
    m_initialSequence = sequence & SEQUENCE_MASK;
    StartAt(m_initialSequence);
}

uint32_t
IstTcpSocket::GetInitialSequence() const
{
    return m_initialSequence;
}

void
IstTcpSocket::SetGate(Ptr<SendGate> gate)
{
    m_gate = gate;
}

void
IstTcpSocket::ResumeSending()
{
    SendPendingData(m_connected);
}

uint32_t
IstTcpSocket::AvailableWindow() const
{
    const uint32_t window = TcpSocketBase::AvailableWindow();
    if (window == 0 || IsReceiverFull())
    {
        return 0;
    }
    // The base asks before each segment, in a const method; the gate only notes who asked.
    if (m_gate && !m_gate->Admit(const_cast<IstTcpSocket*>(this)))
    {
        return 0;
    }
    return window;
}

bool
IstTcpSocket::IsReceiverFull() const
{
    if (UnAckDataCount() < m_rWnd.Get())
    {
        return false;
    }
    SequenceNumber32 next;
    SequenceNumber32 end;
    const bool recovery = m_sackEnabled && m_tcb->m_congState == TcpSocketState::CA_RECOVERY;
    return m_txBuffer->NextSeg(&next, &end, recovery) && next == end;
}

void
IstTcpSocket::StartAt(uint32_t sequence)
{
    const SequenceNumber32 first(sequence);
    m_tcb->m_nextTxSequence = first;
    m_tcb->m_highTxMark = first;
    m_txBuffer->SetHeadSequence(first);
}

int
IstTcpSocket::Listen()
{
    const int result = TcpSocketBase::Listen();
    if (result == 0)
    {
        EnterProtocol();
    }
    return result;
}

int
IstTcpSocket::Connect(const Address& address)
{
    m_active = true;
    // The base reports a simultaneous open as an accepted connection; nobody accepts here.
    SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                      MakeNullCallback<void, Ptr<Socket>, const Address&>());
    const int result = TcpSocketBase::Connect(address);
    if (result == 0)
    {
        EnterProtocol();
    }
    return result;
}

int
IstTcpSocket::ConnectFrom(const InetSocketAddress& local, const InetSocketAddress& peer)
{
    Ipv4Address address = local.GetIpv4();
    m_chosenAddress = address;
    if (local.GetPort() == 0)
    {
        return Bind(local) == 0 ? Connect(peer) : -1;
    }
    if (address == Ipv4Address::GetAny())
    {
        Ipv4Header header;
        header.SetDestination(peer.GetIpv4());
        const Ptr<Ipv4Route> route =
            m_node->GetObject<Ipv4>()->GetRoutingProtocol()->RouteOutput(nullptr,
                                                                         header,
                                                                         nullptr,
                                                                         m_errno);
        if (!route)
        {
            return -1;
        }
        address = route->GetSource();
    }
    m_endPoint = m_tcp->Allocate(nullptr, address, local.GetPort(), peer.GetIpv4(), peer.GetPort());
    if (!m_endPoint)
    {
        m_errno = ERROR_ADDRINUSE;
        return -1;
    }
    m_tcp->AddSocket(this);
    SetupCallback();
    return Connect(peer);
}

bool
IstTcpSocket::HasPeerFinished() const
{
    return m_tcb->m_rxBuffer->Finished();
}

void
IstTcpSocket::SendEmptyPacket(uint8_t flags)
{
    // The base takes the first address of the interface that the route leaves by, whatever the
    // socket is bound to.
    if (m_active && (flags & TcpHeader::SYN) != 0 && m_endPoint &&
        m_chosenAddress != Ipv4Address::GetAny())
    {
        m_endPoint->SetLocalAddress(m_chosenAddress);
    }
    TcpSocketBase::SendEmptyPacket(flags);
}

void
IstTcpSocket::EnterProtocol()
{
    m_protocol = DynamicCast<IstTcpProtocol>(m_tcp);
    if (!m_protocol || !m_endPoint)
    {
        return;
    }
    m_key.addresses =
        uint64_t{m_endPoint->GetLocalAddress().Get()} << 32 | m_endPoint->GetPeerAddress().Get();
    m_key.ports = uint32_t{m_endPoint->GetLocalPort()} << 16 | m_endPoint->GetPeerPort();
    m_protocol->Enter(this);
}

bool
IstTcpSocket::Deliver(const Ptr<Packet>& packet,
                      const Ipv4Header& header,
                      uint16_t port,
                      const Ptr<Ipv4Interface>& interface)
{
    if (!m_endPoint || !m_endPoint->IsRxEnabled())
    {
        return false;
    }
    m_endPoint->ForwardUp(packet, header, port, interface);
    return true;
}

int
IstTcpSocket::Close()
{
    // Both FINs are out, but not acknowledged. The base would reset, and throw away what is on its
    // way.
    return m_state == CLOSING ? 0 : TcpSocketBase::Close();
}

int
IstTcpSocket::ShutdownSend()
{
    if (m_txBuffer->SizeFromSequence(m_tcb->m_nextTxSequence) > 0 || m_state == SYN_SENT)
    {
        m_closeOnEmpty = true; // the FIN goes with the last data
    }
    else if (m_state == ESTABLISHED || m_state == CLOSE_WAIT)
    {
        DoClose();
    }
    return 0;
}

Ptr<Packet>
IstTcpSocket::Recv(uint32_t maxSize, uint32_t flags)
{
    Ptr<Packet> packet = TcpSocketBase::Recv(maxSize, flags);
    if (packet && packet->GetSize() > 0 &&
        (m_state == ESTABLISHED || m_state == FIN_WAIT_1 || m_state == FIN_WAIT_2))
    {
        UpdateAdvertisedWindow();
    }
    return packet;
}

void
IstTcpSocket::UpdateAdvertisedWindow()
{
    const SequenceNumber32 next = m_tcb->m_rxBuffer->NextRxSequence();
    const SequenceNumber32 promised = m_highTxAck + m_advWnd.Get();
    const auto open = static_cast<uint32_t>(m_tcb->m_rxBuffer->MaxRxSequence() - next);
    const auto known = promised > next ? static_cast<uint32_t>(promised - next) : 0;
    // Half of the buffer is used up as the sender knows it, and it may send twice as much.
    if (2 * known <= m_tcb->m_rxBuffer->MaxBufferSize() && open >= 2 * known &&
        open >= known + m_tcb->m_segmentSize)
    {
        SendEmptyPacket(TcpHeader::ACK);
    }
}

void
IstTcpSocket::Abort()
{
    if (m_state != CLOSED && m_state != LISTEN && m_state != SYN_SENT)
    {
        SendEmptyPacket(TcpHeader::RST);
    }
    Vanish();
}

void
IstTcpSocket::Vanish()
{
    // What the base scheduled for this instant has a bare pointer.
    Simulator::ScheduleNow([alive = Ptr<IstTcpSocket>(this)] {});
    m_state = CLOSED;
    CancelAllTimers();
    DeallocateEndPoint();
}

Ptr<TcpSocketBase>
IstTcpSocket::Fork()
{
    return CopyObject<IstTcpSocket>(this);
}

void
IstTcpSocket::CompleteFork(Ptr<Packet> packet,
                           const TcpHeader& tcpHeader,
                           const Address& fromAddress,
                           const Address& toAddress)
{
    if (InetSocketAddress::IsMatchingType(fromAddress))
    {
        m_initialSequence = (m_initialSequence + OffsetOf(fromAddress)) & SEQUENCE_MASK;
        StartAt(m_initialSequence);
    }
    TcpSocketBase::CompleteFork(packet, tcpHeader, fromAddress, toAddress);
    EnterProtocol();
}

void
IstTcpSocket::DoForwardUp(Ptr<Packet> packet, const Address& fromAddress, const Address& toAddress)
{
    const Ptr<IstTcpSocket> alive = this; // a callback may drop the last reference
    const TcpStates_t before = m_state;
    if (before == ESTABLISHED)
    {
        // The common case costs one look at the flags; a reset and a repeated SYN+ACK are ours.
        TcpHeader header;
        packet->PeekHeader(header);
        const bool special = header.GetFlags() & (TcpHeader::SYN | TcpHeader::RST);
        if (special && (HandleReset(packet, header) || HandleSynAck(packet, header)))
        {
            return;
        }
    }
    else
    {
        TcpHeader header;
        packet->PeekHeader(header);
        if (HandleListen(header, fromAddress, toAddress) || HandleSynSent(header) ||
            HandleReset(packet, header) || HandleSynAck(packet, header) ||
            HandleClosing(packet, header))
        {
            return;
        }
        SplitFin(packet, header, fromAddress, toAddress);
    }
    TcpSocketBase::DoForwardUp(packet, fromAddress, toAddress);
    if (m_active && before == SYN_RCVD && (m_state == ESTABLISHED || m_state == CLOSE_WAIT))
    {
        Simulator::ScheduleNow(&IstTcpSocket::ConnectionSucceeded, alive);
    }
    if (before == SYN_SENT && m_state != SYN_SENT)
    {
        // The base has just scheduled the same without a reference; the application may close and
        // forget the socket before.
        Simulator::ScheduleNow([alive] {});
    }
}

void
IstTcpSocket::SplitFin(Ptr<Packet> packet,
                       TcpHeader header,
                       const Address& fromAddress,
                       const Address& toAddress)
{
    const bool waiting = m_state == FIN_WAIT_1 || m_state == FIN_WAIT_2;
    const uint32_t payload = packet->GetSize() - header.GetSerializedSize();
    if (!waiting || payload == 0 || !(header.GetFlags() & TcpHeader::FIN))
    {
        return;
    }
    Ptr<Packet> data = packet->Copy();
    TcpHeader old;
    data->RemoveHeader(old);
    TcpHeader withoutFin = header;
    withoutFin.SetFlags(header.GetFlags() & ~TcpHeader::FIN);
    data->AddHeader(withoutFin);
    TcpSocketBase::DoForwardUp(data, fromAddress, toAddress);
    header.SetSequenceNumber(header.GetSequenceNumber() + payload);
    packet->RemoveHeader(old);
    packet->RemoveAtStart(payload);
    packet->AddHeader(header);
}

void
IstTcpSocket::ReceivedData(Ptr<Packet> packet, const TcpHeader& tcpHeader)
{
    if (m_state != FIN_WAIT_1 && m_state != FIN_WAIT_2)
    {
        TcpSocketBase::ReceivedData(packet, tcpHeader);
        return;
    }
    // With the flag the base leaves a FIN that is now in order to ProcessWait(), which knows that
    // our own is out.
    TcpHeader withFin = tcpHeader;
    withFin.SetFlags(tcpHeader.GetFlags() | TcpHeader::FIN);
    TcpSocketBase::ReceivedData(packet, withFin);
}

void
IstTcpSocket::LastAckTimeout()
{
    m_lastAckEvent.Cancel();
    if (m_state != LAST_ACK)
    {
        return;
    }
    if (m_txBuffer->Size() == 0)
    {
        if (m_dataRetrCount == 0)
        {
            NotifyErrorClose();
            DeallocateEndPoint();
            return;
        }
        --m_dataRetrCount;
        SendEmptyPacket(TcpHeader::FIN);
    }
    m_lastAckEvent = Simulator::Schedule(m_rto, &IstTcpSocket::LastAckTimeout, this);
}

void
IstTcpSocket::PersistTimeout()
{
    if (m_txBuffer->SizeFromSequence(m_tcb->m_nextTxSequence) == 0)
    {
        m_persistEvent = Simulator::Schedule(m_persistTimeout, &IstTcpSocket::PersistTimeout, this);
        return;
    }
    TcpSocketBase::PersistTimeout();
}

bool
IstTcpSocket::HandleSynSent(const TcpHeader& header)
{
    if (m_state != SYN_SENT || !(header.GetFlags() & TcpHeader::RST))
    {
        return false;
    }
    const bool acceptable = (header.GetFlags() & TcpHeader::ACK) &&
                            header.GetAckNumber() == m_tcb->m_nextTxSequence.Get() + 1;
    if (acceptable)
    {
        m_errno = ERROR_NOTCONN;
        m_state = CLOSED;
        DeallocateEndPoint();
        NotifyConnectionFailed();
    }
    return true;
}

bool
IstTcpSocket::HandleListen(const TcpHeader& header,
                           const Address& fromAddress,
                           const Address& toAddress)
{
    const uint8_t flags = header.GetFlags();
    if (m_state != LISTEN || !(flags & TcpHeader::ACK) || (flags & TcpHeader::RST))
    {
        return false;
    }
    TcpHeader reset;
    reset.SetFlags(TcpHeader::RST);
    reset.SetSequenceNumber(header.GetAckNumber());
    reset.SetSourcePort(header.GetDestinationPort());
    reset.SetDestinationPort(header.GetSourcePort());
    m_tcp->SendPacket(ns3::Create<Packet>(),
                      reset,
                      InetSocketAddress::ConvertFrom(toAddress).GetIpv4(),
                      InetSocketAddress::ConvertFrom(fromAddress).GetIpv4());
    return true;
}

bool
IstTcpSocket::HandleReset(const Ptr<Packet>& packet, const TcpHeader& header)
{
    const bool synchronized = m_state == ESTABLISHED || m_state == CLOSE_WAIT ||
                              m_state == FIN_WAIT_1 || m_state == FIN_WAIT_2;
    if (!synchronized || !(header.GetFlags() & TcpHeader::RST))
    {
        return false;
    }
    Ptr<Packet> payload = packet->Copy();
    TcpHeader removed;
    payload->RemoveHeader(removed);
    m_rxTrace(payload, header, this);
    m_errno = ERROR_NOTCONN;
    m_closeNotified = true;
    Vanish();
    NotifyErrorClose();
    return true;
}

void
IstTcpSocket::StripSyn(Ptr<Packet> packet, TcpHeader header, uint8_t windowShift)
{
    TcpHeader old;
    packet->RemoveHeader(old);
    header.SetFlags(TcpHeader::ACK);
    header.SetSequenceNumber(header.GetSequenceNumber() + 1);
    // The window beside a SYN is not scaled (RFC 7323 section 2.2); the base is about to scale it.
    header.SetWindowSize(static_cast<uint16_t>(header.GetWindowSize() >> windowShift));
    packet->AddHeader(header);
}

bool
IstTcpSocket::HandleSynAck(Ptr<Packet> packet, const TcpHeader& header)
{
    const uint8_t flags = header.GetFlags() & MEANINGFUL_FLAGS;
    if (flags != (TcpHeader::SYN | TcpHeader::ACK))
    {
        return false;
    }
    if (m_state == SYN_RCVD && header.GetAckNumber() == m_tcb->m_nextTxSequence.Get() + 1 &&
        header.GetSequenceNumber() + 1 == m_tcb->m_rxBuffer->NextRxSequence())
    {
        StripSyn(packet, header, m_sndWindShift);
        return false; // and now the base completes the handshake
    }
    if (m_state == ESTABLISHED || m_state == CLOSE_WAIT || m_state == FIN_WAIT_1 ||
        m_state == FIN_WAIT_2)
    {
        SendEmptyPacket(
            TcpHeader::ACK); // RFC 9293 section 3.10.7.4: not acceptable, say where we are
        return true;
    }
    return false;
}

bool
IstTcpSocket::HandleClosing(Ptr<Packet> packet, const TcpHeader& header)
{
    const uint8_t flags = header.GetFlags() & MEANINGFUL_FLAGS;
    const bool isFin = flags == (TcpHeader::FIN | TcpHeader::ACK);
    if (m_state == TIME_WAIT && isFin)
    {
        SendEmptyPacket(TcpHeader::ACK);
        return true;
    }
    const bool finAcked = header.GetAckNumber() > m_tcb->m_highTxMark.Get();
    if ((m_state != LAST_ACK && m_state != CLOSING) || finAcked ||
        (flags != TcpHeader::ACK && !isFin))
    {
        return false;
    }
    // Our FIN is still on its way: this acknowledges data at most.
    TcpHeader removed;
    packet->RemoveHeader(removed);
    m_rxTrace(packet, header, this);
    if (m_timestampEnabled)
    {
        if (!header.HasOption(TcpOption::TS))
        {
            return true; // RFC 7323 section 3.2
        }
        ProcessOptionTimestamp(header.GetOption(TcpOption::TS), header.GetSequenceNumber());
    }
    EstimateRtt(header);
    UpdateWindowSize(header);
    ReceivedAck(ns3::Create<Packet>(), header);
    if (isFin)
    {
        SendEmptyPacket(TcpHeader::ACK);
    }
    if (m_txBuffer->Size() == 0 && !m_retxEvent.IsRunning() && !m_lastAckEvent.IsRunning())
    {
        // The base stops its timer when no data is left; the FIN still needs one.
        m_retxEvent = Simulator::Schedule(m_rto,
                                          &IstTcpSocket::SendEmptyPacket,
                                          this,
                                          TcpHeader::FIN | TcpHeader::ACK);
    }
    return true;
}

} // namespace ns3
