// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

#include <algorithm>
#include <set>

namespace isb
{

namespace
{

const std::vector<std::string_view> KINDS{"crash",
                                          "restart",
                                          "logout",
                                          "login",
                                          "withdraw",
                                          "announce",
                                          "reboot",
                                          "rebind",
                                          "fill",
                                          "drain"};

struct IncidentDraft
{
    Incident incident;
    size_t line = 1;
};

/// Who can crash, or log out.
std::vector<std::string_view>
ActorNames(const LabDraft& draft, bool usersOnly)
{
    std::vector<std::string_view> names;
    for (const auto& [name, index] : draft.world.userNames)
    {
        names.push_back(name);
    }
    if (!usersOnly)
    {
        for (const LabBroker& broker : draft.lab.brokers)
        {
            names.push_back(broker.settings.name);
        }
        for (const LabTranslator& translator : draft.lab.translators)
        {
            names.push_back(translator.settings.name);
        }
    }
    return names;
}

std::optional<size_t>
HostOf(const LabDraft& draft, const std::string& name)
{
    const Lab& lab = draft.lab;
    const auto user = draft.world.userNames.find(name);
    if (user != draft.world.userNames.end())
    {
        return lab.users[user->second].host;
    }
    for (const LabBroker& broker : lab.brokers)
    {
        if (broker.settings.name == name)
        {
            return broker.host;
        }
    }
    for (const LabTranslator& translator : lab.translators)
    {
        if (translator.settings.name == name)
        {
            return translator.host;
        }
    }
    return std::nullopt;
}

/// A host can crash under the name of whoever has it for his own.
void
CheckOwnHost(LabDraft& draft, TableReader& reader, LabKey key, const std::string& name)
{
    const auto host = HostOf(draft, name);
    if (host && draft.lab.hosts[*host].name != name)
    {
        reader.Fault(key,
                     ": " + Quoted(name) + " has no host of its own, it runs on " +
                         Quoted(draft.lab.hosts[*host].name) +
                         "; crash the one that the host is named after");
    }
}

void
ReadActor(LabDraft& draft, TableReader& reader, LabKey key, Incident& incident)
{
    const auto name = reader.Text(key, Need::Required);
    if (!name)
    {
        return;
    }
    const bool users =
        incident.kind == IncidentKind::Logout || incident.kind == IncidentKind::Login;
    const std::vector<std::string_view> names = ActorNames(draft, users);
    if (std::find(names.begin(), names.end(), *name) == names.end())
    {
        if (draft.world.usersComplete && draft.nodesComplete)
        {
            reader.Fault(key,
                         ": there is no " +
                             std::string(users ? "user " : "user, broker or translator ") +
                             Quoted(*name) + "; " + SuggestWord(*name, names));
        }
        return;
    }
    if (!users)
    {
        CheckOwnHost(draft, reader, key, *name);
    }
    incident.who = *name;
}

void
ReadOffer(LabDraft& draft, TableReader& reader, LabKey key, Incident& incident)
{
    const auto text = reader.Text(key, Need::Required);
    const auto parts = text ? ReadServiceName(reader, key, *text) : std::nullopt;
    if (!parts)
    {
        return;
    }
    const auto user = draft.world.userNames.find(parts->first);
    if (user == draft.world.userNames.end())
    {
        FaultNoUser(draft, reader, key, parts->first);
        return;
    }
    const LabUser& provider = draft.lab.users[user->second];
    if (!FindService(provider, parts->second))
    {
        if (draft.world.usersComplete)
        {
            std::vector<std::string_view> names;
            for (const ProvidedService& each : provider.settings.provides)
            {
                names.push_back(each.record.name);
            }
            reader.Fault(key,
                         ": " + Quoted(parts->first) + " has no [[service]] " +
                             Quoted(parts->second) + "; " + SuggestWord(parts->second, names));
        }
        return;
    }
    incident.who = parts->first;
    incident.service = parts->second;
}

/// The boxes that translate: sites' and those wired by hand.
std::vector<std::string_view>
NatNames(const LabDraft& draft)
{
    std::vector<std::string_view> names;
    for (const auto& [name, index] : draft.world.siteNames)
    {
        if (draft.world.sites[index].nat)
        {
            names.push_back(name);
        }
    }
    for (const Box& box : draft.lab.boxes)
    {
        if (box.role == BoxRole::Nat)
        {
            names.push_back(box.name);
        }
    }
    return names;
}

void
ReadNatName(LabDraft& draft, TableReader& reader, LabKey key, Incident& incident)
{
    const auto name = reader.Text(key, Need::Required);
    if (!name)
    {
        return;
    }
    const std::vector<std::string_view> names = NatNames(draft);
    if (std::find(names.begin(), names.end(), *name) == names.end())
    {
        if (draft.nodesComplete)
        {
            reader.Fault(key,
                         ": there is no NAT " + Quoted(*name) +
                             (names.empty() ? std::string("; give a [[site]] a nat")
                                            : "; " + SuggestWord(*name, names)));
        }
        return;
    }
    incident.who = *name;
}

void
ReadIncident(LabDraft& draft, const toml::table& table, std::vector<IncidentDraft>& incidents)
{
    TableReader reader(table, "[[incident]]", draft.faults);
    Incident incident;
    const LabKey atKey{"at", "\"3 s\""};
    const auto at = reader.Time(atKey, Need::Required);
    incident.at = at.value_or(TimePoint(0));
    if (at && *at >= draft.lab.duration && draft.lab.duration.count() != 0)
    {
        reader.Fault(atKey,
                     " lies after the end of the run; nearest valid: before \"" +
                         FormatDuration(draft.lab.duration) + "\", the duration");
    }
    size_t given = 0;
    for (size_t i = 0; i < KINDS.size(); ++i)
    {
        const auto kind = static_cast<IncidentKind>(i);
        const bool nat = kind >= IncidentKind::Reboot;
        const bool offer = !nat && kind >= IncidentKind::Withdraw;
        const LabKey key{KINDS[i], nat ? "\"ann-home\"" : offer ? "\"bob/web\"" : "\"ist\""};
        if (!reader.Has(key.name))
        {
            (void)reader.Text(key, Need::Optional);
            continue;
        }
        ++given;
        incident.kind = kind;
        (nat ? ReadNatName : offer ? ReadOffer : ReadActor)(draft, reader, key, incident);
    }
    reader.Finish();
    if (given != 1)
    {
        draft.faults.Add(reader.Line(),
                         "[[incident]] says " + std::string(given == 0 ? "nothing" : "too much") +
                             ": write one of crash, restart, logout, login, withdraw, announce, "
                             "reboot, rebind, fill, drain");
        return;
    }
    if (at && !incident.who.empty())
    {
        incidents.push_back({incident, reader.Line()});
    }
}

/// Follows who is there; every incident must make a difference.
class IncidentOrder
{
  public:
    /// Why this one makes no sense now; empty when it does.
    std::string
    Follow(const Incident& incident)
    {
        const std::string& who = incident.who;
        const std::string offer = who + "/" + incident.service;
        const bool up = m_crashed.count(who) == 0;
        const bool here = up && m_away.count(who) == 0;
        switch (incident.kind)
        {
        case IncidentKind::Crash:
            m_crashed.insert(who);
            return up ? "" : "has crashed already; restart it first";
        case IncidentKind::Restart:
            Return(who);
            return up ? "has not crashed before" : "";
        case IncidentKind::Logout:
            m_away.insert(who);
            return here ? "" : "is not there; restart it or let it log in first";
        case IncidentKind::Login:
        {
            const bool away = up && !here;
            Return(who);
            return away ? "" : "has not logged out before";
        }
        case IncidentKind::Withdraw:
            return here && m_withdrawn.insert(offer).second ? ""
                                                            : "does not offer the service then";
        case IncidentKind::Announce:
            return here && m_withdrawn.erase(offer) != 0 ? ""
                                                         : "has not withdrawn the service before";
        case IncidentKind::Reboot:
        case IncidentKind::Rebind:
            return "";
        case IncidentKind::Fill:
            return m_full.insert(who).second ? "" : "is full already; drain it first";
        case IncidentKind::Drain:
            return m_full.erase(who) != 0 ? "" : "has not been filled before";
        }
        return "";
    }

