// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/natbox/natbox-program.h"

#include "emulation/sys/capabilities.h"
#include "emulation/sys/system-error.h"
#include "emulation/sys/system-random.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>
#include <sstream>
#include <utility>

namespace isb
{

namespace
{

/// Independent generators from one seed, or the system's.
std::vector<std::unique_ptr<Rng>>
MakeGenerators(const std::optional<uint64_t>& seed)
{
    constexpr size_t COUNT = 3;
    std::vector<std::unique_ptr<Rng>> generators;
    SeededRng root(seed.value_or(0));
    for (size_t i = 0; i < COUNT; ++i)
    {
        if (seed)
        {
            generators.push_back(std::make_unique<SeededRng>(root.Next()));
        }
        else
        {
            generators.push_back(std::make_unique<SystemRandom>());
        }
    }
    return generators;
}

std::string
NameOf(const TunOffload& offload)
{
    std::string names;
    for (const auto& [isOn, name] : {std::pair(offload.checksums, "checksum"),
                                     std::pair(offload.tcpSegments, "tcp"),
                                     std::pair(offload.udpSegments, "udp")})
    {
        if (isOn)
        {
            names.append(names.empty() ? "" : ",").append(name);
        }
    }
    return names.empty() ? "none" : names;
}

} // namespace

std::optional<NatboxConfig>
LoadNatboxConfig(const std::string& path)
{
    errno = 0;
    std::ifstream file(path);
    std::ostringstream text;
    if (!file || !(text << file.rdbuf()))
    {
        std::cerr << SystemError("read configuration " + path, errno == 0 ? EIO : errno).what()
                  << "\n";
        return std::nullopt;
    }
    ParsedNatboxConfig parsed = ParseNatboxConfig(text.str(), path);
    for (const LabError& error : parsed.errors)
    {
        std::cerr << error.ToString() << "\n";
    }
    return std::move(parsed.config);
}

NatboxProgram::NatboxProgram(const NatboxConfig& config,
                             std::string path,
                             const std::string& events)
    : m_config(config),
      m_path(std::move(path)),
      m_start(std::chrono::steady_clock::now()),
      m_inside(m_io, config.inside.device, config.inside.address, config.inside.mtu),
      m_outside(m_io, config.outside.device, config.outside.address, config.outside.mtu),
      m_events(events.empty() ? nullptr : std::make_unique<EventWriter>(events, config.name)),
      m_generators(MakeGenerators(config.seed)),
      m_relay(std::make_unique<NatRelay>(
          config,
          NatRelay::Randomness{*m_generators[0], *m_generators[1], *m_generators[2]},
          *this,
          m_events.get())),
      m_signals(m_io, SIGINT, SIGTERM, SIGHUP),
      m_timer(m_io)
{
    if (!config.statistics.empty())
    {
        m_server = std::make_unique<StatisticsServer>(
            m_io,
            config.statistics,
            [this] { return StatisticsJson(Now(), m_config, *m_relay, m_counters); });
    }
    const std::string offloads = SetOffloads();
    DropCapabilities();
    std::cerr << "natbox: ready inside=" << config.inside.device
              << " outside=" << config.outside.device
              << " external=" << config.nat.external.ToString() << " " << offloads << "\n";
}

/// An impairment counts and delays packets as on a wire, so its side hands over none undone.
std::string
NatboxProgram::SetOffloads()
{
    const TunOffload inside =
        m_inside.SetOffload(m_config.offload && m_config.inside.impairment.IsTransparent());
    const TunOffload outside =
        m_outside.SetOffload(m_config.offload && m_config.outside.impairment.IsTransparent());
    return "offload-inside=" + NameOf(inside) + " offload-outside=" + NameOf(outside);
}

void
NatboxProgram::Run()
{
    Read(m_inside, NatSide::Inside);
    Read(m_outside, NatSide::Outside);
    WaitForSignal();
    m_io.run();
}

TimePoint
NatboxProgram::Now() const
{
    return std::chrono::steady_clock::now() - m_start;
}

void
NatboxProgram::Read(TunPort& port, NatSide side)
{
    port.Start(
        [this, side](const MutableBytes* packets, size_t count)
        {
            m_relay->Receive(Now(), side, packets, count);
            ArmTimer();
        });
}

void
NatboxProgram::Write(NatSide to, ByteView bytes)
{
    if (!(to == NatSide::Inside ? m_inside : m_outside).Write(bytes))
    {
        ++m_counters.unwritten;
    }
}

/// Only forward: a timer that fires too early finds nothing and is set anew.
void
NatboxProgram::ArmTimer()
{
    const TimePoint next = m_relay->NextTimeout();
    if (next >= m_armed)
    {
        return;
    }
    m_armed = next;
    m_timer.expires_at(m_start + next);
    m_timer.async_wait(
        [this](const std::error_code& error)
        {
            if (!error)
            {
                OnTimer();
            }
        });
}

void
NatboxProgram::OnTimer()
{
    m_armed = TIME_NEVER;
    m_relay->Timeout(Now());
    ArmTimer();
}

void
NatboxProgram::WaitForSignal()
{
    m_signals.async_wait(
        [this](const std::error_code& error, int number)
        {
            if (error)
            {
                return;
            }
            if (number != SIGHUP)
            {
                m_io.stop();
                return;
            }
            Reload();
            WaitForSignal();
        });
}

void
NatboxProgram::RefuseReload(const std::string& why)
{
    ++m_counters.refusedReloads;
    std::cerr << "natbox: reload refused, nothing is changed" << why << "\n";
}

void
NatboxProgram::Reload()
{
    auto wanted = LoadNatboxConfig(m_path);
    if (!wanted)
    {
        RefuseReload("");
        return;
    }
    const std::string_view fixed = FindFixedChange(m_config, *wanted);
    if (!fixed.empty())
    {
        RefuseReload(": '" + std::string(fixed) + "' in [natbox] needs a restart");
        return;
    }
    if (const auto error = m_relay->Reconfigure(Now(), *wanted))
    {
        RefuseReload(": " + error->text);
        return;
    }
    m_config = std::move(*wanted);
    ++m_counters.reloads;
    std::string offloads;
    try
    {
        offloads = SetOffloads();
    }
    catch (const SystemError& error)
    {
        offloads = error.what(); // no reason to lose the mappings
    }
    ArmTimer();
    std::cerr << "natbox: reloaded mappings=" << m_relay->Box().MappingCount() << " " << offloads
              << "\n";
}

} // namespace isb
