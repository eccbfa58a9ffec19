// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/world/world-network.h"

#include "model/wire/packet-builder.h"

#include <algorithm>

namespace isb::test
{

namespace
{

constexpr size_t WINDOW = 65536;
constexpr Duration LOOPBACK = std::chrono::microseconds(10);
constexpr Duration SITE = std::chrono::microseconds(200);
constexpr Duration CONNECT_TIMEOUT = std::chrono::seconds(21); ///< Windows XP's, thesis 5.2
constexpr Duration LOST_TIMEOUT = std::chrono::seconds(120);   ///< a peer that went dark

bool
IsLoopback(Ipv4 address)
{
    return address.value >> 24 == 127;
}

bool
Overlap(const Endpoint& a, const Endpoint& b)
{
    return a.port == b.port &&
           (a.address == b.address || a.address == Ipv4{} || b.address == Ipv4{});
}

} // namespace

WorldNetwork::WorldNetwork(WorldClock& clock, Rng& random)
    : m_clock(clock),
      m_random(random)
{
}

HostId
WorldNetwork::AddHost(NetHost host)
{
    m_hosts.push_back(std::move(host));
    return m_hosts.size() - 1;
}

NetHost&
WorldNetwork::Host(HostId host)
{
    return m_hosts.at(host);
}

NetId
WorldNetwork::NewId()
{
    return ++m_lastId;
}

WorldNetwork::Route
WorldNetwork::Find(HostId from, Ipv4 to) const
{
    const NetHost& source = m_hosts[from];
    if (IsLoopback(to) || to == source.address)
    {
        return {from, LOOPBACK, true};
    }
    for (HostId id = 0; id < m_hosts.size(); ++id)
    {
        const NetHost& host = m_hosts[id];
        if (host.address == to && !host.site.empty() && host.site == source.site)
        {
            return {id, SITE, true};
        }
        if (host.address == to && host.outside == Ipv4{})
        {
            return {id, source.delay + host.delay, false};
        }
    }
    return {std::nullopt, source.delay, false};
}

Endpoint
WorldNetwork::SeenAs(HostId host, Protocol protocol, Endpoint local, bool inside)
{
    const NetHost& source = m_hosts[host];
    if (inside || source.outside == Ipv4{})
    {
        return local;
    }
    const auto [known, isNew] = m_mappings.try_emplace({host, {protocol, local}});
    if (isNew)
    {
        Endpoint outside{source.outside, local.port};
        while (!source.keepsPorts || m_mapped.count({protocol, outside}) != 0)
        {
            outside.port = --m_lastMapped;
            if (m_mapped.count({protocol, outside}) == 0)
            {
                break;
            }
        }
        known->second = outside;
        m_mapped[{protocol, outside}] = {host, local};
    }
    return known->second;
}

bool
WorldNetwork::IsTaken(HostId host, Protocol protocol, const Endpoint& local) const
{
    const auto isIn = [&](const auto& sockets)
    {
        return std::any_of(sockets.begin(),
                           sockets.end(),
                           [&](const auto& entry) {
                               return entry.second.host == host &&
                                      Overlap(entry.second.local, local);
                           });
    };
    return protocol == Protocol::Tcp ? isIn(m_listeners) : isIn(m_udp);
}

std::optional<Endpoint>
WorldNetwork::Bind(HostId host, Protocol protocol, Endpoint local)
{
    if (local.port != 0)
    {
        return IsTaken(host, protocol, local) ? std::nullopt : std::optional(local);
    }
    do
    {
        m_lastPort = m_lastPort == 59'999 ? 49'152 : static_cast<uint16_t>(m_lastPort + 1);
        local.port = m_lastPort;
    } while (IsTaken(host, protocol, local));
    return local;
}

std::optional<std::pair<NetId, Endpoint>>
WorldNetwork::Listen(HostId host, NetUser& user, Endpoint local, bool holds)
{
    const auto bound = Bind(host, Protocol::Tcp, local);
    if (!bound)
    {
        return std::nullopt;
    }
    const NetId id = NewId();
    m_listeners[id] = {host, &user, *bound, holds};
    return std::pair(id, *bound);
}

NetId
WorldNetwork::ListenerAt(HostId host, Endpoint to) const
{
    for (const auto& [id, listener] : m_listeners)
    {
        if (listener.host == host && Overlap(listener.local, to))
        {
            return id;
        }
    }
    return 0;
}

NetId
WorldNetwork::Connect(HostId host, NetUser& user, Endpoint from, Endpoint to)
{
    const NetId id = NewId();
    const Route route = Find(host, to.address);
    if (from.address == Ipv4{})
    {
        from.address = IsLoopback(to.address) ? to.address : m_hosts[host].address;
    }
    if (from.port == 0)
    {
        from = Bind(host, Protocol::Tcp, from).value();
    }
    End& end = m_ends[id];
    end.host = host;
    end.user = &user;
    end.local = from;
    end.remote = to;
    const bool same = std::any_of(m_ends.begin(),
                                  m_ends.end(),
                                  [&](const auto& entry)
                                  {
                                      return entry.first != id && entry.second.host == host &&
                                             entry.second.local == from &&
                                             entry.second.remote == to;
                                  });
    if (same)
    {
        FailLater(id, LOOPBACK, "address already in use");
        return id;
    }
    if (IsGated(host, to.address))
    {
        ConnectByPackets(id);
        return id;
    }
    const bool reachable =
        route.to && m_hosts[*route.to].up && (route.inside || !m_hosts[*route.to].firewall);
    if (!reachable)
    {
        FailLater(id, CONNECT_TIMEOUT, "timed out");
        return id;
    }
    end.latency = route.latency;
    const Endpoint seen = SeenAs(host, Protocol::Tcp, from, route.inside);
    m_clock.After(route.latency,
                  [this, id, at = *route.to, to, seen] { ArriveSyn(id, at, to, seen); });
    return id;
}

void
WorldNetwork::ArriveSyn(NetId end, HostId at, Endpoint to, Endpoint seen)
{
    const auto found = m_ends.find(end);
    if (found == m_ends.end())
    {
        return;
    }
    const NetId where = ListenerAt(at, to);
    if (!m_hosts[at].up)
    {
        FailLater(end, CONNECT_TIMEOUT, "timed out");
        return;
    }
    if (where == 0)
    {
        FailLater(end, found->second.latency, "connection refused");
        return;
    }
    const Listener listener = m_listeners[where];
    if (listener.holds)
    {
        const NetId syn = NewId();
        m_held[syn] = {end, at, listener.user};
        m_clock.After(CONNECT_TIMEOUT, [this, syn] { Refuse(syn); });
        listener.user->OnHeld(where, syn, seen);
        return;
    }
    const NetId accepted = NewId();
    End& other = m_ends[accepted];
    other.host = at;
    other.user = listener.user;
    other.local = to;
    other.remote = seen;
    TellConnected(end, found->second.latency);
    Join(end, accepted, found->second.latency);
    listener.user->OnAccepted(where, accepted, to, seen);
}

void
WorldNetwork::Join(NetId a, NetId b, Duration latency)
{
    for (const auto& [near, far] : {std::pair(a, b), std::pair(b, a)})
    {
        End& end = m_ends[near];
        end.partner = far;
        end.latency = latency;
    }
    Pump(a);
    Pump(b);
}

void
WorldNetwork::TellConnected(NetId end, Duration delay)
{
    m_clock.After(delay,
                  [this, end]
                  {
                      const auto found = m_ends.find(end);
                      if (found != m_ends.end() && found->second.user != nullptr)
                      {
                          found->second.user->OnConnected(end, found->second.local);
                      }
                  });
}

void
WorldNetwork::FailLater(NetId end, Duration delay, const char* why)
{
    m_clock.After(delay, [this, end, why] { ArriveReset(end, why); });
}

void
WorldNetwork::Send(NetId end, const std::vector<uint8_t>& bytes)
{
    const auto found = m_ends.find(end);
    if (found == m_ends.end() || found->second.finQueued)
    {
        return;
    }
    found->second.queue.insert(found->second.queue.end(), bytes.begin(), bytes.end());
    Pump(end);
}

void
WorldNetwork::Shutdown(NetId end)
{
    const auto found = m_ends.find(end);
    if (found != m_ends.end())
    {
        found->second.finQueued = true;
        Pump(end);
    }
}

void
WorldNetwork::Pump(NetId id)
{
    const auto found = m_ends.find(id);
    if (found == m_ends.end() || found->second.partner == 0)
    {
        return;
    }
    End& end = found->second;
    const auto partner = m_ends.find(end.partner);
    const size_t used =
        partner == m_ends.end() ? 0 : partner->second.inFlight + partner->second.buffer.size();
    const size_t count = std::min(end.queue.size(), WINDOW - std::min(WINDOW, used));
    if (count > 0)
    {
        const auto cut = end.queue.begin() + static_cast<std::ptrdiff_t>(count);
        std::vector<uint8_t> bytes(end.queue.begin(), cut);
        end.queue.erase(end.queue.begin(), cut);
        if (partner != m_ends.end())
        {
            partner->second.inFlight += count;
        }
        if (end.splice != 0)
        {
            m_splicedBytes[end.splice] += count;
        }
        m_clock.After(end.latency,
                      [this, to = end.partner, bytes = std::move(bytes)]() mutable
                      { Arrive(to, std::move(bytes)); });
        m_clock.After(Duration(0),
                      [this, id, count]
                      {
                          const auto again = m_ends.find(id);
                          if (again != m_ends.end() && again->second.user != nullptr)
                          {
                              again->second.user->OnSent(id, count);
                          }
                      });
    }
    if (end.queue.empty() && end.finQueued && !end.finSent)
    {
        end.finSent = true;
        m_clock.After(end.latency, [this, to = end.partner] { ArriveFin(to); });
        ForgetIfOver(id);
    }
}

void
WorldNetwork::Arrive(NetId id, std::vector<uint8_t> bytes)
{
    const auto found = m_ends.find(id);
    if (found == m_ends.end())
    {
        return;
    }
    End& end = found->second;
    end.inFlight -= bytes.size();
    if (end.user == nullptr) // closed: nobody will read it
    {
        ResetPartner(end);
        Forget(id);
        return;
    }
    end.buffer.insert(end.buffer.end(), bytes.begin(), bytes.end());
    end.user->OnReadable(id);
}

void
WorldNetwork::ArriveFin(NetId id)
{
    const auto found = m_ends.find(id);
    if (found == m_ends.end())
    {
        return;
    }
    found->second.finCame = true;
    if (found->second.user != nullptr)
    {
        found->second.user->OnReadable(id);
    }
    ForgetIfOver(id);
}

void
WorldNetwork::ArriveReset(NetId id, const char* why)
{
    const auto found = m_ends.find(id);
    if (found == m_ends.end())
    {
        return;
    }
    NetUser* user = found->second.user;
    Forget(id);
    if (user != nullptr)
    {
        user->OnFailed(id, why);
    }
}

void
WorldNetwork::ResetPartner(const End& end)
{
    // By packets the other end may stand already while this one waits for its last segment.
    if (const NetId other = end.partner != 0 ? end.partner : end.heard)
    {
        FailLater(other, end.latency, "connection reset");
    }
}

void
WorldNetwork::Forget(NetId id)
{
    const auto found = m_ends.find(id);
    if (found != m_ends.end())
    {
        m_splices.erase(found->second.splice);
        m_ends.erase(found);
    }
}

void
WorldNetwork::ForgetIfOver(NetId id)
{
    const auto found = m_ends.find(id);
    if (found != m_ends.end() && found->second.user == nullptr && found->second.finSent &&
        found->second.finCame)
    {
        Forget(id);
    }
}

void
WorldNetwork::Close(NetId id, bool reset)
{
    m_listeners.erase(id);
    m_udp.erase(id);
    const auto found = m_ends.find(id);
    if (found == m_ends.end())
    {
        return;
    }
    End& end = found->second;
    const bool unread = !end.buffer.empty();
    if (reset || end.partner == 0 || unread)
    {
        ResetPartner(end);
        Forget(id);
        return;
    }
    end.user = nullptr;
    end.finQueued = true;
    Pump(id);
    ForgetIfOver(id);
}

std::vector<uint8_t>
WorldNetwork::Take(NetId id, size_t most)
{
    const auto found = m_ends.find(id);
    if (found == m_ends.end())
    {
        return {};
    }
    auto& buffer = found->second.buffer;
    const auto cut = buffer.begin() + static_cast<std::ptrdiff_t>(std::min(most, buffer.size()));
    std::vector<uint8_t> bytes(buffer.begin(), cut);
    buffer.erase(buffer.begin(), cut);
    Pump(found->second.partner);
    return bytes;
}

bool
WorldNetwork::AtEnd(NetId id) const
{
    const auto found = m_ends.find(id);
    return found != m_ends.end() && found->second.finCame && found->second.buffer.empty();
}

size_t
WorldNetwork::Queued(NetId id) const
{
    const auto found = m_ends.find(id);
    return found == m_ends.end() ? 0 : found->second.queue.size();
}

uint64_t
WorldNetwork::Splice(NetId synA, NetId synB)
{
    const Held a = m_held[synA];
    const Held b = m_held[synB];
    m_held.erase(synA);
    m_held.erase(synB);
    const uint64_t splice = NewId();
    const bool alive = m_ends.count(a.end) != 0 && m_ends.count(b.end) != 0;
    if (!alive)
    {
        FailLater(a.end, LOOPBACK, "connection reset");
        FailLater(b.end, LOOPBACK, "connection reset");
        return splice;
    }
    m_splices[splice] = {a.end, b.end};
    m_splicedBytes[splice] = 0;
    const Duration latency = m_ends[a.end].latency + m_ends[b.end].latency;
    for (const NetId end : {a.end, b.end})
    {
        m_ends[end].splice = splice;
        TellConnected(end, m_ends[end].latency); // the SYN-ACK comes from the IST
    }
    Join(a.end, b.end, latency);
    return splice;
}

std::optional<uint64_t>
WorldNetwork::SplicedBytes(uint64_t splice) const
{
    return m_splices.count(splice) == 0 ? std::nullopt : std::optional(m_splicedBytes.at(splice));
}

void
WorldNetwork::EndSplice(uint64_t splice, bool silently)
{
    const auto found = m_splices.find(splice);
    if (found == m_splices.end())
    {
        return;
    }
    const auto [a, b] = found->second;
    for (const NetId end : {a, b})
    {
        FailLater(end,
                  silently ? LOST_TIMEOUT : m_ends[end].latency,
                  silently ? "timed out" : "connection reset");
        m_ends[end].partner = 0;
    }
    m_splices.erase(splice);
}

void
WorldNetwork::Refuse(NetId syn)
{
    const auto found = m_held.find(syn);
    if (found != m_held.end())
    {
        FailLater(found->second.end, LOOPBACK, "connection reset");
        m_held.erase(found);
    }
}

std::optional<std::pair<NetId, Endpoint>>
WorldNetwork::OpenUdp(HostId host, NetUser& user, Endpoint local)
{
    const auto bound = Bind(host, Protocol::Udp, local);
    if (!bound)
    {
        return std::nullopt;
    }
    const NetId id = NewId();
    m_udp[id] = {host, &user, *bound, {}};
    return std::pair(id, *bound);
}

void
WorldNetwork::SendTo(NetId socket, Endpoint to, const std::vector<uint8_t>& bytes)
{
    const auto found = m_udp.find(socket);
    if (found == m_udp.end())
    {
        return;
    }
    UdpSocket& from = found->second;
    Route route = Find(from.host, to.address);
    Endpoint local = from.local;
    if (local.address == Ipv4{})
    {
        local.address = IsLoopback(to.address) ? to.address : m_hosts[from.host].address;
    }
    if (IsGated(from.host, to.address))
    {
        SendPacket(from.host, BuildUdp(local, to, bytes));
        return;
    }
    const Endpoint seen = SeenAs(from.host, Protocol::Udp, local, route.inside);
    from.sentTo.insert(to);
    Endpoint target = to;
    const auto mapped = m_mapped.find({Protocol::Udp, to});
    if (!route.to && mapped != m_mapped.end())
    {
        route.to = mapped->second.first;
        route.latency += m_hosts[*route.to].delay;
        target = mapped->second.second;
    }
    if (!route.to ||
        (!route.inside && m_random.Below(1'000'000) < m_hosts[from.host].loss.partsPerMillion))
    {
        return;
    }
    m_clock.After(route.latency,
                  [this, at = *route.to, target, seen, bytes, in = route.inside] {
                      ArriveDatagram(at, in ? Endpoint{{}, target.port} : target, seen, bytes);
                  });
}

void
WorldNetwork::ArriveDatagram(HostId at, Endpoint to, Endpoint from, std::vector<uint8_t> bytes)
{
    const NetHost& host = m_hosts[at];
    for (auto& [id, socket] : m_udp)
    {
        if (!host.up || socket.host != at || !Overlap(socket.local, to))
        {
            continue;
        }
        const bool guarded = host.outside != Ipv4{} || host.firewall;
        if (to.address == Ipv4{} || !guarded || socket.sentTo.count(from) != 0)
        {
            socket.user->OnDatagram(id, from, bytes);
        }
        return;
    }
}

void
WorldNetwork::Kill(NetUser& user)
{
    std::vector<NetId> ends;
    for (const auto& [id, end] : m_ends)
    {
        if (end.user == &user)
        {
            ends.push_back(id);
        }
    }
    for (const NetId id : ends)
    {
        Close(id, true);
    }
    const auto drop = [&user](auto& sockets)
    {
        for (auto it = sockets.begin(); it != sockets.end();)
        {
            it = it->second.user == &user ? sockets.erase(it) : std::next(it);
        }
    };
    std::vector<NetId> held;
    for (const auto& [id, syn] : m_held)
    {
        if (syn.user == &user)
        {
            held.push_back(id);
        }
    }
    std::for_each(held.begin(), held.end(), [this](NetId id) { Refuse(id); });
    drop(m_listeners);
    drop(m_udp);
}

void
WorldNetwork::Crash(HostId host)
{
    m_hosts[host].up = false;
    std::vector<NetId> ends;
    for (const auto& [id, end] : m_ends)
    {
        if (end.host == host)
        {
            ends.push_back(id);
        }
    }
    for (const NetId id : ends)
    {
        if (m_ends[id].partner != 0)
        {
            FailLater(m_ends[id].partner, LOST_TIMEOUT, "timed out");
        }
        Forget(id);
    }
    const auto drop = [host](auto& sockets)
    {
        for (auto it = sockets.begin(); it != sockets.end();)
        {
            it = it->second.host == host ? sockets.erase(it) : std::next(it);
        }
    };
    drop(m_listeners);
    drop(m_udp);
    for (auto it = m_held.begin(); it != m_held.end();)
    {
        if (it->second.at == host)
        {
            FailLater(it->second.end, CONNECT_TIMEOUT, "timed out");
            it = m_held.erase(it);
            continue;
        }
        ++it;
    }
}

size_t
WorldNetwork::Sockets() const
{
    return m_ends.size() + m_listeners.size() + m_udp.size();
}

size_t
WorldNetwork::SocketsOf(const NetUser& user) const
{
    const auto count = [&user](const auto& sockets)
    {
        return static_cast<size_t>(std::count_if(sockets.begin(),
                                                 sockets.end(),
                                                 [&user](const auto& entry)
                                                 { return entry.second.user == &user; }));
    };
    return count(m_ends) + count(m_listeners) + count(m_udp);
}

std::string
WorldNetwork::Describe(const NetUser& user) const
{
    std::string text;
    for (const auto& [id, end] : m_ends)
    {
        if (end.user == &user)
        {
            text += "tcp " + end.local.ToString() + " > " + end.remote.ToString() +
                    (end.partner == 0 ? ", alone; " : "; ");
        }
    }
    for (const auto& [id, listener] : m_listeners)
    {
        text += listener.user == &user ? "listener " + listener.local.ToString() + "; " : "";
    }
    for (const auto& [id, socket] : m_udp)
    {
        text += socket.user == &user ? "udp " + socket.local.ToString() + "; " : "";
    }
    return text;
}

} // namespace isb::test
