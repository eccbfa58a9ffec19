// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/world/world-carrier.h"

#include "model/wire/registration.h"

namespace isb::test
{

namespace
{

constexpr Duration WATCH = std::chrono::milliseconds(100);

} // namespace

WorldCarrier::WorldCarrier(WorldClock& clock,
                           WorldNetwork& network,
                           HostId host,
                           WorldMachine& driver)
    : m_clock(clock),
      m_network(network),
      m_host(host),
      m_driver(driver)
{
}

void
WorldCarrier::Serve(IstServer& server)
{
    m_server = &server;
    ++m_life;
}

void
WorldCarrier::Do(const CarrierOrder& order)
{
    if (const auto* end = std::get_if<EndOrder>(&order))
    {
        Close(end->splice, false);
        return;
    }
    Splice splice;
    uint64_t id = 0;
    if (const auto* proxy = std::get_if<ProxyOrder>(&order))
    {
        id = proxy->splice;
        splice.protocol = proxy->pair.protocol;
        splice.sides[0].port = proxy->pair.portA;
        splice.sides[1].port = proxy->pair.portB;
        splice.sides[0].allowed = proxy->pair.allowedA;
        splice.sides[1].allowed = proxy->pair.allowedB;
    }
    else
    {
        const auto& engine = std::get<EngineOrder>(order);
        id = engine.splice;
        splice.refused = engine.pair.method == SpliceMethod::Active;
        splice.protocol = engine.pair.method == SpliceMethod::Udp ? Protocol::Udp : Protocol::Tcp;
        splice.pure = engine.pair.method == SpliceMethod::Pure;
        splice.sides[0].port = engine.pair.portA;
        splice.sides[1].port = engine.pair.portB;
        splice.sides[0].allowed = engine.pair.allowedA;
        splice.sides[1].allowed = engine.pair.allowedB;
    }
    m_clock.After(Duration(0),
                  [this, id, splice = std::move(splice), life = m_life]
                  {
                      if (life == m_life)
                      {
                          Open(id, splice);
                      }
                  });
}

bool
WorldCarrier::OpenSide(Splice& splice, size_t side)
{
    const Endpoint local{Ipv4{}, splice.sides[side].port};
    const auto opened = splice.protocol == Protocol::Udp
                            ? m_network.OpenUdp(m_host, *this, local)
                            : m_network.Listen(m_host, *this, local, true);
    if (opened)
    {
        splice.sides[side].socket = opened->first;
    }
    return opened.has_value();
}

void
WorldCarrier::Open(uint64_t id, Splice splice)
{
    const bool waits = splice.pure && splice.sides[1].port == 0;
    bool opened = lies;
    if (!lies)
    {
        opened = !splice.refused && OpenSide(splice, 0) && (waits || OpenSide(splice, 1));
    }
    if (opened)
    {
        m_splices[id] = splice;
    }
    else if (splice.sides[0].socket != 0)
    {
        m_network.Close(splice.sides[0].socket, false);
    }
    m_driver.Input([&](TimePoint now)
                   { m_server->CarrierOpened(now, id, opened, opened ? "" : "port taken"); });
}

std::optional<std::pair<uint64_t, size_t>>
WorldCarrier::Find(NetId socket) const
{
    for (const auto& [id, splice] : m_splices)
    {
        for (size_t side = 0; side < 2; ++side)
        {
            if (splice.sides[side].socket == socket)
            {
                return std::pair(id, side);
            }
        }
    }
    return std::nullopt;
}

void
WorldCarrier::OnHeld(NetId listener, NetId syn, Endpoint peer)
{
    const auto place = Find(listener);
    if (!place)
    {
        m_network.Refuse(syn);
        return;
    }
    Side& side = m_splices[place->first].sides[place->second];
    if (side.peer.port != 0 || (side.allowed && *side.allowed != peer.address))
    {
        m_network.Refuse(syn);
        return;
    }
    side.syn = syn;
    Came(place->first, place->second, peer);
}

void
WorldCarrier::Came(uint64_t id, size_t at, Endpoint peer)
{
    Splice& splice = m_splices[id];
    Side& side = splice.sides[at];
    Side& other = splice.sides[1 - at];
    side.peer = peer;
    if (splice.protocol == Protocol::Tcp)
    {
        m_network.Close(std::exchange(side.socket, 0), false); // single-use
    }
    if (other.peer.port == 0)
    {
        CarrierNews news;
        news.kind = CarrierNews::FirstSide;
        news.peer = peer;
        if (splice.pure && other.port == 0)
        {
            other.port = peer.port;
            if (!OpenSide(splice, 1 - at))
            {
                Close(id, false);
                news.kind = CarrierNews::Ended;
                news.reason = "ist.port-taken";
            }
            news.port = peer.port;
        }
        Tell(id, news);
        return;
    }
    if (splice.protocol == Protocol::Tcp)
    {
        splice.joined = m_network.Splice(splice.sides[0].syn, splice.sides[1].syn);
        Watch(id);
    }
    CarrierNews news;
    news.kind = CarrierNews::Paired;
    Tell(id, news);
}

void
WorldCarrier::Tell(uint64_t id, CarrierNews news)
{
    news.label = id;
    m_driver.Input([&](TimePoint now) { m_server->CarrierNotice(now, id, news); });
}

/// Notices that a joined splice is over.
void
WorldCarrier::Watch(uint64_t id)
{
    m_clock.After(WATCH,
                  [this, id]
                  {
                      const auto found = m_splices.find(id);
                      if (found == m_splices.end() || found->second.joined == 0)
                      {
                          return;
                      }
                      if (const auto bytes = m_network.SplicedBytes(found->second.joined))
                      {
                          found->second.bytes = *bytes;
                          Watch(id);
                          return;
                      }
                      CarrierNews news;
                      news.kind = CarrierNews::Ended;
                      news.reason = "ist.time-wait-over";
                      news.bytes = found->second.bytes;
                      m_splices.erase(found);
                      Tell(id, news);
                  });
}

void
WorldCarrier::OnDatagram(NetId socket, Endpoint from, const std::vector<uint8_t>& bytes)
{
    const auto place = Find(socket);
    if (!place)
    {
        return;
    }
    Splice& splice = m_splices[place->first];
    Side& side = splice.sides[place->second];
    Side& other = splice.sides[1 - place->second];
    if (IsRegistrationDatagram(bytes))
    {
        if (side.peer.port == 0 && (!side.allowed || *side.allowed == from.address))
        {
            Came(place->first, place->second, from);
        }
        return;
    }
    if (side.peer == from && other.peer.port != 0)
    {
        splice.bytes += bytes.size();
        m_network.SendTo(other.socket, other.peer, bytes);
    }
}

void
WorldCarrier::Close(uint64_t id, bool silently)
{
    const auto found = m_splices.find(id);
    if (found == m_splices.end())
    {
        return;
    }
    for (const Side& side : found->second.sides)
    {
        if (side.socket != 0)
        {
            m_network.Close(side.socket, false);
        }
        if (side.syn != 0)
        {
            m_network.Refuse(side.syn);
        }
    }
    m_network.EndSplice(found->second.joined, silently);
    m_splices.erase(found);
}

void
WorldCarrier::Stop(bool silently)
{
    while (!m_splices.empty())
    {
        Close(m_splices.begin()->first, silently);
    }
    m_server = nullptr;
    ++m_life;
}

void
WorldCarrier::OnConnected(NetId /*end*/, Endpoint /*local*/)
{
}

void
WorldCarrier::OnFailed(NetId /*end*/, std::string_view /*why*/)
{
}

void
WorldCarrier::OnReadable(NetId /*end*/)
{
}

void
WorldCarrier::OnSent(NetId /*end*/, size_t /*bytes*/)
{
}

void
WorldCarrier::OnAccepted(NetId /*listener*/, NetId end, Endpoint /*local*/, Endpoint /*peer*/)
{
    m_network.Close(end, true);
}

} // namespace isb::test
