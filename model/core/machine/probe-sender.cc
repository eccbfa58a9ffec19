// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/machine/probe-sender.h"

#include "model/wire/service-preface.h"

#include <optional>
#include <utility>

namespace isb
{

namespace
{

/// Not "this network", loopback, link-local with the metadata services, multicast, reserved (RFC
/// 6890).
bool
IsUsable(const Endpoint& target)
{
    const uint32_t first = target.address.value >> 24;
    return target.port != 0 && first != 0 && first != 127 && first < 224 &&
           target.address.value >> 16 != 0xa9fe;
}

std::vector<uint8_t>
PrefaceOf(const Token& token)
{
    const auto preface = MakeServicePreface(token);
    return {preface.begin(), preface.end()};
}

} // namespace

ProbeSender::ProbeSender(std::function<SocketId()> newSocket, std::vector<MachineOrder>& orders)
    : m_newSocket(std::move(newSocket)),
      m_orders(orders)
{
}

bool
ProbeSender::Send(TimePoint now, const ProbeOrderMessage& order, Endpoint from)
{
    if (!IsUsable(order.target) || m_probes.size() >= MOST)
    {
        return false;
    }
    const SocketId socket = m_newSocket();
    Probe& probe = m_probes[socket];
    probe.order = order;
    probe.left = DATAGRAMS;
    m_deadlines.Schedule(socket, probe.entered, now + PATIENCE);
    if (order.protocol == Protocol::Udp)
    {
        m_orders.emplace_back(ListenOrder{socket, Protocol::Udp, from});
    }
    else
    {
        m_orders.emplace_back(ConnectOrder{socket, from, order.target});
    }
    return true;
}

bool
ProbeSender::Owns(SocketId socket) const
{
    return m_probes.count(socket) != 0;
}

void
ProbeSender::Listening(TimePoint now, SocketId socket)
{
    Probe& probe = m_probes.at(socket);
    m_deadlines.Schedule(socket, probe.entered, now); // the first datagram
}

void
ProbeSender::Connected(SocketId socket)
{
    m_orders.emplace_back(SendOrder{socket, PrefaceOf(m_probes.at(socket).order.token)});
    Close(socket, false);
}

void
ProbeSender::Failed(SocketId socket)
{
    const auto found = m_probes.find(socket);
    m_deadlines.Schedule(socket, found->second.entered, TIME_NEVER);
    m_probes.erase(found);
}

void
ProbeSender::Close(SocketId socket, bool reset)
{
    m_orders.emplace_back(CloseOrder{socket, reset});
    Failed(socket);
}

void
ProbeSender::Stop()
{
    while (!m_probes.empty())
    {
        Close(m_probes.begin()->first, true);
    }
}

TimePoint
ProbeSender::NextTimeout() const
{
    return m_deadlines.Next();
}

void
ProbeSender::Timeout(TimePoint now)
{
    while (const std::optional<uint64_t> socket = m_deadlines.PopDue(now))
    {
        Probe& probe = m_probes.at(*socket);
        probe.entered = TIME_NEVER;
        if (probe.order.protocol == Protocol::Tcp || probe.left == 0)
        {
            Close(*socket, true);
            continue;
        }
        --probe.left;
        m_orders.emplace_back(
            SendToOrder{*socket, probe.order.target, PrefaceOf(probe.order.token)});
        m_deadlines.Schedule(*socket, probe.entered, now + REPETITION);
    }
}

size_t
ProbeSender::Size() const
{
    return m_probes.size();
}

} // namespace isb
