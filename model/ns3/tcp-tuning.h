// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_TCP_TUNING_H
#define ISB_NS3_TCP_TUNING_H

#include "model/ns3/ist-tcp-socket.h"

#include "ns3/nstime.h"
#include "ns3/object.h"

#include <cstdint>

namespace ns3
{

/// How the TCP sockets of a node are set up and opened: by default like Linux 2.4's (thesis 5.3),
/// with a segment that fills an Ethernet frame. NewReno, SACK, timestamps and window scaling are
/// on.
class TcpTuning : public Object
{
  public:
    static TypeId GetTypeId();

    /// A socket of `node` that will start at a sequence number drawn from `seed`.
    Ptr<IstTcpSocket> MakeSocket(Ptr<Node> node, uint64_t seed) const;
    /// When a program opens connection `index`, counted from its start: one in each OpenInterval,
    /// at a moment of it drawn from `seed`. All at once would overflow a receive ring before any
    /// traffic.
    Time OpeningTime(size_t index, uint64_t seed) const;

  private:
    uint32_t m_segmentSize = 0;
    uint32_t m_sendBuffer = 0;
    uint32_t m_receiveBuffer = 0;
    uint32_t m_initialWindow = 0;
    Time m_minRto;
    Time m_delayedAck;
    Time m_openInterval;
};

} // namespace ns3

#endif
