// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_SEND_GATE_H
#define ISB_NS3_SEND_GATE_H

#include "model/ns3/box-driver.h"

#include "ns3/object.h"

#include <deque>

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
    void Forget(const IstTcpSocket* socket);

  protected:
    void DoDispose() override;

  private:
    void OnRoom();

    Ptr<BoxDriver> m_driver;
    std::deque<IstTcpSocket*> m_waiting; ///< each once, in order of arrival
};

} // namespace ns3

#endif
