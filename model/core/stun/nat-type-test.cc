// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/nat-type-test.h"

#include "model/core/stun/nat-tcp-tests.h"
#include "model/core/stun/nat-udp-tests.h"

#include <utility>

namespace isb
{

class NatTypeTest::Impl
{
  public:
    Impl(const NatTypeSettings& settings, Rng& random)
        : bench(settings, random),
          udp(bench, [this](TimePoint /*now*/) { m_over = true; }),
          tcp(bench, [this](TimePoint /*now*/) { m_over = true; })
    {
    }

    [[nodiscard]] bool
    IsUdp() const
    {
        return bench.settings.protocol == Protocol::Udp;
    }

    /// After every input: nothing of the test is running then, so all of it can be closed.
    void
    Settle()
    {
        if (m_over && !report)
        {
            bench.Stop();
            report = bench.report;
        }
    }

    NatTestBench bench;
    NatUdpTests udp;
    NatTcpTests tcp;
    std::optional<NatTypeReport> report;

  private:
    bool m_over = false;
};

NatTypeTest::NatTypeTest(NatTypeSettings settings, Rng& random)
    : m_impl(std::make_unique<Impl>(settings, random))
{
}

NatTypeTest::~NatTypeTest() = default;

void
NatTypeTest::Start(TimePoint now)
{
    if (m_impl->IsUdp())
    {
        m_impl->udp.Run();
    }
    else
    {
        m_impl->tcp.Run(now);
    }
    m_impl->Settle();
}

void
NatTypeTest::Stop(TimePoint /*now*/)
{
    m_impl->bench.Stop();
}

void
NatTypeTest::Listening(TimePoint now, SocketId socket, Endpoint local)
{
    m_impl->bench.Listening(now, socket, local);
    m_impl->tcp.Listening(now, socket, local);
    m_impl->Settle();
}

SocketId
NatTypeTest::Accepted(TimePoint /*now*/, SocketId listener, Endpoint /*local*/, Endpoint /*peer*/)
{
    const SocketId socket = m_impl->tcp.Accepted(listener);
    if (m_impl->report)
    {
        m_impl->bench.Close(socket);
    }
    return socket;
}

void
NatTypeTest::Connected(TimePoint now, SocketId socket, Endpoint /*local*/)
{
    m_impl->tcp.Connected(now, socket);
    m_impl->Settle();
}

void
NatTypeTest::Failed(TimePoint now, SocketId socket, std::string_view /*why*/)
{
    m_impl->bench.Failed(now, socket);
    m_impl->tcp.Failed(now, socket);
    m_impl->Settle();
}

void
NatTypeTest::Received(TimePoint now, SocketId socket, ByteView bytes)
{
    m_impl->tcp.Received(now, socket, bytes);
    m_impl->Settle();
}

void
NatTypeTest::EndOfStream(TimePoint now, SocketId socket)
{
    m_impl->bench.Close(socket);
    m_impl->tcp.Failed(now, socket);
    m_impl->Settle();
}

void
NatTypeTest::Sent(TimePoint /*now*/, SocketId /*socket*/, size_t /*bytes*/)
{
}

void
NatTypeTest::Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes)
{
    m_impl->bench.Datagram(now, socket, from, bytes);
    m_impl->Settle();
}

void
NatTypeTest::JoinEnded(TimePoint /*now*/,
                       SocketId /*a*/,
                       SocketId /*b*/,
                       uint64_t /*bytesFromA*/,
                       uint64_t /*bytesFromB*/,
                       bool /*reset*/)
{
}

void
NatTypeTest::Relayed(TimePoint /*now*/, uint64_t /*relay*/, size_t /*bytes*/, bool /*outwards*/)
{
}

std::vector<MachineOrder>
NatTypeTest::TakeOrders()
{
    return std::exchange(m_impl->bench.orders, {});
}

TimePoint
NatTypeTest::NextTimeout() const
{
    return m_impl->bench.NextTimeout();
}

void
NatTypeTest::Timeout(TimePoint now)
{
    m_impl->bench.Timeout(now);
    m_impl->Settle();
}

bool
NatTypeTest::IsIdle() const
{
    return !m_impl->bench.HasSockets();
}

std::optional<NatTypeReport>
NatTypeTest::Report() const
{
    return m_impl->report;
}

} // namespace isb
