// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BINDINGS_CONVERSIONS_H
#define ISB_BINDINGS_CONVERSIONS_H

#include "model/core/trace/trace-event.h"
#include "model/wire/bytes.h"
#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// Values between Python and the core. Faults of the caller become ValueError.

/// "192.0.2.1"
[[nodiscard]] Ipv4 ToIpv4(const std::string& text);
/// "10.0.0.0/8"
[[nodiscard]] std::vector<Subnet> ToSubnets(const std::vector<std::string>& texts);
/// "192.0.2.1:80"
[[nodiscard]] Endpoint ToEndpoint(const std::string& text);

/// Nanoseconds; None for TIME_NEVER.
[[nodiscard]] pybind11::object FromTime(TimePoint time);
[[nodiscard]] pybind11::str FromText(std::string_view text);
[[nodiscard]] pybind11::bytes FromBytes(const std::vector<uint8_t>& bytes);

/// "192.0.2.1:80"; None when there is no address and no port.
[[nodiscard]] pybind11::object FromEndpoint(const Endpoint& endpoint);

/// A whole IPv4 packet, of which a machine sees and edits the first bytes only.
class PythonPacket
{
  public:
    /// ValueError for less than an IPv4 header's 20 bytes or more than 65535.
    explicit PythonPacket(const pybind11::bytes& packet);

    /// The first bytes, at most 576: enough for ICMP errors.
    [[nodiscard]] MutableBytes Header();
    [[nodiscard]] size_t Length() const;
    [[nodiscard]] pybind11::bytes ToPython() const;

  private:
    std::vector<uint8_t> m_bytes;
};

/// The time of a machine that Python drives: refuses to go back.
class PythonClock
{
  public:
    /// `nanoseconds` as a moment; ValueError when it is before an earlier one or negative.
    TimePoint Advance(int64_t nanoseconds);

  private:
    TimePoint m_latest{0};
};

/// Keeps events until Python takes them.
class EventList : public TraceSink
{
  public:
    void Emit(const TraceEvent& event) override;
    /// The events since the last call, as dicts with the keys of events.jsonl.
    [[nodiscard]] pybind11::list Take();

  private:
    std::vector<std::string> m_lines;
};

} // namespace isb

#endif
