// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_IST_TCP_SOCKET_H
#define ISB_NS3_IST_TCP_SOCKET_H

#include "ns3/tcp-socket-base.h"

namespace ns3
{

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

    int Connect(const Address& address) override;
    Ptr<Packet> Recv(uint32_t maxSize, uint32_t flags) override;
    /// Ends the connection by RST, throwing away what is unsent (RFC 9293 section 3.10.5). No
    /// callback is called.
    void Abort();

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
    void StartAt(uint32_t sequence);

    Ptr<SendGate> m_gate;
    uint32_t m_initialSequence = 0;
    bool m_active = false; ///< opened by Connect()
};

} // namespace ns3

#endif
