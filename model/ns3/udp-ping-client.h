// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_UDP_PING_CLIENT_H
#define ISB_NS3_UDP_PING_CLIENT_H

#include "model/ns3/traffic-application.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"

namespace ns3
{

/// UDP ping-pong as in thesis 5.4: the next ping leaves when the pong came, or was given up. A
/// round trip is timed by the process: from the call that sends to the end of the call that
/// receives.
class UdpPingClient : public TrafficApplication
{
  public:
    static TypeId GetTypeId();

    void SetTarget(isb::Endpoint target);
    isb::Endpoint Target() const;
    /// The target is an IST: register there first.
    void SetViaIst(bool via);

  protected:
    void DoDispose() override;

  private:
    void StartApplication() override;
    void StopApplication() override;
    void Begin();
    void Ping();
    void GiveUp();
    void OnReadable(Ptr<Socket> socket);
    void Pong(Ptr<Packet> packet);

    isb::Endpoint m_target;
    bool m_via = false;
    uint32_t m_payload = 0;
    Time m_timeout;
    Time m_lead;
    Ptr<Socket> m_socket;
    EventId m_timer;
    bool m_running = false;
    bool m_calling = false;
    uint64_t m_sequence = 0; ///< of the ping under way
    isb::TimePoint m_sentAt{0};
};

} // namespace ns3

#endif
