// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/meter/traffic-agent.h"

#include "emulation/meter/traffic-clock.h"
#include "emulation/meter/traffic-frames.h"
#include "emulation/sys/system-error.h"

#include <array>
#include <sched.h>
#include <sstream>

namespace isb
{

namespace
{

constexpr uint64_t DEFAULT_PARALLEL = 64;
const std::string DONE = "{}";

/// A fault's text within quotes; it never has controls.
std::string
Quoted(const std::string& text)
{
    std::string result = "\"";
    for (const char c : text)
    {
        if (c == '"' || c == '\\')
        {
            result += '\\';
        }
        result += c;
    }
    return result + '"';
}

std::string
ToJson(const RoundTrips& trips)
{
    std::ostringstream out;
    out << R"({"count":)" << trips.count << R"(,"meanNs":)" << trips.mean << R"(,"medianNs":)"
        << trips.median << R"(,"p99Ns":)" << trips.late << '}';
    return out.str();
}

std::string
ToJson(const Dialled& dialled)
{
    std::ostringstream out;
    out << R"({"done":)" << dialled.done << R"(,"failed":)" << dialled.failed << R"(,"seconds":)"
        << dialled.seconds << R"(,"fault":)" << Quoted(dialled.fault) << '}';
    return out.str();
}

std::string
ToJson(const DatagramCount& counted)
{
    std::ostringstream out;
    out << R"({"packets":)" << counted.packets << R"(,"seconds":)" << counted.seconds << '}';
    return out.str();
}

std::string
ToJson(const ReceivedBulk& bulk)
{
    std::ostringstream out;
    out.precision(12);
    out << R"({"bytes":)" << bulk.bytes << R"(,"seconds":)" << bulk.seconds << R"(,"total":)"
        << bulk.total << R"(,"totalSeconds":)" << bulk.totalTime << '}';
    return out.str();
}

ist_family
FamilyOf(const TrafficCommand& command)
{
    return command.Number("family", 4) == 6 ? IST_FAMILY_IPV6 : IST_FAMILY_IPV4;
}

uint64_t
DurationOf(const TrafficCommand& command)
{
    return command.Number("ms") * NS_PER_MS;
}

void
Pin(uint64_t cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
    {
        throw SystemError("pin to CPU " + std::to_string(cpu));
    }
}

} // namespace

TrafficAgent::TrafficAgent(int input, std::ostream& out)
    : m_input(input),
      m_out(out)
{
}

void
TrafficAgent::Run()
{
    while (const std::optional<std::string> line = ReadLine())
    {
        std::string answer;
        try
        {
            answer = Obey(TrafficCommand(*line));
        }
        catch (const std::runtime_error& error)
        {
            answer = R"({"error":)" + Quoted(error.what()) + '}';
        }
        m_out << answer << std::endl;
    }
}

std::optional<std::string>
TrafficAgent::ReadLine()
{
    for (;;)
    {
        const size_t end = m_read.find('\n');
        if (end != std::string::npos)
        {
            std::string line = m_read.substr(0, end);
            m_read.erase(0, end + 1);
            return line;
        }
        std::array<char, 512> bytes{};
        const ssize_t got = read(m_input, bytes.data(), bytes.size());
        if (got <= 0)
        {
            return std::nullopt;
        }
        m_read.append(bytes.data(), static_cast<size_t>(got));
    }
}

uint64_t
TrafficAgent::ReadTotal()
{
    const std::optional<std::string> line = ReadLine();
    if (!line)
    {
        throw TrafficFault("receive: the orders ended");
    }
    const TrafficCommand command(*line);
    if (command.Verb() != "drain")
    {
        throw TrafficFault("receive: '" + command.Verb() + "' before drain");
    }
    return command.Number("bytes");
}

std::string
TrafficAgent::Obey(const TrafficCommand& command)
{
    if (command.Verb() == "pin")
    {
        Pin(command.Number("cpu"));
        return DONE;
    }
    if (command.Verb() == "spread")
    {
        return ToJson(SpreadFrames(command));
    }
    if (const auto answer = ObeyStreams(command))
    {
        return *answer;
    }
    if (const auto answer = ObeyDatagrams(command))
    {
        return *answer;
    }
    throw TrafficFault("there is no '" + command.Verb() + "'");
}

std::optional<std::string>
TrafficAgent::ObeyStreams(const TrafficCommand& command)
{
    const std::string& verb = command.Verb();
    if (verb == "listen")
    {
        m_streams.Listen(FamilyOf(command), command.Number("port"));
        return DONE;
    }
    if (verb == "accept")
    {
        m_streams.Accept(command.Number("count"));
        return DONE;
    }
    if (verb == "connect")
    {
        m_streams.Connect(command.Endpoint("to"),
                          command.Number("step", 0),
                          command.Number("from", 0),
                          command.Number("fromstep", 0),
                          command.Number("count"));
        return DONE;
    }
    if (verb == "close")
    {
        m_streams.Close();
        return DONE;
    }
    if (verb == "send")
    {
        const uint64_t sent = m_streams.Send(command.Number("connections"), DurationOf(command));
        return R"({"bytes":)" + std::to_string(sent) + '}';
    }
    if (verb == "receive")
    {
        return ToJson(m_streams.Receive(command.Number("warm", 0) * NS_PER_MS,
                                        DurationOf(command),
                                        m_input,
                                        [this] { return ReadTotal(); }));
    }
    if (verb == "ping")
    {
        return ToJson(m_streams.Ping(DurationOf(command), command.Number("size")));
    }
    if (verb == "echo")
    {
        m_streams.Echo(command.Number("size"));
        return DONE;
    }
    if (verb == "dial")
    {
        return ToJson(m_streams.Dial(command.Endpoint("to"),
                                     command.Number("step", 0),
                                     command.Number("count"),
                                     command.Number("parallel", DEFAULT_PARALLEL),
                                     command.Number("speaks", 1) != 0));
    }
    if (verb == "answer")
    {
        return ToJson(m_streams.Answer(command.Number("count")));
    }
    return std::nullopt;
}

std::optional<std::string>
TrafficAgent::ObeyDatagrams(const TrafficCommand& command)
{
    const std::string& verb = command.Verb();
    if (verb == "udp-listen")
    {
        m_datagrams.Listen(FamilyOf(command), command.Number("port"));
        return DONE;
    }
    if (verb == "udp-connect")
    {
        m_datagrams.Connect(command.Endpoint("to"), command.Number("from", 0));
        return DONE;
    }
    if (verb == "udp-turn")
    {
        m_datagrams.ConnectByTurn(command.Endpoint("to"), command.Endpoint("peer"));
        return DONE;
    }
    if (verb == "udp-register")
    {
        m_datagrams.Register();
        return DONE;
    }
    if (verb == "udp-accept")
    {
        m_datagrams.Accept();
        return DONE;
    }
    if (verb == "udp-close")
    {
        m_datagrams.Close();
        return DONE;
    }
    if (verb == "udp-flood")
    {
        return ToJson(m_datagrams.Flood(static_cast<uint32_t>(command.Number("number")),
                                        command.Number("size"),
                                        DurationOf(command),
                                        command.Number("rate", 0)));
    }
    if (verb == "udp-count")
    {
        return ToJson(m_datagrams.Count(static_cast<uint32_t>(command.Number("number"))));
    }
    if (verb == "udp-ping")
    {
        return ToJson(m_datagrams.Ping(DurationOf(command), command.Number("size")));
    }
    if (verb == "udp-echo")
    {
        m_datagrams.Echo();
        return DONE;
    }
    return std::nullopt;
}

} // namespace isb
