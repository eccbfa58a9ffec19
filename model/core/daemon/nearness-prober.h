// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_NEARNESS_PROBER_H
#define ISB_CORE_DAEMON_NEARNESS_PROBER_H

#include "model/core/daemon/broker-link.h"
#include "model/core/daemon/daemon-host.h"

#include <cstdint>
#include <string>
#include <vector>

namespace isb
{

/// Measures how near the ISTs are (thesis 3.6.1: the appropriate IST is close to the users): some
/// UDP echoes to each, one after the other, all ISTs at the same time; the least round trip counts.
/// Tells the ISB those that answered.
///
///     0               8               16
///     +---------------+---------------+
///     | "ISBECHO1"    | nonce         |   returned as it is
///     +---------------+---------------+
class NearnessProber : public SocketOwner
{
  public:
    NearnessProber(DaemonHost& host, BrokerLink& link);

    /// Measures these; a measurement that runs is given up.
    void Measure(TimePoint now, const IstListMessage& list);
    void Stop();

    void OnListening(TimePoint now, SocketId socket, Endpoint local) override;
    void OnFailed(TimePoint now, SocketId socket, std::string_view why) override;
    void OnDatagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes) override;

  private:
    struct Target
    {
        std::string ist;
        Endpoint ping;
        uint64_t nonce = 0; ///< of the echo that is awaited; 0: none
        Duration least = Duration::max();
    };

    void SendRound(TimePoint now);
    void OnRoundOver(TimePoint now);

    DaemonHost& m_host;
    BrokerLink& m_link;
    SocketId m_socket = 0;
    std::vector<Target> m_targets;
    uint32_t m_round = 0;
    size_t m_awaited = 0;
    TimePoint m_sent{0};
    DaemonTimer m_timer;
};

} // namespace isb

#endif
