// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_SEND_GATE_H
#define ISB_NS3_SEND_GATE_H

#include "model/ns3/box-driver.h"

#include "ns3/object.h"

#include <set>

namespace ns3
{

class IstTcpSocket;

/**
 * Local congestion: a node's TCP does not lose segments in the node's own transmit queue. When the
 * queue is full the segment stays in its socket and is sent when there is room again, sockets in
 * turn (Linux 2.4's tcp_write_xmit() stops when the device queue refuses a segment and keeps it
 * unsent). Aggregated to the node beside its BoxDriver.
 *
 * Does not model the reduction of the congestion window that Linux makes with it.
 */
class SendGate : public Object
{
  public:
    static TypeId GetTypeId();

    /// The gate of a node, made at the first call; null if the node has no BoxDriver.
    static Ptr<SendGate> Of(Ptr<Node> node);

    /// Whether one more segment may go down now; if not, `socket` gets its turn later.
    bool Admit(IstTcpSocket* socket);
    /// `socket` is gone.
    void Forget(IstTcpSocket* socket);

  protected:
    void DoDispose() override;

  private:
    void TakeTurn(IstTcpSocket* socket);

    Ptr<BoxDriver> m_driver;
    std::set<IstTcpSocket*> m_waiting;  ///< never iterated
    IstTcpSocket* m_admitted = nullptr; ///< its turn: one segment may go
};

} // namespace ns3

#endif
