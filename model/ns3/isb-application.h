// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_ISB_APPLICATION_H
#define ISB_NS3_ISB_APPLICATION_H

#include "model/core/isb/isb-broker.h"
#include "model/core/isb/isb-settings.h"
#include "model/core/machine/credential.h"
#include "model/ns3/machine-application.h"

#include <memory>

namespace ns3
{

/// The Internet Service Broker as a program on a node: isb::IsbBroker on ns-3's sockets.
class IsbApplication : public MachineApplication
{
  public:
    static TypeId GetTypeId();
    IsbApplication();
    ~IsbApplication() override;

    /// All at once; the attributes then read these settings. Before the start.
    void SetSettings(const isb::IsbSettings& settings);
    const isb::IsbSettings& GetSettings() const;
    /// One more user or IST that may log in. Before the start.
    void AddProfile(const std::string& name, const isb::IsbProfile& profile);

    /// The machine of this life, or null; so are its counters.
    const isb::IsbBroker* Broker() const;

  private:
    std::unique_ptr<isb::Machine> MakeMachine(isb::Rng& random) override;

    isb::IsbSettings m_settings;
    isb::SimulatedMac m_mac;
};

} // namespace ns3

#endif
