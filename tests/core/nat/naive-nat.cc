// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/nat/naive-nat.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace isb::test
{

namespace
{

bool
IsSame(NatBehaviour behaviour, Endpoint a, Endpoint b)
{
    return behaviour == NatBehaviour::EndpointIndependent ||
           (a.address == b.address &&
            (behaviour == NatBehaviour::AddressDependent || a.port == b.port));
}

} // namespace

bool
NaiveNat::IsAlive(const Kept& kept, TimePoint now) const
{
    return now < kept.when + m_settings.timers.udp;
}

std::optional<Endpoint>
NaiveNat::ExpectedExternal(TimePoint now, Endpoint internal, Endpoint remote) const
{
    for (const Kept& kept : m_kept)
    {
        if (IsAlive(kept, now) && kept.internal == internal &&
            IsSame(m_settings.udp.mapping, kept.remote, remote))
        {
            return kept.external;
        }
    }
    return std::nullopt;
}

bool
NaiveNat::Admits(const Kept& kept, TimePoint now, Endpoint remote, Endpoint external) const
{
    return IsAlive(kept, now) && kept.external == external &&
           IsSame(m_settings.udp.filtering, kept.permitted, remote);
}

std::optional<Endpoint>
NaiveNat::ExpectedInternal(TimePoint now, Endpoint remote, Endpoint external) const
{
    for (const Kept& kept : m_kept)
    {
        if (Admits(kept, now, remote, external))
        {
            return kept.internal;
        }
    }
    return std::nullopt;
}

void
NaiveNat::Send(TimePoint now, Endpoint internal, Endpoint external, Endpoint remote)
{
    if (!ExpectedExternal(now, internal, remote))
    {
        m_last = external;
    }
    m_kept.push_back({now, internal, external, remote, remote});
}

void
NaiveNat::Receive(TimePoint now, Endpoint remote, Endpoint external)
{
    if (m_settings.udp.refresh == NatRefresh::Outbound)
    {
        return;
    }
    for (const Kept& kept : m_kept)
    {
        if (Admits(kept, now, remote, external))
        {
            Kept again = kept;
            again.when = now;
            m_kept.push_back(again);
            return;
        }
    }
}

bool
NaiveNat::IsTaken(TimePoint now, Endpoint external) const
{
    return std::any_of(m_kept.begin(),
                       m_kept.end(),
                       [&](const Kept& kept)
                       { return IsAlive(kept, now) && kept.external == external; });
}

/// Overloading shares a port between mappings for different remotes.
bool
NaiveNat::IsFree(TimePoint now, Endpoint external, Endpoint remote) const
{
    const bool shares = m_settings.udp.assignment == NatPortAssignment::Overloading;
    return std::none_of(m_kept.begin(),
                        m_kept.end(),
                        [&](const Kept& kept)
                        {
                            return IsAlive(kept, now) && kept.external == external &&
                                   (!shares || IsSame(m_settings.udp.mapping, kept.remote, remote));
                        });
}

bool
NaiveNat::IsFit(Endpoint internal, uint16_t port) const
{
    return port >= m_settings.firstPort && port <= m_settings.lastPort &&
           (!m_settings.udp.parity || port % 2 == internal.port % 2);
}

size_t
NaiveNat::CountMappings(TimePoint now, std::optional<Ipv4> host) const
{
    std::set<std::tuple<Endpoint, Endpoint, Endpoint>> mappings;
    for (const Kept& kept : m_kept)
    {
        if (IsAlive(kept, now) && (!host || kept.internal.address == *host))
        {
            Endpoint part = kept.remote;
            part.port = IsSame(m_settings.udp.mapping, part, {part.address, 0}) ? 0 : part.port;
            part = m_settings.udp.mapping == NatBehaviour::EndpointIndependent ? Endpoint{} : part;
            mappings.insert({kept.internal, kept.external, part});
        }
    }
    return mappings.size();
}

std::optional<Ipv4>
NaiveNat::AddressOf(TimePoint now, Ipv4 host) const
{
    for (const Kept& kept : m_kept)
    {
        if (IsAlive(kept, now) && kept.internal.address == host)
        {
            return kept.external.address;
        }
    }
    return std::nullopt;
}

std::vector<Ipv4>
NaiveNat::Externals() const
{
    std::vector<Ipv4> all = {m_external};
    all.insert(all.end(), m_settings.furtherExternals.begin(), m_settings.furtherExternals.end());
    return all;
}

/// `step` after the port assigned last, or the next free one.
uint16_t
NaiveNat::AfterLast(TimePoint now, Endpoint remote) const
{
    const int size = m_settings.lastPort - m_settings.firstPort + 1;
    int offset = (m_last->port - m_settings.firstPort + m_settings.udp.step) % size;
    for (int tries = 0; tries < size; ++tries)
    {
        const auto port = static_cast<uint16_t>(m_settings.firstPort + offset);
        if (IsFree(now, {m_last->address, port}, remote))
        {
            return port;
        }
        offset = (offset + 1) % size;
    }
    return 0;
}

std::string
NaiveNat::FaultOfNew(TimePoint now, Endpoint internal, Endpoint external, Endpoint remote) const
{
    const std::vector<Ipv4> externals = Externals();
    const NatPortAssignment assignment = m_settings.udp.assignment;
    const std::optional<Ipv4> paired = AddressOf(now, internal.address);
    const Endpoint preserved{external.address, internal.port};
    if (std::find(externals.begin(), externals.end(), external.address) == externals.end())
    {
        return "not an external address";
    }
    if (!IsFit(internal, external.port))
    {
        return "a port outside the pool or of the wrong parity";
    }
    if (!IsFree(now, external, remote))
    {
        return "a port that somebody has";
    }
    if (m_settings.pooling == NatPooling::Paired && paired && *paired != external.address)
    {
        return "not the host's external address";
    }
    if ((assignment == NatPortAssignment::Preserving ||
         assignment == NatPortAssignment::Overloading) &&
        IsFit(internal, internal.port) && IsFree(now, preserved, remote) &&
        external.port != internal.port)
    {
        return "a port that could have been preserved";
    }
    if (assignment == NatPortAssignment::Sequential && externals.size() == 1 && m_last &&
        m_last->address == external.address && !m_settings.udp.parity &&
        external.port != AfterLast(now, remote))
    {
        return "out of sequence";
    }
    const NatLimits& limits = m_settings.limits;
    if (CountMappings(now, std::nullopt) >= limits.mappings ||
        (limits.mappingsPerSubscriber != 0 &&
         CountMappings(now, internal.address) >= limits.mappingsPerSubscriber))
    {
        return "beyond a limit";
    }
    return "";
}

std::string
NaiveNat::FaultOfRefusal(TimePoint now, Endpoint internal, const std::string& reason) const
{
    const NatLimits& limits = m_settings.limits;
    if (reason == "nat.table-full")
    {
        return CountMappings(now, std::nullopt) >= limits.mappings ? "" : "the table has room";
    }
    if (reason == "nat.subscriber-limit")
    {
        return CountMappings(now, internal.address) >= limits.mappingsPerSubscriber
                   ? ""
                   : "the subscriber has room";
    }
    if (reason != "nat.pool-exhausted")
    {
        return "a reason that does not apply";
    }
    const std::optional<Ipv4> paired = AddressOf(now, internal.address);
    for (const Ipv4 address : Externals())
    {
        const bool mayUse =
            m_settings.pooling == NatPooling::Arbitrary || !paired || *paired == address;
        for (int port = m_settings.firstPort; mayUse && port <= m_settings.lastPort; ++port)
        {
            const Endpoint external{address, static_cast<uint16_t>(port)};
            if (IsFit(internal, external.port) && !IsTaken(now, external))
            {
                return external.ToString() + " is free";
            }
        }
    }
    return "";
}

void
NaiveNat::Reboot(Ipv4 external)
{
    m_kept.clear();
    m_last.reset();
    m_external = external;
}

void
NaiveNat::Move(Endpoint internal, Endpoint remote, Endpoint external)
{
    for (Kept& kept : m_kept)
    {
        if (kept.internal == internal && IsSame(m_settings.udp.mapping, kept.remote, remote))
        {
            kept.external = external;
        }
    }
    m_last.reset(); // which of them was the last to move is not known
}

void
NaiveNat::End(Endpoint internal, Endpoint remote)
{
    const auto isOf = [&](const Kept& kept)
    { return kept.internal == internal && IsSame(m_settings.udp.mapping, kept.remote, remote); };
    m_kept.erase(std::remove_if(m_kept.begin(), m_kept.end(), isOf), m_kept.end());
}

void
NaiveNat::Forget(TimePoint now)
{
    const auto dead = [&](const Kept& kept) { return !IsAlive(kept, now); };
    m_kept.erase(std::remove_if(m_kept.begin(), m_kept.end(), dead), m_kept.end());
}

} // namespace isb::test
