// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/daemon-sockets.h"

#include <utility>

namespace isb
{

void
SocketOwner::OnListening(TimePoint, SocketId, Endpoint)
{
}

void
SocketOwner::OnAccepted(TimePoint, SocketId, SocketId, Endpoint)
{
}

void
SocketOwner::OnConnected(TimePoint, SocketId, Endpoint)
{
}

void
SocketOwner::OnFailed(TimePoint, SocketId, std::string_view)
{
}

void
SocketOwner::OnReceived(TimePoint, SocketId, ByteView)
{
}

void
SocketOwner::OnEndOfStream(TimePoint, SocketId)
{
}

void
SocketOwner::OnSent(TimePoint, SocketId, size_t)
{
}

void
SocketOwner::OnDatagram(TimePoint, SocketId, Endpoint, ByteView)
{
}

void
SocketOwner::OnJoinEnded(TimePoint, SocketId, uint64_t, uint64_t, bool)
{
}

void
SocketOwner::OnRelayed(TimePoint, uint64_t, size_t, bool)
{
}

SocketId
DaemonSockets::Listen(SocketOwner* owner, Protocol protocol, Endpoint local)
{
    m_owners.emplace(++m_last, owner);
    m_orders.push_back(ListenOrder{m_last, protocol, local});
    return m_last;
}

SocketId
DaemonSockets::Connect(SocketOwner* owner, Endpoint from, Endpoint to)
{
    m_owners.emplace(++m_last, owner);
    m_orders.push_back(ConnectOrder{m_last, from, to});
    return m_last;
}

SocketId
DaemonSockets::Accept(SocketId listener)
{
    SocketOwner* owner = OwnerOf(listener);
    if (owner == nullptr)
    {
        m_orders.push_back(CloseOrder{++m_last, true});
        return m_last;
    }
    m_owners.emplace(++m_last, owner);
    return m_last;
}

void
DaemonSockets::Give(SocketId socket, SocketOwner* owner)
{
    const auto found = m_owners.find(socket);
    if (found != m_owners.end())
    {
        found->second = owner;
    }
}

void
DaemonSockets::Read(SocketId socket, uint64_t bytes)
{
    m_orders.push_back(ReadOrder{socket, bytes});
}

void
DaemonSockets::Send(SocketId socket, std::vector<uint8_t> bytes)
{
    m_orders.push_back(SendOrder{socket, std::move(bytes)});
}

void
DaemonSockets::SendTo(SocketId socket, Endpoint to, std::vector<uint8_t> bytes)
{
    m_orders.push_back(SendToOrder{socket, to, std::move(bytes)});
}

void
DaemonSockets::Shutdown(SocketId socket)
{
    m_orders.push_back(ShutdownOrder{socket});
}

void
DaemonSockets::Join(SocketId a, SocketId b)
{
    m_orders.push_back(JoinOrder{a, b});
}

uint64_t
DaemonSockets::Relay(SocketOwner* owner,
                     SocketId inner,
                     Endpoint innerPeer,
                     SocketId outer,
                     Endpoint outerPeer)
{
    m_relays.emplace(++m_lastRelay, owner);
    m_orders.push_back(RelayOrder{m_lastRelay, inner, innerPeer, outer, outerPeer});
    return m_lastRelay;
}

void
DaemonSockets::Unrelay(uint64_t relay)
{
    if (m_relays.erase(relay) != 0)
    {
        m_orders.push_back(UnrelayOrder{relay});
    }
}

void
DaemonSockets::Close(SocketId socket, bool reset)
{
    if (m_owners.erase(socket) != 0)
    {
        m_orders.push_back(CloseOrder{socket, reset});
    }
}

SocketOwner*
DaemonSockets::Remove(SocketId socket)
{
    const auto found = m_owners.find(socket);
    if (found == m_owners.end())
    {
        return nullptr;
    }
    SocketOwner* owner = found->second;
    m_owners.erase(found);
    return owner;
}

SocketOwner*
DaemonSockets::OwnerOf(SocketId socket) const
{
    const auto found = m_owners.find(socket);
    return found == m_owners.end() ? nullptr : found->second;
}

SocketOwner*
DaemonSockets::OwnerOfRelay(uint64_t relay) const
{
    const auto found = m_relays.find(relay);
    return found == m_relays.end() ? nullptr : found->second;
}

bool
DaemonSockets::IsEmpty() const
{
    return m_owners.empty() && m_relays.empty();
}

std::vector<MachineOrder>&
DaemonSockets::Orders()
{
    return m_orders;
}

std::vector<MachineOrder>
DaemonSockets::TakeOrders()
{
    return std::exchange(m_orders, {});
}

} // namespace isb
