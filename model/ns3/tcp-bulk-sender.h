// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_TCP_BULK_SENDER_H
#define ISB_NS3_TCP_BULK_SENDER_H

#include "model/ns3/tcp-tuning.h"
#include "model/ns3/traffic-application.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"

#include <vector>

namespace ns3
{

/// One connection to be opened.
struct TcpPlan
{
    isb::Endpoint target;
    uint16_t localPort = 0; ///< 0: any
};

/**
 * Opens TCP connections and sends on each as much as TCP takes, in writes of one size; every write
 * costs the process a system call. At the stop it closes them.
 */
class TcpBulkSender : public TrafficApplication
{
  public:
    static TypeId GetTypeId();
    TcpBulkSender();

    void SetPlans(std::vector<TcpPlan> plans);
    void SetTuning(Ptr<TcpTuning> tuning);

  protected:
    void DoDispose() override;

  private:
    struct Connection
    {
        Ptr<Socket> socket;
        bool connected = false;
        bool calling = false; ///< a write is under way
        uint64_t written = 0;
    };

    void StartApplication() override;
    void StopApplication() override;
    void Open(size_t index);
    void OnConnected(size_t index);
    void Fill(size_t index);
    void Write(size_t index);
    static uint64_t Unacknowledged(Ptr<Socket> socket);

    std::vector<TcpPlan> m_plans;
    std::vector<Connection> m_connections;
    Ptr<TcpTuning> m_tuning;
    std::vector<EventId> m_opening;
    uint32_t m_writeSize = 0;
    bool m_running = false;
};

} // namespace ns3

#endif
