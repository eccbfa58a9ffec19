// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_IST_TCP_SOCKET_H
#define ISB_NS3_IST_TCP_SOCKET_H

#include "model/ns3/ist-tcp-protocol.h"

#include "ns3/tcp-socket-base.h"

namespace ns3
{

class InetSocketAddress;
class SendGate;

/**
 * TCP socket with a chosen initial sequence number and with RFC 9293's answers where ns-3 3.37's
 * TcpSocketBase gives others. A splice test between two plain ns-3 sockets proves nothing, because
 * they all start at sequence number 0.
 *
 * Differences from TcpSocketBase, all made in front of its DoForwardUp():
 *  - SYN_SENT: RST with an acceptable ACK means "refused" (the base ignores it); any other RST is
 *    dropped (RFC 9293 section 3.10.7.3).
 *  - SYN_RCVD: SYN+ACK completes a simultaneous open (the base resets; section 3.5, figure 7).
 *  - A connection opened by Connect() that passes through SYN_RCVD reports by the connect callback
 *    (the base uses the accept callback).
 *  - LISTEN answers an ACK by a reset (RFC 9293 section 3.10.7.2; the base is silent, and the peer
 * of a host that restarted never learns it).
 *  - A reset is reported by the error callback, also after the peer's FIN (the base reports the
 *    first as a normal close, the second not at all).
 *  - ShutdownSend() sends the FIN when the last data is sent, and ends the sending side alone (the
 *    base forgets the FIN when all data is under way, and with the peer's FIN closes altogether, by
 *    a reset when something is unread).
 *  - Close() in CLOSING lets what is in flight arrive (the base resets).
 *  - LAST_ACK and CLOSING end only when the FIN is acknowledged (the base closes on any ACK, with
 *    data in flight).
 *  - FIN_WAIT: a FIN that comes with payload stands behind it (the base puts it in front, and loses
 *    the payload when something before it is missing).
 *  - FIN_WAIT: a FIN that had to wait for missing data leads to CLOSING or TIME_WAIT (the base goes
 *    to CLOSE_WAIT, and gives the connection up with data in flight).
 *  - LAST_ACK: data in flight is left to the retransmission timer (the base gives the connection up
 *    after six times the round trip, before that timer runs).
 *  - A closed window is probed only when there is data for it (the base crashes).
 *  - No segment is tried when the receiver's window is used up but some of it is marked as
 *    received (the base then sends an empty one, and crashes).
 *  - Reading from a full buffer tells the sender about the window (RFC 9293 section 3.8.6.2.2, by
 *    Linux' rule; the base waits for the delayed ACK or for the sender's probe).
 *  - A repeated SYN+ACK when synchronized, and a repeated FIN in TIME_WAIT, are acknowledged (the
 *    base is silent, so a lost ACK is never repaired).
 *
 * Not modelled: urgent data, MSS option, sequence numbers whose start is above 2^31 (the base
 * compares them with marks that start at 0).
 */
class IstTcpSocket : public TcpSocketBase
{
  public:
    static TypeId GetTypeId();

    IstTcpSocket() = default;
    IstTcpSocket(const IstTcpSocket& other);
    ~IstTcpSocket() override;

    /// Socket on `node`, which must have an Internet stack, with the node's RTT estimator,
    /// TCP NewReno (RFC 6582) and the node's recovery algorithm.
    static Ptr<IstTcpSocket> Create(Ptr<Node> node);

    /// First sequence number of the connection, or of all that Listen() will accept (each of these
    /// adds a value computed from its peer, as RFC 6528 does). Below 2^31; before Connect().
    void SetInitialSequence(uint32_t sequence);
    uint32_t GetInitialSequence() const;

    /// Segments go down only when `gate` admits them; accepted connections inherit it.
    void SetGate(Ptr<SendGate> gate);
    /// The gate has room again: sends what the windows allow.
    void ResumeSending();

    int Listen() override;
    int Connect(const Address& address) override;
    /// Connects from a chosen port, which listeners and other connections may use too, as long as
    /// the four-tuple is new (SO_REUSEADDR). Address 0.0.0.0: the route's. Port 0: any.
    int ConnectFrom(const InetSocketAddress& local, const InetSocketAddress& peer);
    /// The peer's FIN came, and nothing before it is missing; it may have to be read yet.
    bool HasPeerFinished() const;
    int Close() override;
    int ShutdownSend() override;
    Ptr<Packet> Recv(uint32_t maxSize, uint32_t flags) override;
    /// Ends the connection by RST, throwing away what is unsent (RFC 9293 section 3.10.5). No
    /// callback is called.
    void Abort();
    /// Ends the connection without a segment: its host lost power. No callback is called.
    void Vanish();

    /// The four-tuple by which the node's TCP finds this connection.
    IstTcpProtocol::Key
    ConnectionKey() const
    {
        return m_key;
    }

    /// A segment of this connection; false when the connection is over.
    bool Deliver(const Ptr<Packet>& packet,
                 const Ipv4Header& header,
                 uint16_t port,
                 const Ptr<Ipv4Interface>& interface);

  protected:
    Ptr<TcpSocketBase> Fork() override;
    void CompleteFork(Ptr<Packet> packet,
                      const TcpHeader& tcpHeader,
                      const Address& fromAddress,
                      const Address& toAddress) override;
    void DoForwardUp(Ptr<Packet> packet,
                     const Address& fromAddress,
                     const Address& toAddress) override;
    uint32_t AvailableWindow() const override;
    void ReceivedData(Ptr<Packet> packet, const TcpHeader& tcpHeader) override;
    void PersistTimeout() override;
    void LastAckTimeout() override;
    void SendEmptyPacket(uint8_t flags) override;

  private:
    /// The SYN flag's part in the simultaneous open is done: makes the ACK of it that the base
    /// understands.
    static void StripSyn(Ptr<Packet> packet, TcpHeader header, uint8_t windowShift);
    /// All that the receiver's window holds is sent, and nothing of it is known to be lost.
    bool IsReceiverFull() const;
    void UpdateAdvertisedWindow();
    /// Takes the payload of a segment with FIN and leaves the FIN alone in it.
    void SplitFin(Ptr<Packet> packet,
                  TcpHeader header,
                  const Address& fromAddress,
                  const Address& toAddress);
    bool HandleSynSent(const TcpHeader& header);
    bool HandleSynAck(Ptr<Packet> packet, const TcpHeader& header);
    bool HandleClosing(Ptr<Packet> packet, const TcpHeader& header);
    bool HandleListen(const TcpHeader& header,
                      const Address& fromAddress,
                      const Address& toAddress);
    bool HandleReset(const Ptr<Packet>& packet, const TcpHeader& header);
    /// Tells the node's TCP the four-tuple.
    void EnterProtocol();
    void StartAt(uint32_t sequence);

    Ptr<SendGate> m_gate;
    uint32_t m_initialSequence = 0;
    bool m_active = false; ///< opened by Connect()
    Ipv4Address m_chosenAddress =
        Ipv4Address::GetAny();      ///< local one of ConnectFrom(); any: the route's
    Ptr<IstTcpProtocol> m_protocol; ///< that knows m_key; null on a node with plain TCP
    IstTcpProtocol::Key m_key;
};

} // namespace ns3

#endif
