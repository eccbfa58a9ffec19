// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/user-daemon-application.h"

#include "model/ns3/setting-accessor.h"

#include "ns3/ipv4-address.h"

#include <algorithm>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(UserDaemonApplication);

TypeId
UserDaemonApplication::GetTypeId()
{
    static const isb::DaemonSettings defaults;
    static TypeId tid =
        TypeId("ns3::UserDaemonApplication")
            .SetParent<MachineApplication>()
            .SetGroupName("Isb")
            .AddConstructor<UserDaemonApplication>()
            .AddAttribute("ListenPort",
                          "TCP port for probes and for direct and reversed connections.",
                          UintegerValue(defaults.listenPort),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::listenPort),
                          MakeUintegerChecker<uint16_t>(1024))
            .AddAttribute("CanChoosePort",
                          "Its source ports arrive unchanged at an IST (Pure splice, thesis 4.4).",
                          BooleanValue(defaults.canChoosePort),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::canChoosePort),
                          MakeBooleanChecker())
            .AddAttribute("RetryFirst",
                          "Wait before logging in again; doubles each time.",
                          TimeValue(ToTime(defaults.retryFirst)),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::retryFirst),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("RetryMost",
                          "The longest such wait.",
                          TimeValue(ToTime(defaults.retryMost)),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::retryMost),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("SubscribeRetry",
                          "Wait before asking again for a provider that is not on line; doubles.",
                          TimeValue(ToTime(defaults.subscribeRetry)),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::subscribeRetry),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute(
                "RegistrationRetry",
                "UDP: between two registrations and prefaces until the other end answers.",
                TimeValue(ToTime(defaults.registrationRetry)),
                MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                    &isb::DaemonSettings::registrationRetry),
                MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("UdpKeepalive",
                          "UDP: between two keepalives of a path.",
                          TimeValue(ToTime(defaults.udpKeepalive)),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::udpKeepalive),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("UdpIdle",
                          "UDP: a connection without any datagram ends.",
                          TimeValue(ToTime(defaults.udpIdle)),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::udpIdle),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("MaxWaitingClients",
                          "Local connections that wait for their service.",
                          UintegerValue(defaults.maxWaitingClients),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::maxWaitingClients),
                          MakeUintegerChecker<size_t>(1))
            .AddAttribute("MaxWaitingDatagrams",
                          "Datagrams of one local client that wait for its path.",
                          UintegerValue(defaults.maxWaitingDatagrams),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::maxWaitingDatagrams),
                          MakeUintegerChecker<size_t>(1))
            .AddAttribute("LoginTimeout",
                          "From connecting to the ISB to being logged in.",
                          TimeValue(ToTime(defaults.loginTimeout)),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::loginTimeout),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("InstructTimeout",
                          "For a connection of which nothing more is heard.",
                          TimeValue(ToTime(defaults.instructTimeout)),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::instructTimeout),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("ServerTimeout",
                          "For an own server to take a connection.",
                          TimeValue(ToTime(defaults.serverTimeout)),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::serverTimeout),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("StrangerPatience",
                          "For a connection to the listen port that shows no known token.",
                          TimeValue(ToTime(defaults.strangerPatience)),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::strangerPatience),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("MaxStrangers",
                          "Such connections at once; the oldest gives way.",
                          UintegerValue(defaults.maxStrangers),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::maxStrangers),
                          MakeUintegerChecker<size_t>(1))
            .AddAttribute("MaxConnections",
                          "Service connections of all phases.",
                          UintegerValue(defaults.maxConnections),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::maxConnections),
                          MakeUintegerChecker<size_t>(1))
            .AddAttribute("MaxSubscribers",
                          "Subscriptions to own services.",
                          UintegerValue(defaults.maxSubscribers),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::maxSubscribers),
                          MakeUintegerChecker<size_t>(1))
            .AddAttribute("Echoes",
                          "Sent to each IST to measure its nearness.",
                          UintegerValue(defaults.echoes),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::echoes),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("EchoTimeout",
                          "Of each such echo.",
                          TimeValue(ToTime(defaults.echoTimeout)),
                          MakeSettingAccessor(&UserDaemonApplication::m_settings,
                                              &isb::DaemonSettings::echoTimeout),
                          MakeTimeChecker(MilliSeconds(1)));
    return tid;
}

UserDaemonApplication::UserDaemonApplication() = default;
UserDaemonApplication::~UserDaemonApplication() = default;

void
UserDaemonApplication::SetSettings(const isb::DaemonSettings& settings)
{
    m_settings = settings;
}

const isb::DaemonSettings&
UserDaemonApplication::GetSettings() const
{
    return m_settings;
}

void
UserDaemonApplication::Announce(const isb::ProvidedService& service)
{
    auto& provides = m_settings.provides;
    const auto known =
        std::find_if(provides.begin(),
                     provides.end(),
                     [&](const auto& one) { return one.record.name == service.record.name; });
    if (known != provides.end())
    {
        *known = service;
    }
    else
    {
        provides.push_back(service);
    }
    Feed([service](isb::Machine& machine, isb::TimePoint now)
         { static_cast<isb::UserDaemon&>(machine).Announce(now, service); });
}

void
UserDaemonApplication::Offer(const std::string& service, uint16_t port)
{
    isb::ProvidedService provided;
    provided.record.name = service;
    provided.server = {{Ipv4Address::GetLoopback().Get()}, port};
    Announce(provided);
}

void
UserDaemonApplication::Use(const std::string& provider,
                           const std::string& service,
                           uint16_t localPort)
{
    isb::WantedService wanted;
    wanted.provider = provider;
    wanted.service = service;
    wanted.localPort = localPort;
    Subscribe(wanted);
}

void
UserDaemonApplication::Withdraw(const std::string& service)
{
    auto& provides = m_settings.provides;
    provides.erase(std::remove_if(provides.begin(),
                                  provides.end(),
                                  [&](const auto& one) { return one.record.name == service; }),
                   provides.end());
    Feed([service](isb::Machine& machine, isb::TimePoint now)
         { static_cast<isb::UserDaemon&>(machine).Withdraw(now, service); });
}

void
UserDaemonApplication::Subscribe(const isb::WantedService& service)
{
    m_settings.wants.push_back(service);
    Feed([service](isb::Machine& machine, isb::TimePoint now)
         { static_cast<isb::UserDaemon&>(machine).Subscribe(now, service); });
}

void
UserDaemonApplication::Unsubscribe(const std::string& provider, const std::string& service)
{
    auto& wants = m_settings.wants;
    wants.erase(std::remove_if(wants.begin(),
                               wants.end(),
                               [&](const auto& one)
                               { return one.provider == provider && one.service == service; }),
                wants.end());
    Feed([provider, service](isb::Machine& machine, isb::TimePoint now)
         { static_cast<isb::UserDaemon&>(machine).Unsubscribe(now, provider, service); });
}

const isb::UserDaemon*
UserDaemonApplication::Daemon() const
{
    return static_cast<const isb::UserDaemon*>(Current());
}

std::unique_ptr<isb::Machine>
UserDaemonApplication::MakeMachine(isb::Rng& random)
{
    return std::make_unique<isb::UserDaemon>(m_settings, m_mac, random, &m_trace);
}

} // namespace ns3
