// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/isb-application.h"

#include "model/ns3/setting-accessor.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(IsbApplication);

TypeId
IsbApplication::GetTypeId()
{
    static const isb::IsbSettings defaults;
    static TypeId tid =
        TypeId("ns3::IsbApplication")
            .SetParent<MachineApplication>()
            .SetGroupName("Isb")
            .AddConstructor<IsbApplication>()
            .AddAttribute("Name",
                          "Its name, as peers and traces show it.",
                          StringValue(defaults.name),
                          MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::name),
                          MakeStringChecker())
            .AddAttribute("Port",
                          "TCP port on which it waits.",
                          UintegerValue(defaults.port),
                          MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::port),
                          MakeUintegerChecker<uint16_t>(1))
            .AddAttribute(
                "HelloInterval",
                "Users send a hello message at least so often.",
                TimeValue(ToTime(defaults.helloInterval)),
                MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::helloInterval),
                MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("IstHelloInterval",
                          "ISTs send a hello message and their load so often.",
                          TimeValue(ToTime(defaults.istHelloInterval)),
                          MakeSettingAccessor(&IsbApplication::m_settings,
                                              &isb::IsbSettings::istHelloInterval),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute(
                "HellosMissed",
                "Intervals without any message after which a peer is lost.",
                UintegerValue(defaults.hellosMissed),
                MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::hellosMissed),
                MakeUintegerChecker<uint32_t>(1))
            .AddAttribute(
                "LoginTimeout",
                "From connecting to a right login.",
                TimeValue(ToTime(defaults.loginTimeout)),
                MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::loginTimeout),
                MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute(
                "AnswerTimeout",
                "For a provider or IST to answer a request.",
                TimeValue(ToTime(defaults.answerTimeout)),
                MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::answerTimeout),
                MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute(
                "ProbeTimeout",
                "For the probe of a listen port; then the user counts as private.",
                TimeValue(ToTime(defaults.probeTimeout)),
                MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::probeTimeout),
                MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute(
                "DirectTimeout",
                "For a direct or reversed connection; then an IST is used.",
                TimeValue(ToTime(defaults.directTimeout)),
                MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::directTimeout),
                MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("TranslatedTimeout",
                          "For a connection through an IST; then it has failed.",
                          TimeValue(ToTime(defaults.translatedTimeout)),
                          MakeSettingAccessor(&IsbApplication::m_settings,
                                              &isb::IsbSettings::translatedTimeout),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute(
                "IstGrace",
                "A lost IST may come back with its splices within this time.",
                TimeValue(ToTime(defaults.istGrace)),
                MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::istGrace),
                MakeTimeChecker(Time(0)))
            .AddAttribute(
                "MaxSessions",
                "Users and ISTs logged in at once.",
                UintegerValue(defaults.maxSessions),
                MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::maxSessions),
                MakeUintegerChecker<size_t>(1))
            .AddAttribute(
                "MaxUnproven",
                "Connections that have not logged in.",
                UintegerValue(defaults.maxUnproven),
                MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::maxUnproven),
                MakeUintegerChecker<size_t>(1))
            .AddAttribute("MaxUnprovenPerAddress",
                          "Of those, from one source address.",
                          UintegerValue(defaults.maxUnprovenPerAddress),
                          MakeSettingAccessor(&IsbApplication::m_settings,
                                              &isb::IsbSettings::maxUnprovenPerAddress),
                          MakeUintegerChecker<size_t>(1))
            .AddAttribute(
                "MaxConnections",
                "Service connections of all users.",
                UintegerValue(defaults.maxConnections),
                MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::maxConnections),
                MakeUintegerChecker<size_t>(1))
            .AddAttribute(
                "MaxUnsentBytes",
                "Bytes held for one peer that does not read; more ends its session.",
                UintegerValue(defaults.maxUnsentBytes),
                MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::maxUnsentBytes),
                MakeUintegerChecker<size_t>(1024))
            .AddAttribute(
                "NearShare",
                "ISTs whose round trips are within this share of the best are equally near.",
                DoubleValue(defaults.nearShare.AsDouble()),
                MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::nearShare),
                MakeDoubleChecker<double>(0, 1))
            .AddAttribute(
                "NearMargin",
                "The same as a time.",
                TimeValue(ToTime(defaults.nearMargin)),
                MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::nearMargin),
                MakeTimeChecker(Time(0)));
    return tid;
}

IsbApplication::IsbApplication() = default;
IsbApplication::~IsbApplication() = default;

void
IsbApplication::SetSettings(const isb::IsbSettings& settings)
{
    m_settings = settings;
}

const isb::IsbSettings&
IsbApplication::GetSettings() const
{
    return m_settings;
}

void
IsbApplication::AddProfile(const std::string& name, const isb::IsbProfile& profile)
{
    m_settings.profiles[name] = profile;
}

const isb::IsbBroker*
IsbApplication::Broker() const
{
    return static_cast<const isb::IsbBroker*>(Current());
}

std::unique_ptr<isb::Machine>
IsbApplication::MakeMachine(isb::Rng& random)
{
    return std::make_unique<isb::IsbBroker>(m_settings, m_mac, random, &m_trace);
}

} // namespace ns3
