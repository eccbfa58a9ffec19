// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/stun-server.h"

#include "model/core/machine/deadline-queue.h"
#include "model/core/stun/stun-ledger.h"
#include "model/core/stun/stun-responder.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace isb
{

namespace
{

/// Longest request over TCP; a longer one ends the connection.
constexpr size_t STREAM_LIMIT = 2048;
/// Bytes that a client over TCP may leave unread.
constexpr size_t UNSENT_LIMIT = 65536;

} // namespace

class StunServer::Impl
{
  public:
    Impl(StunServerSettings wanted, TraceSink* sink)
        : settings(std::move(wanted)),
          m_trace(sink),
          m_endpoints(settings),
          m_ledger(settings)
    {
    }

    void
    Start()
    {
        for (const Endpoint& local : m_endpoints.All())
        {
            for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
            {
                if (protocol == Protocol::Udp ? settings.udp : settings.tcp)
                {
                    const SocketId socket = ++m_lastSocket;
                    m_listeners.emplace(socket, Listener{protocol, local});
                    orders.emplace_back(ListenOrder{socket, protocol, local});
                }
            }
        }
    }

    void
    Stop()
    {
        for (const auto& [socket, listener] : m_listeners)
        {
            orders.emplace_back(CloseOrder{socket, false});
        }
        m_listeners.clear();
        while (!m_streams.empty())
        {
            Close(m_streams.begin()->first, false);
        }
    }

    SocketId
    Accept(TimePoint now, SocketId listener, Endpoint peer)
    {
        const SocketId socket = ++m_lastSocket;
        const auto at = m_listeners.find(listener);
        if (at == m_listeners.end())
        {
            orders.emplace_back(CloseOrder{socket, true});
            return socket;
        }
        MakeRoom(peer.address);
        Stream& stream = m_streams[socket];
        stream.local = at->second.local;
        stream.peer = peer;
        Count(stream, 1);
        m_deadlines.Schedule(socket, stream.entered, now + settings.connectionIdle);
        orders.emplace_back(ReadOrder{socket, READ_ALL});
        return socket;
    }

    /// A connection to a client, that it asked for, stands: it is told which one by the id.
    void
    Connected(SocketId socket)
    {
        const auto found = m_streams.find(socket);
        if (found == m_streams.end())
        {
            return;
        }
        StunMessage told;
        told.kind = StunClass::Indication;
        told.id = found->second.id;
        orders.emplace_back(SendOrder{socket, EncodeStun(told)});
        Close(socket, false);
    }

    void
    Fail(SocketId socket, std::string_view why)
    {
        const auto listener = m_listeners.find(socket);
        if (listener != m_listeners.end())
        {
            listenFault = std::string(ToString(listener->second.protocol)) + " " +
                          listener->second.local.ToString() + ": " + std::string(why);
            m_listeners.erase(listener);
            return;
        }
        Forget(socket);
    }

    void
    Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes)
    {
        const auto at = m_listeners.find(socket);
        if (at == m_listeners.end())
        {
            return;
        }
        const FlowKey flow{Protocol::Udp, from, at->second.local};
        StunMessage message;
        if (!Read(now, flow, bytes, message))
        {
            return;
        }
        StunAnswer answer = AnswerStun({message, Protocol::Udp, flow.destination, from, bytes.size},
                                       m_endpoints,
                                       settings.software);
        std::string_view silence = answer.silence;
        const SocketId through = FindUdp(answer.from);
        if (silence.empty() && through == 0)
        {
            silence = "stun.not-listening";
        }
        if (silence.empty())
        {
            silence = m_ledger.Book(now, from.address, bytes.size, answer.bytes.size());
        }
        if (!silence.empty())
        {
            Drop(now, flow, bytes.size, silence);
            return;
        }
        CountAnswer(answer);
        orders.emplace_back(SendToOrder{through, answer.to, std::move(answer.bytes)});
    }

    void
    Received(TimePoint now, SocketId socket, ByteView bytes)
    {
        const auto found = m_streams.find(socket);
        if (found == m_streams.end() || found->second.called)
        {
            return;
        }
        Stream& stream = found->second;
        stream.buffer.insert(stream.buffer.end(), bytes.data, bytes.data + bytes.size);
        m_deadlines.Schedule(socket, stream.entered, now + settings.connectionIdle);
        const FlowKey flow{Protocol::Tcp, stream.peer, stream.local};
        while (true)
        {
            const std::optional<size_t> length = StunLengthOf(stream.buffer);
            if (!length || *length > STREAM_LIMIT)
            {
                Drop(now, flow, stream.buffer.size(), "stun.bad-stream");
                Close(socket, true);
                return;
            }
            if (*length == 0 || *length > stream.buffer.size())
            {
                return;
            }
            if (!Obey(now, socket, stream, flow, {stream.buffer.data(), *length}))
            {
                return;
            }
            stream.buffer.erase(stream.buffer.begin(),
                                stream.buffer.begin() + static_cast<std::ptrdiff_t>(*length));
        }
    }

    void
    Sent(SocketId socket, size_t bytes)
    {
        const auto found = m_streams.find(socket);
        if (found != m_streams.end())
        {
            found->second.unsent -= std::min(bytes, found->second.unsent);
        }
    }

    void
    Close(SocketId socket, bool reset)
    {
        if (m_streams.count(socket) != 0)
        {
            orders.emplace_back(CloseOrder{socket, reset});
            Forget(socket);
        }
    }

    void
    Timeout(TimePoint now)
    {
        while (const std::optional<uint64_t> socket = m_deadlines.PopDue(now))
        {
            Stream& stream = m_streams.at(*socket);
            stream.entered = TIME_NEVER;
            Close(*socket, stream.called);
        }
    }

    [[nodiscard]] TimePoint
    NextTimeout() const
    {
        return m_deadlines.Next();
    }

    [[nodiscard]] bool
    IsIdle() const
    {
        return m_listeners.empty() && m_streams.empty();
    }

    [[nodiscard]] size_t
    StateSize() const
    {
        return m_streams.size() + m_ledger.Size();
    }

    const StunServerSettings settings;
    StunServerCounters counters;
    std::string listenFault;
    std::vector<MachineOrder> orders;

  private:
    struct Listener
    {
        Protocol protocol;
        Endpoint local;
    };

    /// A client's connection, or one to a client that asked for it.
    struct Stream
    {
        bool called = false;
        Endpoint local;
        Endpoint peer;
        StunId id{}; ///< called: of the request
        std::vector<uint8_t> buffer;
        size_t unsent = 0;
        TimePoint entered = TIME_NEVER;
    };

    struct Share
    {
        size_t streams = 0;
        size_t calls = 0;
    };

    /// False: counted, nothing more to do.
    bool
    Read(TimePoint now, const FlowKey& flow, ByteView bytes, StunMessage& message)
    {
        counters.receivedBytes += bytes.size;
        const StunFault fault = DecodeStun(bytes, message);
        if (fault != StunFault::None)
        {
            Drop(now, flow, bytes.size, ToString(fault));
            return false;
        }
        counters.requests += message.kind == StunClass::Request ? 1 : 0;
        return true;
    }

    void
    CountAnswer(const StunAnswer& answer)
    {
        ++(answer.isError ? counters.refused : counters.answered);
        counters.sentBytes += answer.bytes.size();
    }

    /// Answers one message of a stream; false when the stream is over.
    bool
    Obey(TimePoint now, SocketId socket, Stream& stream, const FlowKey& flow, ByteView bytes)
    {
        StunMessage message;
        if (!Read(now, flow, bytes, message))
        {
            Close(socket, true);
            return false;
        }
        StunAnswer answer =
            AnswerStun({message, Protocol::Tcp, stream.local, stream.peer, bytes.size},
                       m_endpoints,
                       settings.software);
        if (!answer.silence.empty())
        {
            Drop(now, flow, bytes.size, answer.silence);
            return true;
        }
        if (stream.unsent + answer.bytes.size() > UNSENT_LIMIT)
        {
            Drop(now, flow, bytes.size, "stun.slow-reader");
            Close(socket, true);
            return false;
        }
        CountAnswer(answer);
        stream.unsent += answer.bytes.size();
        orders.emplace_back(SendOrder{socket, std::move(answer.bytes)});
        if (answer.call)
        {
            Call(now, flow, message.id, *answer.call);
        }
        return true;
    }

    /// CONNECT-FROM: only to where this very connection comes from, so that nobody can aim it
    /// (promise T1), and few at once.
    void
    Call(TimePoint now, const FlowKey& flow, const StunId& id, StunChange change)
    {
        const size_t mine = m_shares[flow.source.address].calls;
        if (m_calls >= settings.maxCalls || mine >= settings.maxCallsPerSource)
        {
            Drop(now, flow, 0, "stun.too-many-calls");
            return;
        }
        const auto from = m_endpoints.Changed(flow.destination, {change.address, false});
        const SocketId socket = ++m_lastSocket;
        Stream& stream = m_streams[socket];
        stream.called = true;
        // Another port: any but those that the client has contacted.
        stream.local = {from->address, change.port ? uint16_t{0} : from->port};
        stream.peer = flow.source;
        stream.id = id;
        Count(stream, 1);
        ++counters.calls;
        m_deadlines.Schedule(socket, stream.entered, now + settings.callPatience);
        orders.emplace_back(ConnectOrder{socket, stream.local, stream.peer});
    }

    /// A newcomer displaces the oldest connection of its address when that has its share, or else
    /// the oldest of all when there is no room.
    void
    MakeRoom(Ipv4 address)
    {
        const auto share = m_shares.find(address);
        const bool greedy =
            share != m_shares.end() && share->second.streams >= settings.maxConnectionsPerSource;
        if (!greedy && m_streams.size() - m_calls < settings.maxConnections)
        {
            return;
        }
        const auto oldest = std::find_if(
            m_streams.begin(),
            m_streams.end(),
            [&](const auto& entry)
            { return !entry.second.called && (!greedy || entry.second.peer.address == address); });
        if (oldest != m_streams.end())
        {
            Close(oldest->first, true);
        }
    }

    void
    Count(const Stream& stream, int by)
    {
        Share& share = m_shares[stream.peer.address];
        const auto step = static_cast<size_t>(by); // wraps around for -1
        (stream.called ? share.calls : share.streams) += step;
        m_calls += stream.called ? step : 0;
        if (share.calls == 0 && share.streams == 0)
        {
            m_shares.erase(stream.peer.address);
        }
    }

    void
    Forget(SocketId socket)
    {
        const auto found = m_streams.find(socket);
        if (found != m_streams.end())
        {
            m_deadlines.Schedule(socket, found->second.entered, TIME_NEVER);
            Count(found->second, -1);
            m_streams.erase(found);
        }
    }

    [[nodiscard]] SocketId
    FindUdp(Endpoint local) const
    {
        const auto found = std::find_if(m_listeners.begin(),
                                        m_listeners.end(),
                                        [&](const auto& entry) {
                                            return entry.second.protocol == Protocol::Udp &&
                                                   entry.second.local == local;
                                        });
        return found == m_listeners.end() ? 0 : found->first;
    }

    void
    Drop(TimePoint now, const FlowKey& flow, size_t bytes, std::string_view reason)
    {
        ++counters.drops[reason];
        if (m_trace != nullptr)
        {
            TraceEvent event;
            event.when = now;
            event.kind = TraceKind::PacketDropped;
            event.flow = flow;
            event.reason = reason;
            event.bytes = static_cast<uint32_t>(bytes);
            m_trace->Emit(event);
        }
    }

    TraceSink* m_trace;
    StunEndpoints m_endpoints;
    StunLedger m_ledger;
    SocketId m_lastSocket = 0;
    std::map<SocketId, Listener> m_listeners;
    std::map<SocketId, Stream> m_streams; ///< in the order of their coming
    std::map<Ipv4, Share> m_shares;
    size_t m_calls = 0;
    DeadlineQueue m_deadlines;
};

