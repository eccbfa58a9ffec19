// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/nat-tcp-tests.h"

#include <utility>

namespace isb
{

namespace
{

/// Longest message that is awaited on a stream.
constexpr size_t STREAM_LIMIT = 2048;
/// Local ports that are tried for the first connection.
constexpr uint32_t MOST_TRIES = 3;

} // namespace

NatTcpTests::NatTcpTests(NatTestBench& bench, OnDone done)
    : m_bench(bench),
      m_done(std::move(done))
{
}

void
NatTcpTests::Run(TimePoint now)
{
    First(now, 0);
}

void
NatTcpTests::Begin()
{
    ++m_running;
}

void
NatTcpTests::End(TimePoint now)
{
    --m_running;
    if (m_running > 0)
    {
        return;
    }
    NatTypeReport& report = m_bench.report;
    const bool reachable = report.mapping == FoundBehaviour::EndpointIndependent ||
                           report.filtering == FoundBehaviour::EndpointIndependent;
    if (m_hairpinHeard)
    {
        report.hairpin = FoundAnswer::Yes;
    }
    else if (m_hairpinRan && reachable)
    {
        report.hairpin = FoundAnswer::No;
    }
    else if (m_hairpinRan)
    {
        m_bench.Note("hairpin: the mappings towards each other are not known, the filters drop");
    }
    m_done(now);
}

// --- streams ---------------------------------------------------------------------------------

void
NatTcpTests::Connect(TimePoint now, uint16_t from, Endpoint to, OnStream then)
{
    const SocketId socket = m_bench.NewSocket();
    m_streams[socket].then = std::move(then);
    m_bench.orders.emplace_back(
        ConnectOrder{socket, Endpoint{m_bench.settings.local.address, from}, to});
    m_bench.At(now + m_bench.settings.tcpPatience,
               [this, socket](TimePoint later)
               {
                   const auto found = m_streams.find(socket);
                   if (found != m_streams.end() && !found->second.connected)
                   {
                       m_bench.Close(socket);
                       Drop(later, socket);
                   }
               });
}

void
NatTcpTests::ListenAndConnect(TimePoint /*now*/, uint16_t port, OnStream then)
{
    const SocketId listener = m_bench.NewSocket();
    m_listeners[listener] = [this, port, then = std::move(then)](TimePoint later, SocketId socket)
    {
        if (socket == 0)
        {
            then(later, 0);
            return;
        }
        Connect(later, port, m_bench.settings.server, then);
    };
    m_bench.orders.emplace_back(
        ListenOrder{listener, Protocol::Tcp, Endpoint{m_bench.settings.local.address, port}});
}

void
NatTcpTests::Query(TimePoint now,
                   SocketId socket,
                   std::vector<StunAttribute> attributes,
                   OnMessage then)
{
    const auto found = m_streams.find(socket);
    if (found == m_streams.end())
    {
        then(now, nullptr);
        return;
    }
    const StunId id = m_bench.NewId();
    found->second.asked = id;
    found->second.reply = std::move(then);
    Send(socket, m_bench.MakeRequest(id, std::move(attributes)));
    m_bench.At(now + m_bench.settings.tcpPatience,
               [this, socket, id](TimePoint later)
               {
                   const auto waiting = m_streams.find(socket);
                   if (waiting != m_streams.end() && waiting->second.asked == id &&
                       waiting->second.reply)
                   {
                       const OnMessage reply = std::exchange(waiting->second.reply, nullptr);
                       reply(later, nullptr);
                   }
               });
}

void
NatTcpTests::Send(SocketId socket, std::vector<uint8_t> bytes)
{
    m_bench.orders.emplace_back(SendOrder{socket, std::move(bytes)});
}

void
NatTcpTests::Listening(TimePoint now, SocketId socket, Endpoint local)
{
    const auto found = m_listeners.find(socket);
    if (found != m_listeners.end() && found->second)
    {
        const OnStream then = std::exchange(found->second, nullptr);
        then(now, local.port == 0 ? 0 : socket);
    }
}

SocketId
NatTcpTests::Accepted(SocketId listener)
{
    const SocketId socket = m_bench.NewSocket();
    if (m_listeners.count(listener) == 0)
    {
        m_bench.Close(socket);
        return socket;
    }
    m_streams[socket].connected = true;
    m_bench.orders.emplace_back(ReadOrder{socket, READ_ALL});
    HairpinSay(socket);
    return socket;
}

void
NatTcpTests::Connected(TimePoint now, SocketId socket)
{
    const auto found = m_streams.find(socket);
    if (found == m_streams.end())
    {
        return;
    }
    found->second.connected = true;
    m_bench.orders.emplace_back(ReadOrder{socket, READ_ALL});
    const OnStream then = std::exchange(found->second.then, nullptr);
    then(now, socket);
}

/// It is gone: whoever waits for something of it waits in vain.
void
NatTcpTests::Drop(TimePoint now, SocketId socket)
{
    const auto found = m_streams.find(socket);
    if (found == m_streams.end())
    {
        return;
    }
    const Stream gone = std::move(found->second);
    m_streams.erase(found);
    if (gone.then)
    {
        gone.then(now, 0);
    }
    if (gone.reply)
    {
        gone.reply(now, nullptr);
    }
}

void
NatTcpTests::Failed(TimePoint now, SocketId socket)
{
    Listening(now, socket, {});
    m_listeners.erase(socket);
    Drop(now, socket);
}

void
NatTcpTests::Received(TimePoint now, SocketId socket, ByteView bytes)
{
    auto found = m_streams.find(socket);
    if (found == m_streams.end())
    {
        return;
    }
    std::vector<uint8_t>& buffer = found->second.buffer;
    buffer.insert(buffer.end(), bytes.data, bytes.data + bytes.size);
    while (found != m_streams.end())
    {
        std::vector<uint8_t>& held = found->second.buffer;
        const std::optional<size_t> length = StunLengthOf(held);
        if (!length || *length > STREAM_LIMIT)
        {
            m_bench.Close(socket);
            Drop(now, socket);
            return;
        }
        if (*length == 0 || *length > held.size())
        {
            return;
        }
        StunMessage message;
        const StunFault fault = DecodeStun({held.data(), *length}, message);
        held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(*length));
        if (fault == StunFault::None)
        {
            Give(now, message, found->second);
        }
        found = m_streams.find(socket);
    }
}

