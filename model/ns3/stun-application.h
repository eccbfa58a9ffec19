// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_STUN_APPLICATION_H
#define ISB_NS3_STUN_APPLICATION_H

#include "model/core/stun/stun-server.h"
#include "model/ns3/machine-application.h"

#include <memory>

namespace ns3
{

/**
 * A STUN server for NAT behaviour discovery: isb::StunServer as a program on a node, which must
 * have the addresses of the settings.
 */
class StunApplication : public MachineApplication
{
  public:
    static TypeId GetTypeId();
    StunApplication();
    ~StunApplication() override;

    /// Before the start; free of contradictions (isb::FindContradiction()).
    void SetSettings(const isb::StunServerSettings& settings);
    const isb::StunServerSettings& GetSettings() const;

    /// The machine of this life, or null.
    const isb::StunServer* Server() const;

  private:
    std::unique_ptr<isb::Machine> MakeMachine(isb::Rng& random) override;

    isb::StunServerSettings m_settings;
};

} // namespace ns3

#endif
