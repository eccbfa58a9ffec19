// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_TCP_BULK_SENDER_H
#define ISB_NS3_TCP_BULK_SENDER_H

#include "model/ns3/tcp-tuning.h"
#include "model/ns3/traffic-application.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"

#include <string_view>
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
 * costs the process a system call. It closes each when all its bytes are written, the rest at the
 * stop. The first four bytes of a stream say whose it is: the meter's number, most significant byte
 * first; all others are zero.
 */
class TcpBulkSender : public TrafficApplication
{
  public:
    static TypeId GetTypeId();
    TcpBulkSender();

    void SetPlans(std::vector<TcpPlan> plans);
    void SetTuning(Ptr<TcpTuning> tuning);
    const std::vector<TcpPlan>& Plans() const;

  protected:
    void DoDispose() override;

  private:
    struct Connection
    {
        Ptr<Socket> socket;
        bool connected = false;
        bool calling = false; ///< a write is under way
        bool over = false;    ///< closed by either end, or failed
        uint64_t written = 0;
    };

    void StartApplication() override;
    void StopApplication() override;
    void Open(size_t index);
    void OnConnected(size_t index);
    void Fill(size_t index);
    void Write(size_t index);
    Ptr<Packet> NextBytes(const Connection& connection, uint32_t bytes) const;
    uint32_t NextSize(const Connection& connection) const;
    void OnFailed(size_t index, std::string_view why);
    void Report(std::string_view state, std::string_view why = {});
    static uint64_t Unacknowledged(Ptr<Socket> socket);

    std::vector<TcpPlan> m_plans;
    std::vector<Connection> m_connections;
    Ptr<TcpTuning> m_tuning;
    std::vector<EventId> m_opening;
    uint32_t m_writeSize = 0;
    uint64_t m_totalBytes = 0; ///< of one connection; 0: until the stop
    bool m_running = false;
};

} // namespace ns3

#endif
