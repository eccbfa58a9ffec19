// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_UDP_RATE_SENDER_H
#define ISB_NS3_UDP_RATE_SENDER_H

#include "model/core/random/rng.h"
#include "model/ns3/traffic-application.h"

#include "ns3/data-rate.h"
#include "ns3/event-id.h"

#include <optional>

namespace ns3
{

/**
 * Sends datagrams of one size at a mean rate, or as fast as the host's machine and its wire allow
 * (rate 0). A datagram costs the process a system call and blocks while the host's transmit queue
 * has no room. The gaps are jittered, because arrivals at a constant rate lock in phase with the
 * machines that they pass. A sender that falls behind its rate does not catch up.
 */
class UdpRateSender : public TrafficApplication
{
  public:
    static TypeId GetTypeId();
    UdpRateSender();

    void SetTarget(isb::Endpoint target);
    isb::Endpoint Target() const;
    /// The target is an IST: register there first, and send `RegistrationLead` later.
    void SetViaIst(bool via);

  protected:
    void DoDispose() override;

  private:
    void StartApplication() override;
    void StopApplication() override;
    void Begin();
    void Due();
    void TrySend();
    void WhenRoom();
    void SendOne();
    Time Gap();

    isb::Endpoint m_target;
    bool m_via = false;
    isb::SeededRng m_rng{0};
    DataRate m_rate;
    uint32_t m_payload = 0;
    double m_jitter = 0;
    Time m_lead;
    Ptr<Socket> m_socket;
    EventId m_timer;
    bool m_running = false;
    bool m_due = false;     ///< a datagram should go
    bool m_calling = false; ///< the system call is under way
};

} // namespace ns3

#endif
