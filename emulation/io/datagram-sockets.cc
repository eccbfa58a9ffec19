// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/io/datagram-sockets.h"

#include "model/wire/registration.h"
#include "model/wire/service-preface.h"

namespace isb
{

namespace
{

constexpr size_t LARGEST = 65536;
constexpr int DATAGRAMS_AT_A_TIME = 64; ///< then others have their turn

/// What the ends of a path say to one another, in between the payload.
bool
IsSignal(ByteView bytes)
{
    return bytes.size <= SERVICE_PREFACE_SIZE &&
           (IsRegistrationDatagram(bytes) || ReadServicePreface(bytes).has_value());
}

} // namespace

DatagramSockets::DatagramSockets(SocketHost& host)
    : m_host(host),
      m_buffer(LARGEST)
{
}

size_t
DatagramSockets::Size() const
{
    return m_ports.size();
}

void
DatagramSockets::Listen(const ListenOrder& order)
{
    const SocketId id = order.socket;
    OpenedSocket opened = m_host.Open([&] { return OpenDatagram(order.local); });
    if (opened.error != 0)
    {
        m_host.Feed([id, why = FailureText(opened.error)](Machine& machine, TimePoint now)
                    { machine.Failed(now, id, why); });
        return;
    }
    const Endpoint local = LocalEndpoint(opened.socket.Get());
    auto socket = std::make_unique<WatchedSocket>(m_host.Context(),
                                                  std::move(opened.socket),
                                                  [this, id](SocketEvent) { OnReadable(id); });
    socket->WaitFor(SocketEvent::Readable);
    m_ports[id] = std::move(socket);
    m_host.Feed([id, local](Machine& machine, TimePoint now)
                { machine.Listening(now, id, local); });
}

void
DatagramSockets::SendTo(const SendToOrder& order)
{
    const auto found = m_ports.find(order.socket);
    if (found != m_ports.end())
    {
        (void)SendDatagram(found->second->Get(), order.to, order.bytes.data(), order.bytes.size());
    }
}

void
DatagramSockets::Relay(const RelayOrder& order)
{
    m_relays[order.relay] = order;
    m_ways[{order.inner, order.innerPeer}] = {order.relay, order.outer, order.outerPeer, true};
    m_ways[{order.outer, order.outerPeer}] = {order.relay, order.inner, order.innerPeer, false};
}

void
DatagramSockets::Unrelay(const UnrelayOrder& order)
{
    const auto found = m_relays.find(order.relay);
    if (found == m_relays.end())
    {
        return;
    }
    const RelayOrder& relay = found->second;
    for (const Source& source :
         {Source(relay.inner, relay.innerPeer), Source(relay.outer, relay.outerPeer)})
    {
        // A later relay may have taken the place.
        if (const auto way = m_ways.find(source);
            way != m_ways.end() && way->second.relay == order.relay)
        {
            m_ways.erase(way);
        }
    }
    m_relays.erase(found);
}

bool
DatagramSockets::Close(SocketId id)
{
    if (m_ports.erase(id) == 0)
    {
        return false;
    }
    std::vector<uint64_t> over;
    for (const auto& entry : m_relays)
    {
        if (entry.second.inner == id || entry.second.outer == id)
        {
            over.push_back(entry.first);
        }
    }
    for (const uint64_t relay : over)
    {
        Unrelay({relay});
    }
    return true;
}

void
DatagramSockets::CloseAll()
{
    m_ports.clear();
    m_relays.clear();
    m_ways.clear();
}

void
DatagramSockets::OnReadable(SocketId id)
{
    for (int i = 0; i < DATAGRAMS_AT_A_TIME; ++i)
    {
        const auto port = m_ports.find(id); // the machine may have closed it meanwhile
        if (port == m_ports.end())
        {
            return;
        }
        Endpoint from;
        const ssize_t size =
            ReceiveDatagram(port->second->Get(), from, m_buffer.data(), m_buffer.size());
        if (size < 0)
        {
            break;
        }
        Take(id, from, {m_buffer.data(), static_cast<size_t>(size)});
    }
    if (const auto port = m_ports.find(id); port != m_ports.end())
    {
        port->second->WaitFor(SocketEvent::Readable);
    }
}

void
DatagramSockets::Take(SocketId id, Endpoint from, ByteView bytes)
{
    const auto found = m_ways.find({id, from});
    if (found == m_ways.end() || IsSignal(bytes))
    {
        m_host.Feed([id, from, copy = std::vector<uint8_t>(bytes.data, bytes.data + bytes.size)](
                        Machine& machine,
                        TimePoint now) { machine.Datagram(now, id, from, copy); });
        return;
    }
    const Way way = found->second;
    const auto through = m_ports.find(way.through);
    if (through != m_ports.end() &&
        SendDatagram(through->second->Get(), way.to, bytes.data, bytes.size))
    {
        m_host.Feed([way, size = bytes.size](Machine& machine, TimePoint now)
                    { machine.Relayed(now, way.relay, size, way.outwards); });
    }
}

} // namespace isb
