// SPDX-License-Identifier: GPL-2.0-or-later
// The incidents of a lab: LabPrograms' part that crashes, restarts, logs out and withdraws.
#include "helper/lab-programs.h"

#include "model/ns3/isb-application.h"
#include "model/ns3/ist-application.h"
#include "model/ns3/sim-time.h"
#include "model/ns3/user-daemon-application.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <optional>

namespace ns3
{

namespace
{

std::optional<size_t>
FindUser(const isb::Lab& lab, const std::string& name)
{
    const auto found =
        std::find_if(lab.users.begin(),
                     lab.users.end(),
                     [&](const isb::LabUser& user) { return user.settings.user == name; });
    return found == lab.users.end()
               ? std::nullopt
               : std::optional<size_t>(static_cast<size_t>(found - lab.users.begin()));
}

/// The host of a user, broker or translator.
std::optional<size_t>
FindHost(const isb::Lab& lab, const std::string& name)
{
    if (const auto user = FindUser(lab, name))
    {
        return lab.users[*user].host;
    }
    for (const isb::LabBroker& broker : lab.brokers)
    {
        if (broker.settings.name == name)
        {
            return broker.host;
        }
    }
    for (const isb::LabTranslator& translator : lab.translators)
    {
        if (translator.settings.name == name)
        {
            return translator.host;
        }
    }
    return std::nullopt;
}

} // namespace

void
LabPrograms::ScheduleIncidents()
{
    for (const isb::Incident& incident : m_lab.incidents)
    {
        Simulator::Schedule(ToTime(incident.at), [this, &incident] { Happen(incident); });
    }
}

void
LabPrograms::Happen(const isb::Incident& incident)
{
    const std::optional<size_t> user = FindUser(m_lab, incident.who);
    const std::optional<size_t> host = FindHost(m_lab, incident.who);
    switch (incident.kind)
    {
    case isb::IncidentKind::Crash:
    case isb::IncidentKind::Restart:
        if (host)
        {
            CrashHost(*host, incident.kind == isb::IncidentKind::Crash);
        }
        break;
    case isb::IncidentKind::Logout:
    case isb::IncidentKind::Login:
        if (user)
        {
            LogUser(*user, incident.kind == isb::IncidentKind::Login);
        }
        break;
    case isb::IncidentKind::Withdraw:
    case isb::IncidentKind::Announce:
        if (user)
        {
            OfferService(*user, incident);
        }
        break;
    case isb::IncidentKind::Reboot:
    case isb::IncidentKind::Rebind:
    case isb::IncidentKind::Fill:
    case isb::IncidentKind::Drain:
        break; // of NATs: LabInstaller has them
    }
}

void
LabPrograms::CrashHost(size_t host, bool crash)
{
    Ptr<MachineApplication> any;
    const auto visit = [&](auto& parts, size_t where)
    {
        if (where != host)
        {
            return;
        }
        if (crash)
        {
            CountLife(parts);
        }
        else
        {
            parts.counted = false;
        }
        any = parts.program;
    };
    for (size_t i = 0; i < m_brokers.size(); ++i)
    {
        visit(m_brokers[i], m_lab.brokers[i].host);
    }
    for (TranslatorParts& translator : m_translators)
    {
        visit(translator, translator.host);
    }
    for (size_t i = 0; i < m_users.size(); ++i)
    {
        visit(m_users[i], m_lab.users[i].host);
    }
    // The whole host, whichever of its programs is asked.
    if (any && crash)
    {
        any->Crash();
    }
    else if (any)
    {
        any->Restart();
    }
}

void
LabPrograms::LogUser(size_t user, bool in)
{
    UserParts& parts = m_users[user];
    if (in)
    {
        parts.counted = false;
        parts.program->Login();
        return;
    }
    CountLife(parts);
    parts.program->Logout();
}

void
LabPrograms::OfferService(size_t user, const isb::Incident& incident)
{
    const Ptr<UserDaemonApplication> program = m_users[user].program;
    if (incident.kind == isb::IncidentKind::Withdraw)
    {
        program->Withdraw(incident.service);
        return;
    }
    for (const isb::ProvidedService& service : m_lab.users[user].settings.provides)
    {
        if (service.record.name == incident.service)
        {
            program->Announce(service);
        }
    }
}

} // namespace ns3
