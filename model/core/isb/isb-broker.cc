// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/isb-broker.h"

#include "model/core/isb/broker-core.h"

#include <utility>

namespace isb
{

/// The machine's inputs become calls of the core.
class IsbBroker::Impl : public BrokerCore
{
  public:
    using BrokerCore::BrokerCore;
};

IsbBroker::IsbBroker(IsbSettings settings, const Mac& mac, Rng& random, TraceSink* trace)
    : m_impl(std::make_unique<Impl>(std::move(settings), mac, random, trace))
{
}

IsbBroker::~IsbBroker() = default;

void
IsbBroker::Start(TimePoint now)
{
    m_impl->desk.now = now;
    m_impl->Listen();
}

void
IsbBroker::Stop(TimePoint now)
{
    m_impl->desk.now = now;
    m_impl->Stop();
}

void
IsbBroker::Listening(TimePoint now, SocketId socket, Endpoint local)
{
    m_impl->desk.now = now;
    m_impl->Listening(socket);
    static_cast<void>(local);
}

SocketId
IsbBroker::Accepted(TimePoint now, SocketId listener, Endpoint local, Endpoint peer)
{
    m_impl->desk.now = now;
    return m_impl->Accept(listener, local, peer);
}

void
IsbBroker::Connected(TimePoint now, SocketId socket, Endpoint local)
{
    m_impl->desk.now = now;
    static_cast<void>(local);
    m_impl->Connected(socket);
}

void
IsbBroker::Failed(TimePoint now, SocketId socket, std::string_view why)
{
    m_impl->desk.now = now;
    m_impl->Failed(socket, why);
}

void
IsbBroker::Received(TimePoint now, SocketId socket, ByteView bytes)
{
    m_impl->desk.now = now;
    m_impl->Receive(socket, bytes);
}

void
IsbBroker::EndOfStream(TimePoint now, SocketId socket)
{
    m_impl->desk.now = now;
    m_impl->EndOfStream(socket);
}

void
IsbBroker::Sent(TimePoint now, SocketId socket, size_t bytes)
{
    m_impl->desk.now = now;
    if (BrokerSession* session = m_impl->sessions.Find(socket))
    {
        session->channel.Sent(bytes);
    }
}

void
IsbBroker::Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes)
{
    // The broker has no UDP socket.
    static_cast<void>(now);
    static_cast<void>(socket);
    static_cast<void>(from);
    static_cast<void>(bytes);
}

void
IsbBroker::JoinEnded(TimePoint now,
                     SocketId a,
                     SocketId b,
                     uint64_t bytesFromA,
                     uint64_t bytesFromB,
                     bool reset)
{
    // The broker joins nothing: an IST does.
    static_cast<void>(now);
    static_cast<void>(a);
    static_cast<void>(b);
    static_cast<void>(bytesFromA);
    static_cast<void>(bytesFromB);
    static_cast<void>(reset);
}

void
IsbBroker::Relayed(TimePoint now, uint64_t relay, size_t bytes, bool outwards)
{
    static_cast<void>(now);
    static_cast<void>(relay);
    static_cast<void>(bytes);
    static_cast<void>(outwards);
}

std::vector<MachineOrder>
IsbBroker::TakeOrders()
{
    return std::exchange(m_impl->desk.orders, {});
}

TimePoint
IsbBroker::NextTimeout() const
{
    return m_impl->NextTimeout();
}

void
IsbBroker::Timeout(TimePoint now)
{
    m_impl->desk.now = now;
    m_impl->Timeout();
}

bool
IsbBroker::IsIdle() const
{
    return m_impl->IsIdle();
}

size_t
IsbBroker::Users() const
{
    return m_impl->sessions.Users();
}

size_t
IsbBroker::Ists() const
{
    return m_impl->sessions.Ists();
}

size_t
IsbBroker::Services() const
{
    return m_impl->directory.Size();
}

size_t
IsbBroker::Subscriptions() const
{
    return m_impl->subscriptions.Size();
}

size_t
IsbBroker::Connections() const
{
    return m_impl->connections.Size();
}

size_t
IsbBroker::StateSize() const
{
    return m_impl->StateSize();
}

const IsbCounters&
IsbBroker::Counters() const
{
    return m_impl->desk.counters;
}

} // namespace isb
