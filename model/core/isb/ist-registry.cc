// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/ist-registry.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

std::optional<Duration>
RoundTrip(const BrokerSession& user, const std::string& ist)
{
    const auto place = user.nearness.find(ist);
    return place == user.nearness.end() ? std::nullopt : std::optional(place->second);
}

bool
IsAvoided(const BrokerSession& user, const std::string& ist, TimePoint now)
{
    const auto place = user.avoided.find(ist);
    return place != user.avoided.end() && place->second > now;
}

bool
CanCarry(const IstRecord& ist, ForwardingMethod method)
{
    const auto& methods = ist.profile.methods;
    return ist.online && std::find(methods.begin(), methods.end(), method) != methods.end();
}

uint64_t
SplicesOf(const IstRecord& ist)
{
    // Its own count lags by a report; the broker's misses what it ordered in an earlier life.
    return std::max(ist.assigned, ist.reported);
}

/// Where the list says that it is; port 0: it is not in the list.
Endpoint
ListedAt(const IstRecord& ist)
{
    return ist.online && ist.profile.pingPort != 0
               ? Endpoint{ist.profile.address, ist.profile.pingPort}
               : Endpoint{};
}

std::string
Describe(const IstCandidate& chosen, size_t candidates)
{
    std::string text = "candidates=" + std::to_string(candidates) +
                       " splices=" + std::to_string(chosen.splices) + "/" +
                       std::to_string(chosen.capacity);
    if (chosen.distance)
    {
        using std::chrono::microseconds;
        text += " distance=" +
                FormatDuration(std::chrono::duration_cast<microseconds>(*chosen.distance));
    }
    return text;
}

} // namespace

IstRegistry::IstRegistry(BrokerDesk& desk)
    : m_desk(desk)
{
}

void
IstRegistry::Register(const BrokerSession& session)
{
    IstProfile profile = session.login.ist;
    if (profile.address.value == 0)
    {
        profile.address = session.observed.address;
    }
    IstRecord& ist = Enter(session, std::move(profile), {});
    // From the broker's own host, what comes would be from the address that the user is connected
    // to, which proves nothing.
    const Ipv4 seen = session.observed.address;
    ist.prober =
        session.login.abilities.natTest && seen.value >> 24 != 127 && seen != session.local.address;
    ist.volunteer.reset();
}

void
IstRegistry::RegisterVolunteer(const BrokerSession& session)
{
    IstProfile profile;
    profile.methods = {ForwardingMethod::Proxy};
    profile.address = session.observed.address;
    profile.capacity = session.volunteer.connections;
    Enter(session, std::move(profile), "isb.volunteer").volunteer = session.volunteer;
}

void
IstRegistry::UpdateVolunteer(const BrokerSession& session)
{
    const auto place = m_ists.find(session.Name());
    if (place != m_ists.end() && place->second.volunteer)
    {
        place->second.volunteer = session.volunteer;
    }
}

IstRecord&
IstRegistry::Enter(const BrokerSession& session, IstProfile profile, std::string_view reason)
{
    const std::string& name = session.Name();
    auto place = m_ists.find(name);
    std::string_view from = "";
    if (place != m_ists.end())
    {
        from = "lost";
        reason = "isb.returned";
        if (place->second.bootId != session.login.bootId)
        {
            reason = "isb.restarted";
            m_gone.push_back(name);
            place->second.reported = 0;
        }
    }
    else
    {
        place = m_ists.emplace(name, IstRecord{}).first;
        place->second.number = ++m_lastNumber;
        m_byNumber.emplace(m_lastNumber, name);
    }
    IstRecord& ist = place->second;
    const Endpoint listed = ListedAt(ist);
    m_deadlines.Schedule(ist.number, ist.entered, TIME_NEVER);
    ist.profile = std::move(profile);
    ist.bootId = session.login.bootId;
    ist.online = true;
    m_version += ListedAt(ist) == listed ? 0 : 1;
    Emit(name, from, "registered", reason);
    return ist;
}

void
IstRegistry::Lost(const std::string& name, IsbCode code)
{
    const auto place = m_ists.find(name);
    if (place == m_ists.end())
    {
        return;
    }
    m_version += ListedAt(place->second).port == 0 ? 0 : 1;
    if (code == IsbCode::LoggedOut)
    {
        Emit(name, "registered", "gone", ReasonOf(code));
        Remove(name);
        return;
    }
    IstRecord& ist = place->second;
    ist.online = false;
    m_deadlines.Schedule(ist.number, ist.entered, m_desk.now + m_desk.settings.istGrace);
    Emit(name, "registered", "lost", ReasonOf(code));
}

void
IstRegistry::Load(const std::string& name, const LoadMessage& message)
{
    const auto place = m_ists.find(name);
    if (place != m_ists.end())
    {
        place->second.reported = message.splices;
    }
}

void
IstRegistry::Suspect(const std::string& name)
{
    const auto place = m_ists.find(name);
    if (place != m_ists.end())
    {
        place->second.suspected = m_desk.now + SUSPICION;
        Emit(name, "registered", "suspected", "isb.ist-timed-out");
    }
}

void
IstRegistry::Assign(const std::string& name)
{
    ++m_ists.at(name).assigned;
}

void
IstRegistry::Release(const std::string& name)
{
    const auto place = m_ists.find(name);
    if (place != m_ists.end() && place->second.assigned > 0)
    {
        --place->second.assigned;
    }
}

