// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_DAEMON_SETTINGS_H
#define ISB_CORE_DAEMON_DAEMON_SETTINGS_H

#include "model/wire/endpoint.h"
#include "model/wire/isb-message.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace isb
{

/// A service that this user offers: an unmodified server on the host itself, or a peripheral on its
/// home network (thesis 3.7.4).
struct ProvidedService
{
    ServiceRecord record;
    Endpoint server; ///< 127.0.0.1:80, or 192.168.1.9:9100
};

/// A service that this user wants, reached by unmodified clients at 127.0.0.1:localPort. The port
/// is open from the start; what comes before the subscription stands waits, up to `patience`.
struct WantedService
{
    std::string provider;
    std::string service;
    Protocol protocol = Protocol::Tcp;
    uint16_t localPort = 0;
    ForwardingMethod method = ForwardingMethod::Passive; ///< wanted of the IST; UDP: Udp or Proxy
    bool requireIst = false;
    uint32_t prepared = 0; ///< connections kept ready ahead of clients (thesis 3.4: its daemons do)
    Duration patience = std::chrono::seconds(30);
};

/// What can be set in a UserDaemon.
struct DaemonSettings
{
    std::string user;
    std::string secret;
    Endpoint broker;
    std::vector<ProvidedService> provides;
    std::vector<WantedService> wants;

    uint16_t listenPort =
        7471; ///< TCP: probes, direct and reversed connections; any user may bind it
    bool canChoosePort = false; ///< source ports are seen unchanged at the IST (Pure)
    Duration retryFirst = std::chrono::seconds(1); ///< wait before logging in again; doubles
    Duration retryMost = std::chrono::seconds(30);
    Duration subscribeRetry = std::chrono::seconds(1); ///< a provider that is not on line; doubles
    Duration registrationRetry = std::chrono::milliseconds(200); ///< UDP: registration and preface
    Duration udpKeepalive = std::chrono::seconds(15);
    Duration udpIdle = std::chrono::minutes(5); ///< a UDP connection without datagram ends
    size_t maxWaitingClients = 256;             ///< local connections that wait
    size_t maxWaitingDatagrams = 64;            ///< of one local UDP client, before its path stands
};

} // namespace isb

#endif
