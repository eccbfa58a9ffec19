// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_NAT_RESPONDER_H
#define ISB_CORE_DAEMON_NAT_RESPONDER_H

#include "model/core/daemon/broker-link.h"
#include "model/core/daemon/daemon-host.h"
#include "model/core/daemon/listen-port.h"
#include "model/core/daemon/volunteer-ist.h"
#include "model/wire/stun-message.h"

#include <cstdint>
#include <string_view>

namespace isb
{

/// A user's side of the NAT test at login (thesis 3.6.3, Fig 3.10): awaits the test packet, at the
/// login port for TCP, and tells the ISB that it came. For UDP it opens a socket, learns its
/// external endpoint from the ISB's STUN server, keeps the mapping alive by asking again, and tells
/// the ISB where it is; what comes there besides is the volunteer's.
class NatResponder : public TokenAwaiter, public SocketOwner
{
  public:
    /// All must outlive it.
    NatResponder(DaemonHost& host, BrokerLink& link, ListenPort& listenPort, VolunteerIst& ist);

    void OnLoggedIn(TimePoint now);
    void OnProbe(TimePoint now, const NatProbeMessage& message);
    void OnSessionOver();
    void Stop();

    /// The test packet, over TCP.
    void OnArrived(TimePoint now, SocketId socket, const Token& token) override;

    void OnListening(TimePoint now, SocketId socket, Endpoint local) override;
    void OnFailed(TimePoint now, SocketId socket, std::string_view why) override;
    void OnDatagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes) override;

  private:
    void Ask(TimePoint now);
    void Tell(TimePoint now);
    void ForgetTcp();

    DaemonHost& m_host;
    BrokerLink& m_link;
    ListenPort& m_listenPort;
    VolunteerIst& m_ist;
    Token m_tcpToken{}; ///< told half of the one that is to come
    bool m_awaitsTcp = false;
    Token m_udpToken{}; ///< likewise
    bool m_awaitsUdp = false;
    SocketId m_socket = 0;
    bool m_open = false;
    StunId m_asked{}; ///< of the request that is not answered; zeros: none
    Endpoint m_mapped;
    Endpoint m_told;
    DaemonTimer m_timer;
};

} // namespace isb

#endif