IstRegistry::Choice
IstRegistry::Choose(ForwardingMethod method,
                    const BrokerSession& subscriber,
                    const BrokerSession& provider,
                    const std::set<std::string>& refused) const
{
    std::vector<IstCandidate> candidates;
    bool full = false;
    for (const auto& [name, ist] : m_ists)
    {
        if (ist.volunteer || !CanCarry(ist, method) || refused.count(name) != 0)
        {
            continue;
        }
        if (SplicesOf(ist) >= ist.profile.capacity)
        {
            full = true;
            continue;
        }
        candidates.push_back(Candidate(name, ist, subscriber, provider));
    }
    return ChooseAmong(candidates, full);
}

IstRegistry::Choice
IstRegistry::ChooseVolunteer(Protocol protocol,
                             const BrokerSession& subscriber,
                             const BrokerSession& provider,
                             const std::set<std::string>& refused) const
{
    std::vector<IstCandidate> candidates;
    bool full = false;
    for (const auto& [name, ist] : m_ists)
    {
        const bool reachable =
            ist.volunteer && ist.online &&
            (protocol == Protocol::Tcp ? ist.volunteer->tcp : ist.volunteer->udp);
        const bool near = ist.profile.address == subscriber.observed.address ||
                          ist.profile.address == provider.observed.address;
        if (!reachable || near || refused.count(name) != 0)
        {
            continue;
        }
        if (SplicesOf(ist) >= ist.profile.capacity)
        {
            full = true;
            continue;
        }
        candidates.push_back(Candidate(name, ist, subscriber, provider));
    }
    return ChooseAmong(candidates, full);
}

IstCandidate
IstRegistry::Candidate(const std::string& name,
                       const IstRecord& ist,
                       const BrokerSession& subscriber,
                       const BrokerSession& provider) const
{
    const std::optional<Duration> toSubscriber = RoundTrip(subscriber, name);
    const std::optional<Duration> toProvider = RoundTrip(provider, name);
    std::optional<Duration> distance;
    if (toSubscriber && toProvider)
    {
        distance = *toSubscriber + *toProvider;
    }
    return {name,
            distance,
            SplicesOf(ist),
            ist.profile.capacity,
            ist.suspected > m_desk.now || IsAvoided(subscriber, name, m_desk.now)};
}

IstRegistry::Choice
IstRegistry::ChooseAmong(const std::vector<IstCandidate>& candidates, bool full) const
{
    const std::optional<IstChoice> choice =
        ChooseIst(candidates, m_desk.settings.nearShare, m_desk.settings.nearMargin);
    if (!choice)
    {
        return {{}, {}, full ? IsbCode::Overloaded : IsbCode::NoIst, {}};
    }
    const IstCandidate& chosen = candidates[choice->index];
    return {chosen.name, choice->reason, IsbCode::None, Describe(chosen, candidates.size())};
}

bool
IstRegistry::IsVolunteer(const std::string& name) const
{
    const IstRecord* ist = Find(name);
    return ist != nullptr && ist->volunteer;
}

const std::string*
IstRegistry::FindProber(Ipv4 other) const
{
    for (const auto& [name, ist] : m_ists)
    {
        if (ist.prober && ist.online && ist.profile.address != other)
        {
            return &name;
        }
    }
    return nullptr;
}

const IstRecord*
IstRegistry::Find(const std::string& name) const
{
    const auto place = m_ists.find(name);
    return place == m_ists.end() ? nullptr : &place->second;
}

IstListMessage
IstRegistry::List() const
{
    IstListMessage list;
    for (const auto& [name, ist] : m_ists)
    {
        const Endpoint at = ListedAt(ist);
        if (at.port == 0)
        {
            continue;
        }
        if (list.entries.size() == ISB_IST_LIST_LIMIT)
        {
            break;
        }
        list.entries.push_back({name, at});
    }
    return list;
}

uint64_t
IstRegistry::Version() const
{
    return m_version;
}

std::optional<std::string>
IstRegistry::TakeGone()
{
    if (m_gone.empty())
    {
        return std::nullopt;
    }
    std::string name = std::move(m_gone.front());
    m_gone.pop_front();
    return name;
}

void
IstRegistry::Clear()
{
    for (auto& [name, ist] : m_ists)
    {
        m_deadlines.Schedule(ist.number, ist.entered, TIME_NEVER);
    }
    m_ists.clear();
    m_byNumber.clear();
    m_gone.clear();
}

TimePoint
IstRegistry::NextTimeout() const
{
    return m_deadlines.Next();
}

void
IstRegistry::Timeout()
{
    while (const std::optional<uint64_t> number = m_deadlines.PopDue(m_desk.now))
    {
        const std::string name = m_byNumber.at(*number);
        m_ists.at(name).entered = TIME_NEVER;
        Emit(name, "lost", "gone", ReasonOf(IsbCode::TimedOut));
        Remove(name);
    }
}

size_t
IstRegistry::Size() const
{
    return m_ists.size();
}

void
IstRegistry::Remove(const std::string& name)
{
    const auto place = m_ists.find(name);
    m_deadlines.Schedule(place->second.number, place->second.entered, TIME_NEVER);
    m_byNumber.erase(place->second.number);
    m_ists.erase(place);
    m_gone.push_back(name);
}

void
IstRegistry::Emit(const std::string& name,
                  std::string_view from,
                  std::string_view to,
                  std::string_view reason)
{
    TraceEvent event = m_desk.Event(TraceKind::IstState);
    event.ist = name;
    event.user = name;
    event.from = from;
    event.to = to;
    event.reason = reason;
    m_desk.Emit(event);
}

} // namespace isb
