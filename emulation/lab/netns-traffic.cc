// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/netns-traffic.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr uint16_t FIRST_PORT = 5001; ///< of servers that are nobody's service
constexpr Ipv4 LOCALHOST{0x7f000001};

} // namespace

NetnsTraffic::NetnsTraffic(const World& world)
    : m_world(world),
      m_nextPort(FIRST_PORT)
{
    for (size_t i = 0; i < world.lab.traffic.size(); ++i)
    {
        Add(i);
    }
}

void
NetnsTraffic::Add(size_t index)
{
    const Traffic& traffic = m_world.lab.traffic[index];
    Endpoint target;
    Place place{traffic.to, 0};
    if (traffic.service)
    {
        const TrafficService& service = *traffic.service;
        target = {LOCALHOST,
                  m_world.lab.users[service.user].settings.wants[service.wanted].localPort};
        place.second =
            m_world.lab.users[service.provider].settings.provides[service.provided].server.port;
    }
    else
    {
        place.second = m_nextPort++;
        target = {m_world.lab.hosts[traffic.to].port.address, place.second};
    }
    Client& client = m_clients.emplace_back();
    Server& server = m_servers[place];
    const auto mark = static_cast<uint8_t>(server.meters.size());
    server.meters.push_back(&client.meter);
    if (!server.program.machine)
    {
        server.program = Make(MakeServer(traffic, place.second, server.meters), place.first);
    }
    TraceSink* trace = m_world.events.Of(m_world.lab.hosts[traffic.from].name);
    client.program = Make(MakeClient(traffic, target, mark, client.meter, trace), traffic.from);
}

NetnsTraffic::Program
NetnsTraffic::Make(std::unique_ptr<TrafficMachine> machine, size_t host)
{
    Program program;
    program.machine = std::move(machine);
    program.driver = std::make_unique<MachineDriver>(m_world.context,
                                                     m_world.clock,
                                                     *program.machine,
                                                     &m_world.wiring.Host(host));
    return program;
}

void
NetnsTraffic::At(TimePoint when, std::function<void()> what)
{
    m_timers.emplace_back(m_world.context, m_world.clock.AtClock(when))
        .async_wait(
            [what = std::move(what)](const std::error_code& error)
            {
                if (!error)
                {
                    what();
                }
            });
}

void
NetnsTraffic::Start()
{
    for (auto& entry : m_servers)
    {
        entry.second.program.driver->Start();
    }
    for (size_t i = 0; i < m_clients.size(); ++i)
    {
        const Traffic& traffic = m_world.lab.traffic[i];
        TraceSink* trace = m_world.events.Of(m_world.lab.hosts[traffic.from].name);
        const auto report = [this, trace, &traffic](TraceKind kind)
        {
            TraceEvent event;
            event.when = m_world.clock.Now();
            event.kind = kind;
            event.detail = traffic.name;
            trace->Emit(event);
        };
        At(traffic.start,
           [this, i, report]
           {
               report(TraceKind::TrafficStarted);
               m_clients[i].started = true;
               m_clients[i].program.driver->Start();
           });
        At(traffic.stop,
           [this, i, report]
           {
               report(TraceKind::TrafficStopped);
               m_clients[i].program.driver->Stop();
           });
    }
}

bool
NetnsTraffic::IsDone() const
{
    for (size_t i = 0; i < m_clients.size(); ++i)
    {
        const Client& client = m_clients[i];
        if (!client.started || !(client.program.driver->IsOver() ||
                                 client.program.machine->IsDone(m_world.lab.traffic[i].stop)))
        {
            return false;
        }
    }
    return true;
}

std::vector<TrafficResult>
NetnsTraffic::Results(TimePoint now) const
{
    std::vector<TrafficResult> results;
    for (size_t i = 0; i < m_clients.size(); ++i)
    {
        results.push_back(m_clients[i].meter.Result(m_world.lab, m_world.lab.traffic[i], now));
    }
    return results;
}

} // namespace isb
