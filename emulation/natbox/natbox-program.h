// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_NATBOX_NATBOX_PROGRAM_H
#define ISB_EMULATION_NATBOX_NATBOX_PROGRAM_H

#include "emulation/io/tun-port.h"
#include "emulation/natbox/event-writer.h"
#include "emulation/natbox/nat-relay.h"
#include "emulation/natbox/natbox-statistics.h"
#include "emulation/natbox/statistics-server.h"

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace isb
{

/// Reads a file of configuration. Faults are printed to standard error, one line each
/// (FILE:LINE: what).
[[nodiscard]] std::optional<NatboxConfig> LoadNatboxConfig(const std::string& path);

/// natbox at work: two TUN interfaces, a NatRelay between them, signals, statistics. Opens
/// everything that needs a privilege when it is made, then gives all privileges up.
class NatboxProgram : public PacketSink
{
  public:
    /// \param path of the configuration's file, read again at SIGHUP
    /// \param events where to write trace events; empty: nowhere
    NatboxProgram(const NatboxConfig& config, std::string path, const std::string& events);

    /// Until SIGTERM or SIGINT.
    void Run();

    void Write(NatSide to, ByteView bytes) override;

  private:
    [[nodiscard]] TimePoint Now() const;
    [[nodiscard]] std::string SetOffloads();
    void Read(TunPort& port, NatSide side);
    void ArmTimer();
    void OnTimer();
    void WaitForSignal();
    void Reload();
    void RefuseReload(const std::string& why);

    NatboxConfig m_config;
    std::string m_path;
    std::chrono::steady_clock::time_point m_start;
    asio::io_context m_io{1};
    TunPort m_inside;
    TunPort m_outside;
    std::unique_ptr<EventWriter> m_events;
    std::unique_ptr<StatisticsServer> m_server;
    std::vector<std::unique_ptr<Rng>> m_generators; ///< of NAT, inside, outside
    std::unique_ptr<NatRelay> m_relay;
    NatboxDriverCounters m_counters;
    asio::signal_set m_signals;
    asio::steady_timer m_timer;
    TimePoint m_armed = TIME_NEVER; ///< when the timer fires
};

} // namespace isb

#endif
