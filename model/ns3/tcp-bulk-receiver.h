// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_TCP_BULK_RECEIVER_H
#define ISB_NS3_TCP_BULK_RECEIVER_H

#include "model/ns3/tcp-bulk-sender.h"
#include "model/ns3/tcp-tuning.h"
#include "model/ns3/traffic-application.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"

#include <deque>
#include <map>
#include <vector>

namespace ns3
{

/**
 * Takes what TcpBulkSenders send: waits on a port, or opens connections itself (to an IST, as the
 * provider's daemon does). It reads when its process gets CPU time, so that a slow host closes the
 * TCP window. With meters of several senders, a stream's first bytes say whose it is.
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
    /// One more sender's meter, instead of SetMeter().
    void AddMeter(Ptr<FlowMeter> meter);

  protected:
    void DoDispose() override;

  private:
    struct Connection
    {
        Ptr<Socket> socket;
        bool calling = false; ///< a read is under way
        bool ended = false;   ///< the peer's FIN came
        bool over = false;    ///< and all before it is read
        Ptr<FlowMeter> meter; ///< null while it is not known whose the stream is
        uint64_t received = 0;
        uint32_t whose = 0; ///< of the first four bytes, those that came
    };

    void StartApplication() override;
    void StopApplication() override;
    size_t Adopt(Ptr<Socket> socket);
    void Open(size_t index);
    void OnReadable(size_t index);
    void Read(size_t index, uint32_t bytes);
    void Count(Connection& connection, const Packet& data);

    uint16_t m_port = 0;
    std::vector<TcpPlan> m_plans;
    std::deque<Connection> m_connections;
    Ptr<Socket> m_listener;
    Ptr<TcpTuning> m_tuning;
    std::vector<EventId> m_opening;
    std::map<uint32_t, Ptr<FlowMeter>> m_meters; ///< by number
    uint32_t m_readSize = 0;
    uint64_t m_totalBytes = 0; ///< of a complete stream; 0: none is
};

} // namespace ns3

#endif
