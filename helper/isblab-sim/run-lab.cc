// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/isblab-sim/run-lab.h"

#include "helper/isblab-sim/capture.h"
#include "helper/lab-installer.h"

#include "model/lab/lab-result-json.h"
#include "model/ns3/sim-time.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

namespace
{

using WallClock = std::chrono::steady_clock;

/// Looks at the wall clock 1000 times a run and prints a line when 200 ms have passed.
class Progress
{
  public:
    explicit Progress(isb::Duration duration)
        : m_duration(duration),
          m_step(std::max(duration / 1000, isb::Duration(1)))
    {
        Schedule();
    }

  private:
    void
    Schedule()
    {
        ns3::Simulator::Schedule(ns3::ToTime(m_step), [this] { Look(); });
    }

    void
    Look()
    {
        const auto now = WallClock::now();
        if (now - m_last >= std::chrono::milliseconds(200))
        {
            m_last = now;
            const double part = static_cast<double>(ns3::SimulatedNow().count()) /
                                static_cast<double>(m_duration.count());
            std::fprintf(stderr, "{\"progress\":%.4f}\n", std::min(part, 1.0));
        }
        Schedule();
    }

    isb::Duration m_duration;
    isb::Duration m_step;
    WallClock::time_point m_last = WallClock::now();
};

} // namespace

isb::Result<RunOutcome>
RunLab(const isb::Lab& lab, const RunOptions& options, std::ostream& out)
{
    RunOutcome outcome;
    const auto begin = WallClock::now();
    const auto elapsed = [&]
    { return std::chrono::duration<double>(WallClock::now() - begin).count(); };
    std::optional<Capture> capture;
    {
        ns3::LabInstaller installer(lab, options.seed);
        if (options.events)
        {
            installer.SetEventCallback([&](const isb::TraceEvent& event, const std::string& node)
                                       { out << ToJson(event, node) << '\n'; });
        }
        if (!options.pcapDir.empty())
        {
            capture.emplace(options.pcapDir);
            installer.SetWireCallback([&](const std::string& box,
                                          const std::string& port,
                                          ns3::Ptr<const ns3::Packet> packet,
                                          bool leaves)
                                      { capture->Write(box, port, packet, leaves); });
        }
        if (auto error = installer.Install())
        {
            ns3::Simulator::Destroy();
            outcome.refusal = *error;
            return outcome;
        }
        std::optional<Progress> progress;
        if (options.progress)
        {
            progress.emplace(lab.duration);
        }
        outcome.setupSeconds = elapsed();
        ns3::Simulator::Stop(ns3::ToTime(lab.duration + ns3::LabInstaller::DrainTime()));
        ns3::Simulator::Run();
        outcome.result = installer.Result();
        outcome.simulatorEvents = ns3::Simulator::GetEventCount();
    }
    ns3::Simulator::Destroy();
    outcome.wallSeconds = elapsed();
    out << isb::ResultLine(outcome.result) << '\n' << std::flush;
    if (!out)
    {
        return isb::Error{"write to standard output failed"};
    }
    const std::string unwritten = capture ? capture->FirstFailure() : std::string();
    if (!unwritten.empty())
    {
        return isb::Error{"write " + unwritten + ": failed"};
    }
    return outcome;
}

std::string
FindRefusal(const isb::Lab& lab)
{
    std::optional<std::string> refusal;
    {
        ns3::LabInstaller installer(lab, lab.seed);
        refusal = installer.Install();
    }
    ns3::Simulator::Destroy();
    return refusal.value_or(std::string());
}