void
NatTcpTests::Give(TimePoint now, const StunMessage& message, Stream& stream)
{
    if (message.kind == StunClass::Indication)
    {
        const auto call = m_calls.find(message.id);
        if (call != m_calls.end())
        {
            const auto then = std::move(call->second);
            m_calls.erase(call);
            then(now);
        }
        m_hairpinHeard = m_hairpinHeard || m_hairpinIds.count(message.id) != 0;
        return;
    }
    if (stream.reply && message.id == stream.asked && message.kind != StunClass::Request)
    {
        const OnMessage then = std::exchange(stream.reply, nullptr);
        then(now, message.kind == StunClass::Success ? &message : nullptr);
    }
}

// --- mapping ---------------------------------------------------------------------------------

void
NatTcpTests::First(TimePoint now, uint32_t tries)
{
    const uint16_t wanted = m_bench.settings.local.port;
    const uint16_t port = wanted != 0 && tries == 0 ? wanted : m_bench.NewPort();
    Connect(now,
            port,
            m_bench.settings.server,
            [this, port, tries](TimePoint later, SocketId socket)
            {
                if (socket == 0 && tries + 1 < MOST_TRIES)
                {
                    First(later, tries + 1); // the port may be taken
                    return;
                }
                Query(later,
                      socket,
                      {},
                      [this, port](TimePoint then, const StunMessage* message)
                      {
                          if (message == nullptr || !message->Mapped())
                          {
                              m_bench.report.classic = ClassicNatType::Blocked;
                              m_bench.Note("the server does not answer");
                              m_done(then);
                              return;
                          }
                          Learn(then, port, *message);
                      });
            });
}

