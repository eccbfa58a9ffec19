// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/netns-run.h"

#include "emulation/lab/lab-gate.h"
#include "emulation/lab/netns-programs.h"
#include "emulation/lab/netns-traffic.h"
#include "model/lab/lab-result-json.h"

#include <algorithm>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <deque>
#include <stdexcept>

namespace isb
{

namespace
{

constexpr Duration LOOK = std::chrono::milliseconds(50);
constexpr Duration DRAIN = std::chrono::milliseconds(200); ///< for what is under way at the end

/// All of one run.
class NetnsWorld
{
  public:
    NetnsWorld(const Lab& lab, const NetnsOptions& options, std::ostream& out)
        : m_lab(lab),
          m_options(options),
          m_events(options.events ? &out : nullptr),
          m_wiring(lab),
          m_gates(MakeGates()),
          m_programs({m_context, m_clock, lab, m_wiring, m_events, options.seed}),
          m_traffic({m_context, m_clock, lab, m_wiring, m_events}),
          m_look(m_context),
          m_signals(m_context, SIGINT, SIGTERM)
    {
    }

    void
    Run()
    {
        m_signals.async_wait(
            [this](const std::error_code& error, int number)
            {
                if (!error)
                {
                    m_signal = number;
                    m_context.stop();
                }
            });
        m_clock.Restart();
        for (const auto& gate : m_gates)
        {
            if (gate)
            {
                gate->Start();
            }
        }
        m_programs.Start();
        m_traffic.Start();
        StartIncidents();
        m_end = m_lab.duration + DRAIN;
        LookAgain();
        m_context.run();
        if (m_signal != 0)
        {
            throw std::runtime_error("ended by signal " + std::to_string(m_signal));
        }
    }

    [[nodiscard]] LabResult
    Result() const
    {
        LabResult result;
        result.end = m_clock.Now();
        result.scenario = m_lab.name;
        result.seed = m_options.seed;
        result.traffic = m_traffic.Results(result.end);
        for (size_t i = 0; i < m_lab.boxes.size(); ++i)
        {
            BoxResult& box = result.boxes.emplace_back();
            box.name = m_lab.boxes[i].name;
            box.role = ToString(m_lab.boxes[i].role);
            if (m_gates[i])
            {
                m_gates[i]->AddTo(box);
            }
        }
        result.subscriptions = m_programs.Subscriptions();
        result.brokers = m_programs.Brokers();
        result.translators = m_programs.Translators();
        result.expectations = JudgeExpectations(m_lab, result);
        return result;
    }

    [[nodiscard]] uint64_t
    Events() const
    {
        return m_events.Count();
    }

  private:
    std::vector<std::unique_ptr<LabGate>>
    MakeGates()
    {
        std::vector<std::unique_ptr<LabGate>> gates;
        SeededRng seeds(~m_options.seed);
        for (size_t i = 0; i < m_lab.boxes.size(); ++i)
        {
            const Box& box = m_lab.boxes[i];
            gates.push_back(LabGate::Make({m_context, m_clock},
                                          box,
                                          m_wiring.Box(i),
                                          seeds.Next(),
                                          m_events.Of(box.name)));
            if (gates.back())
            {
                m_wiring.Divert(i, LabGate::INSIDE, LabGate::OUTSIDE);
            }
        }
        return gates;
    }

    void
    StartIncidents()
    {
        for (const Incident& incident : m_lab.incidents)
        {
            for (size_t i = 0; i < m_lab.boxes.size(); ++i)
            {
                if (m_lab.boxes[i].name != incident.who || !m_gates[i])
                {
                    continue;
                }
                auto& timer = m_incidents.emplace_back(m_context, m_clock.AtClock(incident.at));
                timer.async_wait(
                    [this, i, kind = incident.kind](const std::error_code& error)
                    {
                        if (!error)
                        {
                            m_gates[i]->Happen(m_clock.Now(), kind);
                        }
                    });
            }
        }
    }

    void
    LookAgain()
    {
        m_look.expires_after(LOOK);
        m_look.async_wait(
            [this](const std::error_code& error)
            {
                if (!error)
                {
                    Look();
                }
            });
    }

    void
    Look()
    {
        const TimePoint now = m_clock.Now();
        if (now >= m_end)
        {
            m_context.stop();
            return;
        }
        if (m_end > m_lab.duration && IsDone())
        {
            m_end = std::min(now + DRAIN, m_lab.duration);
        }
        if (m_options.progress && now >= m_shown + 4 * LOOK)
        {
            m_shown = now;
            std::fprintf(stderr,
                         "{\"progress\":%.4f}\n",
                         static_cast<double>(now.count()) / static_cast<double>(m_end.count()));
        }
        LookAgain();
    }

    /// Nothing is left to happen, and nothing left to hope for.
    [[nodiscard]] bool
    IsDone() const
    {
        if (m_lab.traffic.empty() || !m_traffic.IsDone())
        {
            return false;
        }
        const LabResult result = Result();
        return std::all_of(result.expectations.begin(),
                           result.expectations.end(),
                           [](const ExpectationResult& item) { return item.holds; });
    }

    const Lab& m_lab;
    const NetnsOptions& m_options;
    asio::io_context m_context{1};
    RunClock m_clock;
    EventPrinter m_events;
    LabWiring m_wiring;
    std::vector<std::unique_ptr<LabGate>> m_gates;
    NetnsPrograms m_programs;
    NetnsTraffic m_traffic;
    std::deque<asio::steady_timer> m_incidents;
    asio::steady_timer m_look;
    asio::signal_set m_signals;
    int m_signal = 0;
    TimePoint m_end{0};
    TimePoint m_shown{0};
};

} // namespace

NetnsOutcome
RunNetns(const Lab& lab, const NetnsOptions& options, std::ostream& out)
{
    const RunClock whole;
    NetnsOutcome outcome;
    const auto seconds = [](Duration time) { return static_cast<double>(time.count()) / 1e9; };
    NetnsWorld world(lab, options, out);
    outcome.setupSeconds = seconds(whole.Now());
    world.Run();
    outcome.result = world.Result();
    outcome.events = world.Events();
    outcome.wallSeconds = seconds(whole.Now());
    out << ResultLine(outcome.result) << '\n' << std::flush;
    if (!out)
    {
        throw std::runtime_error("write to standard output failed");
    }
    return outcome;
}

} // namespace isb
