// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_USER_DAEMON_APPLICATION_H
#define ISB_NS3_USER_DAEMON_APPLICATION_H

#include "model/core/daemon/daemon-settings.h"
#include "model/core/daemon/user-daemon.h"
#include "model/core/machine/credential.h"
#include "model/ns3/machine-application.h"

#include <memory>
#include <string>

namespace ns3
{

/// A user's daemon as a program on a node: isb::UserDaemon on ns-3's sockets. Unmodified clients on
/// the same node find the services that it wants at 127.0.0.1.
class UserDaemonApplication : public MachineApplication
{
  public:
    static TypeId GetTypeId();
    UserDaemonApplication();
    ~UserDaemonApplication() override;

    /// All at once; the attributes then read these settings. Before the start.
    void SetSettings(const isb::DaemonSettings& settings);
    const isb::DaemonSettings& GetSettings() const;

    /// At any time; remembered over Restart() and Login().
    void Announce(const isb::ProvidedService& service);
    /// Announce() of a TCP server at 127.0.0.1:port, open to all.
    void Offer(const std::string& service, uint16_t port);
    void Withdraw(const std::string& service);
    void Subscribe(const isb::WantedService& service);
    /// Subscribe() to a TCP service, to be found at 127.0.0.1:localPort.
    void Use(const std::string& provider, const std::string& service, uint16_t localPort);
    void Unsubscribe(const std::string& provider, const std::string& service);

    /// The machine of this life, or null; so are its counters.
    const isb::UserDaemon* Daemon() const;

  private:
    std::unique_ptr<isb::Machine> MakeMachine(isb::Rng& random) override;

    isb::DaemonSettings m_settings;
    isb::SimulatedMac m_mac;
};

} // namespace ns3

#endif