void
NatTcpTests::Learn(TimePoint now, uint16_t port, const StunMessage& message)
{
    NatTypeReport& report = m_bench.report;
    report.local = {m_bench.settings.local.address, port};
    report.mapped = *message.Mapped();
    m_bench.Saw(port, report.mapped);
    if (report.local.address.value == 0)
    {
        m_bench.Note("the own address is not known: translation cannot be seen by it");
    }
    else
    {
        report.translated = report.local == report.mapped ? FoundAnswer::No : FoundAnswer::Yes;
    }
    if (report.alternate.port == 0)
    {
        report.alternate = message.Address(StunType::OtherAddress).value_or(Endpoint{});
    }
    if (!m_bench.HasAlternate())
    {
        m_bench.Note("the server has no other address: mapping and type are not told");
    }
    Begin(); // until all are begun
    if (m_bench.settings.mapping && m_bench.HasAlternate())
    {
        MappingII(now, port);
    }
    if (m_bench.settings.filtering)
    {
        Filtering(now);
    }
    if (m_bench.settings.hairpin)
    {
        Hairpin(now);
    }
    End(now);
}

void
NatTcpTests::Mapped(TimePoint now,
                    uint16_t port,
                    Endpoint to,
                    std::function<void(TimePoint now, Endpoint mapped)> then)
{
    Connect(now,
            port,
            to,
            [this, then = std::move(then)](TimePoint later, SocketId socket)
            {
                Query(later,
                      socket,
                      {},
                      [this, then](TimePoint last, const StunMessage* message)
                      {
                          const auto mapped = message == nullptr ? std::nullopt : message->Mapped();
                          if (!mapped)
                          {
                              m_bench.Note("mapping: no answer of the alternate address");
                              End(last);
                              return;
                          }
                          m_bench.report.seen.push_back(*mapped);
                          then(last, *mapped);
                      });
            });
}

void
NatTcpTests::MappingII(TimePoint now, uint16_t port)
{
    NatTypeReport& report = m_bench.report;
    if (report.translated == FoundAnswer::No)
    {
        report.mapping = FoundBehaviour::EndpointIndependent;
        return;
    }
    Begin();
    Mapped(now,
           port,
           {report.alternate.address, report.server.port},
           [this, port](TimePoint later, Endpoint second)
           {
               if (second == m_bench.report.mapped)
               {
                   m_bench.report.mapping = FoundBehaviour::EndpointIndependent;
                   End(later);
                   return;
               }
               MappingIII(later, port, second);
           });
}

void
NatTcpTests::MappingIII(TimePoint now, uint16_t port, Endpoint second)
{
    Mapped(now,
           port,
           m_bench.report.alternate,
           [this, second](TimePoint later, Endpoint third)
           {
               m_bench.report.mapping = third == second ? FoundBehaviour::AddressDependent
                                                        : FoundBehaviour::AddressAndPortDependent;
               End(later);
           });
}

// --- filtering -------------------------------------------------------------------------------

void
NatTcpTests::Filtering(TimePoint now)
{
    Begin();
    ListenAndConnect(now,
                     m_bench.NewPort(),
                     [this](TimePoint later, SocketId socket)
                     {
                         if (socket == 0)
                         {
                             m_bench.Note("filtering: no connection");
                             End(later);
                             return;
                         }
                         if (!m_bench.HasAlternate())
                         {
                             FilteringIII(later, socket);
                             return;
                         }
                         Call(later,
                              socket,
                              {true, true},
                              [this, socket](TimePoint last, FoundAnswer came)
                              {
                                  if (came != FoundAnswer::No)
                                  {
                                      m_bench.report.filtering =
                                          came == FoundAnswer::Yes
                                              ? FoundBehaviour::EndpointIndependent
                                              : FoundBehaviour::Unknown;
                                      End(last);
                                      return;
                                  }
                                  FilteringIII(last, socket);
                              });
                     });
}

