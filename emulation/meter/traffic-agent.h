// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_METER_TRAFFIC_AGENT_H
#define ISB_EMULATION_METER_TRAFFIC_AGENT_H

#include "emulation/meter/traffic-command.h"
#include "emulation/meter/traffic-datagrams.h"
#include "emulation/meter/traffic-streams.h"

#include <optional>
#include <ostream>
#include <string>

namespace isb
{

/// One end of measured traffic: obeys lines on standard input, answers each by a line of JSON. Two
/// agents and somebody who tells them what to do measure any path; neither knows what it is. The
/// verbs are in doc/ist-bench.md.
class TrafficAgent
{
  public:
    /// `input`: descriptor of the orders; `out`: where answers go.
    TrafficAgent(int input, std::ostream& out);

    /// Obeys until the input ends. A fault of an order is answered {"error": ...}, the agent stays.
    void Run();

  private:
    /// The next line, waited for; nothing at the end of input.
    [[nodiscard]] std::optional<std::string> ReadLine();
    /// The answer to an order.
    [[nodiscard]] std::string Obey(const TrafficCommand& command);
    [[nodiscard]] std::optional<std::string> ObeyStreams(const TrafficCommand& command);
    [[nodiscard]] std::optional<std::string> ObeyDatagrams(const TrafficCommand& command);
    /// The sender's total, told by "drain bytes=N" while a bulk transfer is received.
    [[nodiscard]] uint64_t ReadTotal();

    int m_input;
    std::ostream& m_out;
    std::string m_read;
    TrafficStreams m_streams;
    TrafficDatagrams m_datagrams;
};

} // namespace isb

#endif
