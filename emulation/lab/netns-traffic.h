// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_NETNS_TRAFFIC_H
#define ISB_EMULATION_LAB_NETNS_TRAFFIC_H

#include "emulation/io/machine-driver.h"
#include "emulation/lab/event-printer.h"
#include "emulation/lab/lab-wiring.h"
#include "emulation/lab/traffic-machine.h"

#include <asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace isb
{

/// The unmodified clients and servers of a Lab, on sockets of their hosts.
class NetnsTraffic
{
  public:
    /// What they share; all must outlive them.
    struct World
    {
        asio::io_context& context;
        const RunClock& clock;
        const Lab& lab;
        LabWiring& wiring;
        EventPrinter& events;
    };

    explicit NetnsTraffic(const World& world);

    /// Servers now, clients at their times.
    void Start();

    /// No client does anything more before its stop.
    [[nodiscard]] bool IsDone() const;

    [[nodiscard]] std::vector<TrafficResult> Results(TimePoint now) const;

  private:
    struct Program
    {
        std::unique_ptr<TrafficMachine> machine;
        std::unique_ptr<MachineDriver> driver;
    };

    struct Server
    {
        std::vector<TrafficMeter*> meters; ///< of its clients, by mark
        Program program;
    };

    struct Client
    {
        TrafficMeter meter;
        Program program;
        bool started = false;
    };

    /// Where a server is: host and port.
    using Place = std::pair<size_t, uint16_t>;

    void Add(size_t index);
    [[nodiscard]] Program Make(std::unique_ptr<TrafficMachine> machine, size_t host);
    void At(TimePoint when, std::function<void()> what);

    World m_world;
    std::deque<Client> m_clients; ///< by traffic
    std::map<Place, Server> m_servers;
    std::deque<asio::steady_timer> m_timers;
    uint16_t m_nextPort;
};

} // namespace isb

#endif
