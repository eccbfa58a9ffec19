// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/machine-streams.h"

#include "ns3/inet-socket-address.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ns3
{

namespace
{

InetSocketAddress
ToSocketAddress(isb::Endpoint endpoint)
{
    return {Ipv4Address(endpoint.address.value), endpoint.port};
}

isb::Endpoint
ToEndpoint(const Address& address)
{
    const InetSocketAddress inet = InetSocketAddress::ConvertFrom(address);
    return {{inet.GetIpv4().Get()}, inet.GetPort()};
}

isb::Endpoint
LocalOf(const Ptr<Socket>& socket)
{
    Address address;
    socket->GetSockName(address);
    return ToEndpoint(address);
}

} // namespace

MachineStreams::MachineStreams(MachineHost& host)
    : m_host(host)
{
}

size_t
MachineStreams::Size() const
{
    const auto open = std::count_if(m_streams.begin(),
                                    m_streams.end(),
                                    [](const auto& entry) { return !entry.second.closing; });
    return static_cast<size_t>(open) + m_listeners.size();
}

MachineStreams::Stream*
MachineStreams::Find(isb::SocketId id)
{
    const auto found = m_streams.find(id);
    return found == m_streams.end() ? nullptr : &found->second;
}

MachineStreams::Stream*
MachineStreams::Other(const Stream& stream)
{
    return stream.joint ? Find(stream.joint->ends[1 - stream.end]) : nullptr;
}

void
MachineStreams::FailLater(isb::SocketId id, std::string_view why)
{
    m_host.Feed([id, why](isb::Machine& machine, isb::TimePoint now)
                { machine.Failed(now, id, why); });
}

void
MachineStreams::Listen(const isb::ListenOrder& order)
{
    const isb::SocketId id = order.socket;
    Ptr<IstTcpSocket> socket = m_host.MakeStreamSocket();
    if (socket->Bind(ToSocketAddress(order.local)) != 0 || socket->Listen() != 0)
    {
        FailLater(id, "address already in use");
        return;
    }
    socket->SetAcceptCallback(
        MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
        Callback<void, Ptr<Socket>, const Address&>(
            [weak = weak_from_this(), id](Ptr<Socket> accepted, const Address& peer)
            {
                if (const auto self = weak.lock())
                {
                    self->OnAccepted(id, accepted, peer);
                }
            }));
    m_listeners[id] = socket;
    m_host.Feed([id, local = LocalOf(socket)](isb::Machine& machine, isb::TimePoint now)
                { machine.Listening(now, id, local); });
}

void
MachineStreams::OnAccepted(isb::SocketId listener, Ptr<Socket> socket, const Address& peer)
{
    Ptr<IstTcpSocket> accepted = DynamicCast<IstTcpSocket>(socket);
    m_host.Feed(
        [weak = weak_from_this(), listener, accepted, from = ToEndpoint(peer)](
            isb::Machine& machine,
            isb::TimePoint now)
        {
            const auto self = weak.lock();
            if (!self || self->m_listeners.count(listener) == 0)
            {
                accepted->Abort();
                return;
            }
            const isb::SocketId id = machine.Accepted(now, listener, LocalOf(accepted), from);
            self->m_streams[id].connected = true;
            self->Adopt(id, accepted);
        });
}

void
MachineStreams::Connect(const isb::ConnectOrder& order)
{
    const isb::SocketId id = order.socket;
    Ptr<IstTcpSocket> socket = m_host.MakeStreamSocket();
    Adopt(id, socket);
    if (socket->ConnectFrom(ToSocketAddress(order.from), ToSocketAddress(order.to)) != 0)
    {
        const bool taken = socket->GetErrno() == Socket::ERROR_ADDRINUSE;
        socket->Vanish();
        m_streams.erase(id);
        FailLater(id, taken ? "address already in use" : "no route to host");
    }
}

void
MachineStreams::Adopt(isb::SocketId id, Ptr<IstTcpSocket> socket)
{
    m_streams[id].socket = socket;
    const auto call = [weak = weak_from_this(), id](auto method)
    {
        return Callback<void, Ptr<Socket>>(
            [weak, id, method](Ptr<Socket>)
            {
                if (const auto self = weak.lock())
                {
                    ((*self).*method)(id);
                }
            });
    };
    socket->SetConnectCallback(call(&MachineStreams::OnConnected), call(&MachineStreams::OnFailed));
    socket->SetCloseCallbacks(call(&MachineStreams::OnEnd), call(&MachineStreams::OnFailed));
    socket->SetRecvCallback(call(&MachineStreams::OnReadable));
    socket->SetSendCallback(Callback<void, Ptr<Socket>, uint32_t>(
        [weak = weak_from_this(), id](Ptr<Socket>, uint32_t)
        {
            if (const auto self = weak.lock())
            {
                self->OnRoom(id);
            }
        }));
}

void
MachineStreams::OnConnected(isb::SocketId id)
{
    Stream* stream = Find(id);
    if (!stream || stream->closing)
    {
        return;
    }
    stream->connected = true;
    m_host.Feed([id, local = LocalOf(stream->socket)](isb::Machine& machine, isb::TimePoint now)
                { machine.Connected(now, id, local); });
    Flush(id);
}

void
MachineStreams::OnEnd(isb::SocketId id)
{
    Stream* stream = Find(id);
    if (stream && !stream->socket->HasPeerFinished())
    {
        OnFailed(id); // closed for another reason than a FIN
        return;
    }
    OnReadable(id);
}

void
MachineStreams::OnFailed(isb::SocketId id)
{
    Stream* stream = Find(id);
    if (!stream)
    {
        return;
    }
    if (stream->joint)
    {
        EndJoint(stream->joint, true);
        return;
    }
    const bool refused = stream->socket->GetErrno() == Socket::ERROR_NOTCONN;
    const bool wasOpen = stream->connected;
    const bool closing = stream->closing;
    const Ptr<IstTcpSocket> socket = stream->socket;
    m_streams.erase(id);
    Orphan(socket);
    socket->Vanish();
    if (!closing)
    {
        FailLater(id,
                  !refused  ? "connection timed out"
                  : wasOpen ? "connection reset"
                            : "connection refused");
    }
}

void
MachineStreams::Read(const isb::ReadOrder& order)
{
    if (Stream* stream = Find(order.socket))
    {
        stream->allowed = order.bytes;
        OnReadable(order.socket);
    }
}

void
MachineStreams::OnReadable(isb::SocketId id)
{
    Stream* stream = Find(id);
    if (!stream || stream->closing || stream->reading)
    {
        return;
    }
    if (stream->joint)
    {
        if (stream->pump)
        {
            stream->pump->Turn();
        }
        return;
    }
    const uint32_t available = stream->socket->GetRxAvailable();
    if (available == 0)
    {
        if (stream->socket->HasPeerFinished() && !stream->told)
        {
            stream->told = true;
            m_host.Feed([id](isb::Machine& machine, isb::TimePoint now)
                        { machine.EndOfStream(now, id); });
        }
        return;
    }
    const auto bytes = static_cast<uint32_t>(
        std::min<uint64_t>({available, stream->allowed, m_host.ChunkLimit()}));
    if (bytes == 0)
    {
        return; // not ordered: the window pushes back
    }
    stream->reading = true;
    m_host.ChargeReceive(bytes,
                         [weak = weak_from_this(), id, bytes]
                         {
                             if (const auto self = weak.lock())
                             {
                                 self->TakeBytes(id, bytes);
                             }
                         });
}

void
MachineStreams::TakeBytes(isb::SocketId id, uint32_t bytes)
{
    Stream* stream = Find(id);
    if (!stream)
    {
        return;
    }
    stream->reading = false;
    // The order may have changed while the call waited for the CPU.
    const auto most = static_cast<uint32_t>(std::min<uint64_t>(bytes, stream->allowed));
    if (!stream->joint && !stream->closing && most > 0)
    {
        const Ptr<Packet> data = stream->socket->Recv(most, 0);
        const uint32_t size = data ? data->GetSize() : 0;
        std::vector<uint8_t> copy(size);
        if (size > 0)
        {
            data->CopyData(copy.data(), size);
            stream->allowed -= stream->allowed == isb::READ_ALL ? 0 : size;
            m_host.Feed(
                [id, copy = std::move(copy)](isb::Machine& machine, isb::TimePoint now) {
                    machine.Received(now, id, {copy.data(), copy.size()});
                });
        }
    }
    OnReadable(id);
}

void
MachineStreams::Send(const isb::SendOrder& order)
{
    Stream* stream = Find(order.socket);
    if (stream && !order.bytes.empty())
    {
        const auto size = static_cast<uint32_t>(order.bytes.size());
        stream->queue.push_back(Create<Packet>(order.bytes.data(), size));
        Flush(order.socket);
    }
}

void
MachineStreams::OnRoom(isb::SocketId id)
{
    Flush(id);
    const Stream* stream = Find(id);
    if (stream && stream->joint && stream->queue.empty())
    {
        if (const Stream* other = Other(*stream); other && other->pump)
        {
            const std::shared_ptr<StreamPump> pump = other->pump;
            pump->Turn();
        }
    }
}

void
MachineStreams::Flush(isb::SocketId id)
{
    Stream* stream = Find(id);
    if (!stream || !stream->connected || stream->writing)
    {
        return;
    }
    if (stream->queue.empty())
    {
        WhenFlushed(id, *stream);
        return;
    }
    const uint32_t bytes =
        std::min(stream->queue.front()->GetSize(), stream->socket->GetTxAvailable());
    if (bytes == 0)
    {
        return; // OnRoom() comes
    }
    stream->writing = true;
    m_host.ChargeSend(bytes,
                      [weak = weak_from_this(), id, bytes]
                      {
                          if (const auto self = weak.lock())
                          {
                              self->WriteFront(id, bytes);
                          }
                      });
}

void
MachineStreams::WriteFront(isb::SocketId id, uint32_t bytes)
{
    Stream* stream = Find(id);
    if (!stream)
    {
        return;
    }
    stream->writing = false;
    Ptr<Packet> front = stream->queue.front();
    if (stream->socket->Send(front->CreateFragment(0, bytes), 0) <= 0)
    {
        stream->queue.clear(); // TCP takes no more: the failure is about to be reported
        return;
    }
    front->RemoveAtStart(bytes);
    if (front->GetSize() == 0)
    {
        stream->queue.pop_front();
    }
    if (!stream->closing)
    {
        m_host.Feed([id, bytes](isb::Machine& machine, isb::TimePoint now)
                    { machine.Sent(now, id, bytes); });
    }
    Flush(id);
}

void
MachineStreams::WhenFlushed(isb::SocketId id, Stream& stream)
{
    if (stream.closing)
    {
        Finish(id);
    }
    else if (stream.shutdown)
    {
        stream.shutdown = false;
        stream.socket->ShutdownSend();
    }
    else if (stream.joint && !stream.pumped)
    {
        StartPumps(stream.joint);
    }
}

void
MachineStreams::Shutdown(const isb::ShutdownOrder& order)
{
    if (Stream* stream = Find(order.socket))
    {
        stream->shutdown = true;
        Flush(order.socket);
    }
}

void
MachineStreams::Close(const isb::CloseOrder& order)
{
    const isb::SocketId id = order.socket;
    if (const auto listener = m_listeners.find(id); listener != m_listeners.end())
    {
        listener->second->Vanish();
        m_listeners.erase(listener);
        return;
    }
    Stream* stream = Find(id);
    if (!stream)
    {
        return;
    }
    Dissolve(*stream);
    stream->closing = true;
    if (order.reset || !stream->connected)
    {
        Orphan(stream->socket);
        stream->socket->Abort();
        m_streams.erase(id);
        return;
    }
    Flush(id);
}

void
MachineStreams::Finish(isb::SocketId id)
{
    const Ptr<IstTcpSocket> socket = m_streams.at(id).socket;
    m_streams.erase(id);
    Orphan(socket);
    socket->Close();
}

void
MachineStreams::Orphan(const Ptr<IstTcpSocket>& socket)
{
    // Later, because who called us may be this very socket, which is not done with its callback.
    Simulator::ScheduleNow(
        [socket]
        {
            socket->SetRecvCallback(Callback<void, Ptr<Socket>>(
                [](Ptr<Socket> orphan)
                {
                    if (orphan->GetRxAvailable() > 0)
                    {
                        Simulator::ScheduleNow(&IstTcpSocket::Abort,
                                               DynamicCast<IstTcpSocket>(orphan));
                    }
                }));
            socket->SetSendCallback(MakeNullCallback<void, Ptr<Socket>, uint32_t>());
            socket->SetCloseCallbacks(MakeNullCallback<void, Ptr<Socket>>(),
                                      MakeNullCallback<void, Ptr<Socket>>());
        });
}

void
MachineStreams::CloseAll()
{
    std::vector<isb::SocketId> ids;
    for (const auto& entry : m_listeners)
    {
        ids.push_back(entry.first);
    }
    for (const auto& entry : m_streams)
    {
        ids.push_back(entry.first);
    }
    for (const isb::SocketId id : ids)
    {
        Close({id, false});
    }
}

} // namespace ns3