  private:
    /// Programs that start anew offer all their services.
    void
    Return(const std::string& who)
    {
        m_crashed.erase(who);
        m_away.erase(who);
        const std::string first = who + "/";
        auto offer = m_withdrawn.lower_bound(first);
        while (offer != m_withdrawn.end() && offer->rfind(first, 0) == 0)
        {
            offer = m_withdrawn.erase(offer);
        }
    }

    std::set<std::string> m_crashed;
    std::set<std::string> m_away;
    std::set<std::string> m_withdrawn;
    std::set<std::string> m_full;
};

} // namespace

void
ReadIncidents(LabDraft& draft, TableReader& root)
{
    std::vector<IncidentDraft> incidents;
    root.EachTable("incident",
                   [&](const toml::table& table) { ReadIncident(draft, table, incidents); });
    std::stable_sort(incidents.begin(),
                     incidents.end(),
                     [](const IncidentDraft& a, const IncidentDraft& b)
                     { return a.incident.at < b.incident.at; });
    IncidentOrder order;
    for (const IncidentDraft& each : incidents)
    {
        const std::string why = order.Follow(each.incident);
        if (!why.empty())
        {
            draft.faults.Add(each.line,
                             "'" + std::string(ToString(each.incident.kind)) +
                                 "' in [[incident]]: " + Quoted(each.incident.who) + " " + why);
        }
        draft.lab.incidents.push_back(each.incident);
    }
}

} // namespace isb
