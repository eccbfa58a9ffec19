// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_UDP_RATE_SINK_H
#define ISB_NS3_UDP_RATE_SINK_H

#include "model/ns3/traffic-application.h"

#include <map>
#include <optional>

namespace ns3
{

/// Receives the datagrams of UdpRateSenders: reads them when its process gets CPU time, and tells
/// the meter, or that of several whose datagram it is.
class UdpRateSink : public TrafficApplication
{
  public:
    static TypeId GetTypeId();

    /// Port to wait on.
    void SetPort(uint16_t port);
    /// Datagrams come from this IST: register there.
    void SetIst(isb::Endpoint ist);
    /// One more sender's meter, instead of SetMeter().
    void AddMeter(Ptr<FlowMeter> meter);

  protected:
    void DoDispose() override;

  private:
    void StartApplication() override;
    void StopApplication() override;
    void OnReadable(Ptr<Socket> socket);
    void Take(Ptr<Packet> packet);

    uint16_t m_port = 0;
    std::optional<isb::Endpoint> m_ist;
    std::map<uint32_t, Ptr<FlowMeter>> m_meters; ///< by number
    Ptr<Socket> m_socket;
    bool m_calling = false;
};

} // namespace ns3

#endif
