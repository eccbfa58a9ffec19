// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/stun-application.h"

#include "model/ns3/setting-accessor.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(StunApplication);

TypeId
StunApplication::GetTypeId()
{
    static const isb::StunServerSettings defaults;
    static TypeId tid = TypeId("ns3::StunApplication")
                            .SetParent<MachineApplication>()
                            .SetGroupName("Isb")
                            .AddConstructor<StunApplication>()
                            .AddAttribute("Port",
                                          "UDP and TCP port on which it answers.",
                                          UintegerValue(defaults.port),
                                          MakeSettingAccessor(&StunApplication::m_settings,
                                                              &isb::StunServerSettings::port),
                                          MakeUintegerChecker<uint16_t>(1))
                            .AddAttribute("OtherPort",
                                          "A second one, to tell NATs apart; 0: none.",
                                          UintegerValue(defaults.otherPort),
                                          MakeSettingAccessor(&StunApplication::m_settings,
                                                              &isb::StunServerSettings::otherPort),
                                          MakeUintegerChecker<uint16_t>());
    return tid;
}

StunApplication::StunApplication() = default;
StunApplication::~StunApplication() = default;

void
StunApplication::SetSettings(const isb::StunServerSettings& settings)
{
    m_settings = settings;
}

const isb::StunServerSettings&
StunApplication::GetSettings() const
{
    return m_settings;
}

const isb::StunServer*
StunApplication::Server() const
{
    return static_cast<const isb::StunServer*>(Current());
}

std::unique_ptr<isb::Machine>
StunApplication::MakeMachine(isb::Rng& /*random*/)
{
    return std::make_unique<isb::StunServer>(m_settings, &m_trace);
}

} // namespace ns3
