// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_UDP_PING_SERVER_H
#define ISB_NS3_UDP_PING_SERVER_H

#include "model/ns3/traffic-application.h"

namespace ns3
{

/// Sends every datagram back to where it came from, at the price of a receiving and a sending
/// system call.
class UdpPingServer : public TrafficApplication
{
  public:
    static TypeId GetTypeId();

    /// Port to wait on.
    void SetPort(uint16_t port);
    /// Pings come from this IST: register there.
    void SetIst(isb::Endpoint ist);

  protected:
    void DoDispose() override;

  private:
    void StartApplication() override;
    void StopApplication() override;
    void OnReadable(Ptr<Socket> socket);
    void Answer(Ptr<Packet> packet, const Address& from);
    void GoOn();

    uint16_t m_port = 0;
    std::optional<isb::Endpoint> m_ist;
    Ptr<Socket> m_socket;
    bool m_calling = false;
};

} // namespace ns3

#endif