StunServer::StunServer(StunServerSettings settings, TraceSink* trace)
    : m_impl(std::make_unique<Impl>(std::move(settings), trace))
{
}

StunServer::~StunServer() = default;

void
StunServer::Start(TimePoint /*now*/)
{
    m_impl->Start();
}

void
StunServer::Stop(TimePoint /*now*/)
{
    m_impl->Stop();
}

void
StunServer::Listening(TimePoint /*now*/, SocketId /*socket*/, Endpoint /*local*/)
{
}

SocketId
StunServer::Accepted(TimePoint now, SocketId listener, Endpoint /*local*/, Endpoint peer)
{
    return m_impl->Accept(now, listener, peer);
}

void
StunServer::Connected(TimePoint /*now*/, SocketId socket, Endpoint /*local*/)
{
    m_impl->Connected(socket);
}

void
StunServer::Failed(TimePoint /*now*/, SocketId socket, std::string_view why)
{
    m_impl->Fail(socket, why);
}

void
StunServer::Received(TimePoint now, SocketId socket, ByteView bytes)
{
    m_impl->Received(now, socket, bytes);
}

void
StunServer::EndOfStream(TimePoint /*now*/, SocketId socket)
{
    m_impl->Close(socket, false);
}

void
StunServer::Sent(TimePoint /*now*/, SocketId socket, size_t bytes)
{
    m_impl->Sent(socket, bytes);
}

void
StunServer::Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes)
{
    m_impl->Datagram(now, socket, from, bytes);
}

void
StunServer::JoinEnded(TimePoint /*now*/,
                      SocketId /*a*/,
                      SocketId /*b*/,
                      uint64_t /*bytesFromA*/,
                      uint64_t /*bytesFromB*/,
                      bool /*reset*/)
{
}

void
StunServer::Relayed(TimePoint /*now*/, uint64_t /*relay*/, size_t /*bytes*/, bool /*outwards*/)
{
}

std::vector<MachineOrder>
StunServer::TakeOrders()
{
    return std::exchange(m_impl->orders, {});
}

TimePoint
StunServer::NextTimeout() const
{
    return m_impl->NextTimeout();
}

void
StunServer::Timeout(TimePoint now)
{
    m_impl->Timeout(now);
}

bool
StunServer::IsIdle() const
{
    return m_impl->IsIdle();
}

const StunServerCounters&
StunServer::Counters() const
{
    return m_impl->counters;
}

const std::string&
StunServer::ListenFault() const
{
    return m_impl->listenFault;
}

size_t
StunServer::StateSize() const
{
    return m_impl->StateSize();
}

} // namespace isb