void
NatTcpTests::FilteringIII(TimePoint now, SocketId socket)
{
    Call(now,
         socket,
         {false, true},
         [this](TimePoint later, FoundAnswer came)
         {
             if (came == FoundAnswer::No)
             {
                 m_bench.report.filtering = FoundBehaviour::AddressAndPortDependent;
             }
             else if (came == FoundAnswer::Yes && m_bench.HasAlternate())
             {
                 m_bench.report.filtering = FoundBehaviour::AddressDependent;
             }
             else if (came == FoundAnswer::Yes)
             {
                 m_bench.Note("filtering: not by port; with one address more is not told");
             }
             End(later);
         });
}

void
NatTcpTests::Call(TimePoint now,
                  SocketId socket,
                  StunChange change,
                  std::function<void(TimePoint now, FoundAnswer came)> then)
{
    Query(now,
          socket,
          {MakeStunChange(StunType::ConnectFrom, change)},
          [this, socket, then = std::move(then)](TimePoint later, const StunMessage* message)
          {
              if (message == nullptr || message->Find(StunType::ConnectFrom) == nullptr)
              {
                  m_bench.Note("filtering: the server does not connect to clients");
                  then(later, FoundAnswer::Unknown);
                  return;
              }
              const StunId id = message->id;
              m_calls[id] = [then](TimePoint last) { then(last, FoundAnswer::Yes); };
              m_bench.At(later + m_bench.settings.tcpPatience,
                         [this, id, then](TimePoint last)
                         {
                             if (m_calls.erase(id) != 0)
                             {
                                 then(last, FoundAnswer::No);
                             }
                         });
          });
}

// --- hairpin ---------------------------------------------------------------------------------

void
NatTcpTests::Hairpin(TimePoint now)
{
    if (m_bench.report.translated == FoundAnswer::No)
    {
        m_bench.Note("hairpin: nothing is translated");
        return;
    }
    Begin();
    for (int i = 0; i < 2; ++i)
    {
        const uint16_t port = m_bench.NewPort();
        ListenAndConnect(now,
                         port,
                         [this, port](TimePoint later, SocketId socket)
                         {
                             Query(later,
                                   socket,
                                   {},
                                   [this, port](TimePoint last, const StunMessage* message)
                                   {
                                       const auto mapped =
                                           message == nullptr ? std::nullopt : message->Mapped();
                                       m_sides.push_back({port, mapped.value_or(Endpoint{})});
                                       if (m_sides.size() == 2)
                                       {
                                           HairpinMeet(last);
                                       }
                                   });
                         });
    }
}

void
NatTcpTests::HairpinMeet(TimePoint now)
{
    if (m_sides[0].mapped.port == 0 || m_sides[1].mapped.port == 0)
    {
        m_bench.Note("hairpin: no answer");
        End(now);
        return;
    }
    m_hairpinRan = true;
    for (size_t i = 0; i < 2; ++i)
    {
        m_bench.Saw(m_sides[i].port, m_sides[i].mapped);
        Connect(now,
                m_sides[i].port,
                m_sides[1 - i].mapped,
                [this](TimePoint /*later*/, SocketId socket) { HairpinSay(socket); });
    }
    m_bench.At(now + m_bench.settings.tcpPatience, [this](TimePoint later) { End(later); });
}

void
NatTcpTests::HairpinSay(SocketId socket)
{
    if (socket == 0 || !m_hairpinRan)
    {
        return;
    }
    StunMessage said;
    said.kind = StunClass::Indication;
    said.id = m_bench.NewId();
    m_hairpinIds.insert(said.id);
    Send(socket, EncodeStun(said));
}

} // namespace isb
