// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_TCP_BULK_RECEIVER_H
#define ISB_NS3_TCP_BULK_RECEIVER_H

#include "model/ns3/tcp-bulk-sender.h"
#include "model/ns3/tcp-tuning.h"
#include "model/ns3/traffic-application.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"

#include <deque>
#include <vector>

namespace ns3
{

/**
 * Takes what TcpBulkSender sends: waits on a port, or opens connections itself (to an IST, as the
 * provider's daemon does). It reads when its process gets CPU time, so that a slow host closes the
 * TCP window.
 */
class TcpBulkReceiver : public TrafficApplication
{
  public:
    static TypeId GetTypeId();
    TcpBulkReceiver();

    /// Waits for connections on this port.
    void SetPort(uint16_t port);
    /// Opens these connections.
    void SetPlans(std::vector<TcpPlan> plans);
    void SetTuning(Ptr<TcpTuning> tuning);

  protected:
    void DoDispose() override;

  private:
    struct Connection
    {
        Ptr<Socket> socket;
        bool calling = false; ///< a read is under way
        bool ended = false;   ///< the peer's FIN came
    };

    void StartApplication() override;
    void StopApplication() override;
    size_t Adopt(Ptr<Socket> socket);
    void Open(size_t index);
    void OnReadable(size_t index);
    void Read(size_t index, uint32_t bytes);

    uint16_t m_port = 0;
    std::vector<TcpPlan> m_plans;
    std::deque<Connection> m_connections;
    Ptr<Socket> m_listener;
    Ptr<TcpTuning> m_tuning;
    std::vector<EventId> m_opening;
    uint32_t m_readSize = 0;
};

} // namespace ns3

#endif
