// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/bindings/conversions.h"

#include <algorithm>
#include <charconv>

namespace py = pybind11;

namespace isb
{

namespace
{

constexpr size_t IPV4_HEADER_BYTES = 20;
constexpr size_t IPV4_PACKET_BYTES = 65535;
constexpr size_t SEEN_BYTES = 576; // RFC 792 errors quote at most so much

} // namespace

Ipv4
ToIpv4(const std::string& text)
{
    const auto address = Ipv4::Parse(text);
    if (!address)
    {
        throw py::value_error("'" + text + "' is not an IPv4 address such as 192.0.2.1");
    }
    return *address;
}

std::vector<Subnet>
ToSubnets(const std::vector<std::string>& texts)
{
    std::vector<Subnet> subnets;
    for (const auto& text : texts)
    {
        const auto subnet = Subnet::Parse(text);
        if (!subnet)
        {
            throw py::value_error("'" + text + "' is not a subnet such as 10.0.0.0/8");
        }
        subnets.push_back(*subnet);
    }
    return subnets;
}

Endpoint
ToEndpoint(const std::string& text)
{
    const auto colon = text.find(':');
    if (colon != std::string::npos)
    {
        const auto address = Ipv4::Parse(text.substr(0, colon));
        uint16_t port = 0;
        const char* const end = text.data() + text.size();
        const auto read = std::from_chars(text.data() + colon + 1, end, port);
        if (address && read.ec == std::errc() && read.ptr == end)
        {
            return {*address, port};
        }
    }
    throw py::value_error("'" + text + "' is not an endpoint such as 192.0.2.1:80");
}

py::object
FromTime(TimePoint time)
{
    if (time == TIME_NEVER)
    {
        return py::none();
    }
    return py::int_(time.count());
}

py::str
FromText(std::string_view text)
{
    return {text.data(), text.size()};
}

py::bytes
FromBytes(const std::vector<uint8_t>& bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

py::object
FromEndpoint(const Endpoint& endpoint)
{
    if (endpoint == Endpoint{})
    {
        return py::none();
    }
    return py::str(endpoint.ToString());
}

PythonPacket::PythonPacket(const py::bytes& packet)
{
    const std::string_view view = packet;
    if (view.size() < IPV4_HEADER_BYTES || view.size() > IPV4_PACKET_BYTES)
    {
        throw py::value_error("an IPv4 packet has 20 to 65535 bytes, this one " +
                              std::to_string(view.size()));
    }
    m_bytes.assign(view.begin(), view.end());
}

MutableBytes
PythonPacket::Header()
{
    return {m_bytes.data(), std::min(m_bytes.size(), SEEN_BYTES)};
}

size_t
PythonPacket::Length() const
{
    return m_bytes.size();
}

py::bytes
PythonPacket::ToPython() const
{
    return FromBytes(m_bytes);
}

TimePoint
PythonClock::Advance(int64_t nanoseconds)
{
    const TimePoint now{nanoseconds};
    if (now < m_latest)
    {
        throw py::value_error("time goes back: now is " + std::to_string(nanoseconds) +
                              " ns, an earlier call said " + std::to_string(m_latest.count()));
    }
    m_latest = now;
    return now;
}

void
EventList::Emit(const TraceEvent& event)
{
    m_lines.push_back(ToJson(event, ""));
}

py::list
EventList::Take()
{
    const auto read = py::module_::import("json").attr("loads");
    py::list events;
    for (const auto& line : m_lines)
    {
        events.append(read(line));
    }
    m_lines.clear();
    return events;
}

} // namespace isb
