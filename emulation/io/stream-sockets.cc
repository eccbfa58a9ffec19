// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/io/stream-sockets.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <utility>

namespace isb
{

namespace
{

constexpr size_t CHUNK = 65536;       ///< most bytes of one receiving call
constexpr int ACCEPTS_AT_A_TIME = 64; ///< then others have their turn
constexpr std::chrono::milliseconds ACCEPT_PAUSE{50};

bool
IsLater(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

bool
IsBroken(int socket)
{
    pollfd asked{socket, 0, 0};
    return poll(&asked, 1, 0) > 0 && (asked.revents & (POLLERR | POLLHUP)) != 0;
}

} // namespace

StreamSockets::StreamSockets(SocketHost& host)
    : m_host(host),
      m_buffer(CHUNK)
{
}

size_t
StreamSockets::Size() const
{
    const auto open = std::count_if(m_streams.begin(),
                                    m_streams.end(),
                                    [](const auto& entry) { return !entry.second.closing; });
    return static_cast<size_t>(open) + m_listeners.size();
}

size_t
StreamSockets::Descriptors() const
{
    return m_streams.size() + m_listeners.size();
}

StreamSockets::Stream*
StreamSockets::Find(SocketId id)
{
    const auto found = m_streams.find(id);
    return found == m_streams.end() ? nullptr : &found->second;
}

StreamSockets::Stream*
StreamSockets::Other(const Stream& stream)
{
    return stream.joint ? Find(stream.joint->ends[1 - stream.end]) : nullptr;
}

void
StreamSockets::FailLater(SocketId id, int error)
{
    m_host.Feed([id, why = FailureText(error)](Machine& machine, TimePoint now)
                { machine.Failed(now, id, why); });
}

void
StreamSockets::Listen(const ListenOrder& order)
{
    const SocketId id = order.socket;
    OpenedSocket opened = m_host.Open([&] { return OpenListener(order.local); });
    if (opened.error != 0)
    {
        FailLater(id, opened.error);
        return;
    }
    const Endpoint local = LocalEndpoint(opened.socket.Get());
    Listener& listener = m_listeners[id];
    listener.socket =
        std::make_unique<WatchedSocket>(m_host.Context(),
                                        std::move(opened.socket),
                                        [this, id](SocketEvent) { OnAcceptable(id); });
    listener.socket->WaitFor(SocketEvent::Readable);
    m_host.Feed([id, local](Machine& machine, TimePoint now)
                { machine.Listening(now, id, local); });
}

void
StreamSockets::OnAcceptable(SocketId id)
{
    for (int i = 0; i < ACCEPTS_AT_A_TIME; ++i)
    {
        const auto listener = m_listeners.find(id); // the machine may have closed it meanwhile
        if (listener == m_listeners.end())
        {
            return;
        }
        Endpoint peer;
        OpenedSocket opened = AcceptConnection(listener->second.socket->Get(), peer);
        if (opened.error == 0)
        {
            Take(id, std::make_shared<Descriptor>(std::move(opened.socket)), peer);
            continue;
        }
        if (opened.error == EMFILE || opened.error == ENFILE || opened.error == ENOBUFS ||
            opened.error == ENOMEM)
        {
            PauseListener(id);
            return;
        }
        if (IsLater(opened.error))
        {
            break;
        }
    }
    if (const auto listener = m_listeners.find(id); listener != m_listeners.end())
    {
        listener->second.socket->WaitFor(SocketEvent::Readable);
    }
}

void
StreamSockets::Take(SocketId listener, const std::shared_ptr<Descriptor>& socket, Endpoint peer)
{
    m_host.Feed(
        [weak = weak_from_this(), listener, socket, peer](Machine& machine, TimePoint now)
        {
            const auto self = weak.lock();
            if (!self || self->m_listeners.count(listener) == 0)
            {
                ResetOnClose(socket->Get());
                socket->Close();
                return;
            }
            const Endpoint local = LocalEndpoint(socket->Get());
            const SocketId id = machine.Accepted(now, listener, local, peer);
            Stream& stream = self->Adopt(id, std::move(*socket));
            stream.connected = true;
            stream.socket->WaitFor(SocketEvent::Readable);
            stream.socket->WaitFor(SocketEvent::Broken);
        });
}

void
StreamSockets::PauseListener(SocketId id)
{
    Listener& listener = m_listeners.at(id);
    listener.pause = std::make_unique<asio::steady_timer>(m_host.Context(), ACCEPT_PAUSE);
    listener.pause->async_wait(
        [weak = weak_from_this(), id](const std::error_code& error)
        {
            const auto self = weak.lock();
            if (!error && self)
            {
                self->OnAcceptable(id);
            }
        });
}

void
StreamSockets::Connect(const ConnectOrder& order)
{
    const SocketId id = order.socket;
    OpenedSocket opened = m_host.Open([&] { return StartConnection(order.from, order.to); });
    if (opened.error != 0)
    {
        FailLater(id, opened.error);
        return;
    }
    Adopt(id, std::move(opened.socket)).socket->WaitFor(SocketEvent::Writable);
}

StreamSockets::Stream&
StreamSockets::Adopt(SocketId id, Descriptor socket)
{
    Stream& stream = m_streams[id];
    stream.socket =
        std::make_unique<WatchedSocket>(m_host.Context(),
                                        std::move(socket),
                                        [this, id](SocketEvent event) { OnEvent(id, event); });
    return stream;
}

void
StreamSockets::OnEvent(SocketId id, SocketEvent event)
{
    const Stream* stream = Find(id);
    if (!stream)
    {
        return;
    }
    if (!stream->connected)
    {
        OnConnected(id);
        return;
    }
    switch (event)
    {
    case SocketEvent::Readable:
        OnReadable(id);
        break;
    case SocketEvent::Writable:
        OnWritable(id);
        break;
    case SocketEvent::Broken:
        OnBroken(id);
        break;
    }
}

void
StreamSockets::OnConnected(SocketId id)
{
    Stream& stream = m_streams.at(id);
    if (const int error = TakeError(stream.socket->Get()); error != 0)
    {
        Fail(id, error);
        return;
    }
    stream.connected = true;
    stream.socket->WaitFor(SocketEvent::Readable);
    stream.socket->WaitFor(SocketEvent::Broken);
    const Endpoint local = LocalEndpoint(stream.socket->Get());
    m_host.Feed([id, local](Machine& machine, TimePoint now)
                { machine.Connected(now, id, local); });
    Flush(id);
}

void
StreamSockets::Read(const ReadOrder& order)
{
    Stream* stream = Find(order.socket);
    if (stream && !stream->closing)
    {
        stream->allowed = order.bytes;
        if (stream->connected && !stream->told && !stream->joint)
        {
            stream->socket->WaitFor(SocketEvent::Readable);
        }
    }
}

void
StreamSockets::OnReadable(SocketId id)
{
    Stream& stream = m_streams.at(id);
    if (stream.closing || (stream.told && !stream.joint))
    {
        return;
    }
    if (stream.joint)
    {
        if (stream.pumping)
        {
            Pump(id);
        }
    }
    else if (stream.allowed == 0)
    {
        LookForEnd(id, stream);
    }
    else
    {
        ReadForMachine(id, stream);
    }
}

void
StreamSockets::ReadForMachine(SocketId id, Stream& stream)
{
    const size_t most = static_cast<size_t>(std::min<uint64_t>(stream.allowed, CHUNK));
    const ssize_t count = recv(stream.socket->Get(), m_buffer.data(), most, MSG_DONTWAIT);
    if (count > 0)
    {
        const auto size = static_cast<size_t>(count);
        stream.allowed -= stream.allowed == READ_ALL ? 0 : size;
        stream.socket->WaitFor(SocketEvent::Readable);
        stream.socket->WaitFor(SocketEvent::Broken);
        m_host.Feed([id, bytes = std::vector<uint8_t>(m_buffer.begin(), m_buffer.begin() + count)](
                        Machine& machine,
                        TimePoint now) { machine.Received(now, id, bytes); });
    }
    else if (count == 0)
    {
        TellEnd(id, stream);
    }
    else if (IsLater(errno))
    {
        stream.socket->WaitFor(SocketEvent::Readable);
    }
    else
    {
        Fail(id, errno);
    }
}

void
StreamSockets::LookForEnd(SocketId id, Stream& stream)
{
    uint8_t byte = 0;
    const ssize_t count = recv(stream.socket->Get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count == 0)
    {
        TellEnd(id, stream);
    }
    else if (count < 0 && IsLater(errno))
    {
        stream.socket->WaitFor(SocketEvent::Readable);
    }
    else if (count < 0)
    {
        Fail(id, errno);
    }
    // Else bytes wait that nobody ordered: the next ReadOrder goes on, the window pushes back.
}

void
StreamSockets::TellEnd(SocketId id, Stream& stream)
{
    stream.told = true;
    m_host.Feed([id](Machine& machine, TimePoint now) { machine.EndOfStream(now, id); });
}

void
StreamSockets::OnBroken(SocketId id)
{
    Stream* stream = Find(id);
    const int socket = stream->socket->Get();
    if (!IsBroken(socket))
    {
        return; // urgent data: looked for again when some was read
    }
    if (stream->joint)
    {
        if (const int error = TakeError(socket); error != 0)
        {
            EndJoint(stream->joint, true);
        }
        return;
    }
    while (!stream->closing && !stream->told && stream->allowed > 0)
    {
        // What came before the reset is delivered; recv() tells the error after it.
        const uint64_t before = stream->allowed;
        pollfd asked{socket, POLLIN, 0};
        if (poll(&asked, 1, 0) <= 0 || (asked.revents & POLLIN) == 0)
        {
            break;
        }
        ReadForMachine(id, *stream);
        stream = Find(id);
        if (!stream)
        {
            return;
        }
        if (before == stream->allowed && before != READ_ALL)
        {
            break;
        }
    }
    if (const int error = TakeError(socket); error != 0)
    {
        Fail(id, error);
    }
}

void
StreamSockets::Send(SendOrder order)
{
    Stream* stream = Find(order.socket);
    if (stream && !stream->closing && !order.bytes.empty())
    {
        stream->queue.push_back(std::move(order.bytes));
        Flush(order.socket);
    }
}

void
StreamSockets::OnWritable(SocketId id)
{
    Flush(id);
    const Stream* stream = Find(id);
    if (stream && stream->joint && stream->queue.empty())
    {
        if (const Stream* other = Other(*stream); other && other->pumping)
        {
            Pump(stream->joint->ends[1 - stream->end]);
        }
    }
}

void
StreamSockets::Flush(SocketId id)
{
    Stream* stream = Find(id);
    if (!stream || !stream->connected)
    {
        return;
    }
    size_t sent = 0;
    int error = 0;
    while (!stream->queue.empty() && error == 0)
    {
        const std::vector<uint8_t>& front = stream->queue.front();
        const ssize_t count = send(stream->socket->Get(),
                                   front.data() + stream->sentOfFront,
                                   front.size() - stream->sentOfFront,
                                   MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0)
        {
            error = errno;
            continue;
        }
        sent += static_cast<size_t>(count);
        stream->sentOfFront += static_cast<size_t>(count);
        if (stream->sentOfFront == front.size())
        {
            stream->queue.pop_front();
            stream->sentOfFront = 0;
        }
    }
    if (IsLater(error))
    {
        stream->socket->WaitFor(SocketEvent::Writable);
    }
    if (sent > 0 && !stream->closing)
    {
        m_host.Feed([id, sent](Machine& machine, TimePoint now) { machine.Sent(now, id, sent); });
    }
    stream = Find(id); // the machine may have closed it
    if (!stream)
    {
        return;
    }
    if (error != 0 && !IsLater(error))
    {
        Fail(id, error);
    }
    else if (stream->queue.empty())
    {
        WhenFlushed(id, *stream);
    }
}

void
StreamSockets::WhenFlushed(SocketId id, Stream& stream)
{
    if (stream.closing)
    {
        Finish(id);
        return;
    }
    if (stream.shutdown)
    {
        stream.shutdown = false;
        ::shutdown(stream.socket->Get(), SHUT_WR);
    }
    if (stream.joint)
    {
        StartPumps(stream.joint);
    }
}

void
StreamSockets::Shutdown(const ShutdownOrder& order)
{
    Stream* stream = Find(order.socket);
    if (stream && !stream->closing)
    {
        stream->shutdown = true;
        Flush(order.socket);
    }
}

void
StreamSockets::Close(const CloseOrder& order)
{
    const SocketId id = order.socket;
    if (m_listeners.erase(id) > 0)
    {
        return;
    }
    Stream* stream = Find(id);
    if (!stream)
    {
        return;
    }
    Dissolve(*stream);
    if (order.reset || !stream->connected)
    {
        Abort(id);
        return;
    }
    stream->closing = true;
    LimitUnsent(stream->socket->Get());
    Flush(id);
}

void
StreamSockets::Fail(SocketId id, int error)
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
    const bool closing = stream->closing;
    m_streams.erase(id);
    if (!closing)
    {
        FailLater(id, error);
    }
}

void
StreamSockets::Finish(SocketId id)
{
    DiscardInput(m_streams.at(id).socket->Get());
    m_streams.erase(id);
}

void
StreamSockets::Abort(SocketId id)
{
    ResetOnClose(m_streams.at(id).socket->Get());
    m_streams.erase(id);
}

void
StreamSockets::CloseAll()
{
    m_listeners.clear();
    std::vector<SocketId> ids;
    for (const auto& entry : m_streams)
    {
        ids.push_back(entry.first);
    }
    for (const SocketId id : ids)
    {
        Close({id, false});
    }
}

} // namespace isb
