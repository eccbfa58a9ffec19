// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

#include <algorithm>

namespace isb
{

namespace
{

/// Most TCP connections of one traffic.
constexpr uint64_t MOST_CONNECTIONS = 10'000;
/// Largest UDP payload in IPv4: 65'535 less 20 bytes of IP and 8 of UDP header.
constexpr uint64_t MOST_PAYLOAD = 65'507;
constexpr uint64_t MOST_MESSAGE = 1'000'000'000;

const std::vector<std::string_view> KINDS{"tcp-bulk",
                                          "udp-rate",
                                          "udp-ping-pong",
                                          "request-response",
                                          "tcp-ping-pong"};

const LabKey START{"start", "\"10 ms\""};
const LabKey STOP{"stop", "\"2 s\""};
const LabKey PAYLOAD{"payload", "\"1 KiB\""};
const LabKey RATE{"rate", "\"63 Mb/s\""};

bool
IsTcp(TrafficKind kind)
{
    return kind != TrafficKind::UdpRate && kind != TrafficKind::UdpPingPong;
}

/// A rate, or "full".
void
ReadRate(TableReader& reader, Traffic& traffic)
{
    constexpr std::string_view DIGITS = "0123456789";
    const std::string_view text = reader.TextOf("rate");
    if (text.empty() || text.find_first_of(DIGITS) != std::string_view::npos)
    {
        traffic.rate = reader.Rate(RATE, Need::Required);
    }
    else
    {
        (void)reader.Word(RATE, Need::Required, {"full"});
    }
}

void
ReadPayload(TableReader& reader, Traffic& traffic)
{
    if (const auto payload = reader.Bytes(PAYLOAD, Need::Required))
    {
        if (*payload == 0 || *payload > MOST_PAYLOAD)
        {
            reader.Fault(PAYLOAD,
                         " is " + FormatByteCount(*payload) + "; nearest valid: " +
                             (*payload == 0 ? "\"1 B\"" : "\"65507 B\", the most in one datagram"));
        }
        traffic.payloadBytes = static_cast<uint32_t>(std::min(*payload, MOST_PAYLOAD));
    }
}

uint32_t
ReadMessage(TableReader& reader, LabKey key, uint32_t standard)
{
    const uint64_t bytes = reader.Bytes(key, Need::Optional).value_or(standard);
    if (bytes == 0 || bytes > MOST_MESSAGE)
    {
        reader.Fault(key,
                     " is " + FormatByteCount(bytes) +
                         "; nearest valid: " + (bytes == 0 ? "\"1 B\"" : "\"1 GB\""));
    }
    return static_cast<uint32_t>(std::min(bytes, MOST_MESSAGE));
}

/// `request`, `response`, `pause`.
void
ReadDialogue(TableReader& reader, Traffic& traffic)
{
    if (traffic.kind != TrafficKind::RequestResponse)
    {
        for (const std::string_view key : {"request", "response", "pause", "requests"})
        {
            reader.Refuse(key, "only with kind = \"request-response\"");
        }
        return;
    }
    constexpr uint32_t REQUEST = 100;
    constexpr uint32_t RESPONSE = 10'000;
    constexpr Duration PAUSE = std::chrono::milliseconds(100);
    traffic.requestBytes = ReadMessage(reader, {"request", "\"100 B\""}, REQUEST);
    traffic.responseBytes = ReadMessage(reader, {"response", "\"10 kB\""}, RESPONSE);
    constexpr uint64_t MOST_REQUESTS = 1'000'000;
    const auto each = reader.Integer({"requests", "1"}, Need::Optional, 1, MOST_REQUESTS);
    traffic.requestsEach = static_cast<uint32_t>(each.value_or(0));
    traffic.pause = reader.Time({"pause", "\"100 ms\""}, Need::Optional).value_or(PAUSE);
}

void
ReadTcpKeys(TableReader& reader, Traffic& traffic)
{
    if (!IsTcp(traffic.kind))
    {
        reader.Refuse("connections", "only with TCP: kind = \"tcp-bulk\" for instance");
        reader.Refuse("size", "only with kind = \"tcp-bulk\"");
        return;
    }
    const auto connections =
        reader.Integer({"connections", "10"}, Need::Optional, 1, MOST_CONNECTIONS);
    traffic.connections = static_cast<uint32_t>(connections.value_or(1));
    if (traffic.kind != TrafficKind::TcpBulk)
    {
        reader.Refuse("size", "only with kind = \"tcp-bulk\"");
        return;
    }
    const LabKey key{"size", "\"1 MB\""};
    const auto size = reader.Bytes(key, Need::Optional);
    if (size && *size == 0)
    {
        reader.Fault(key, " is zero; leave it out to send until stop");
    }
    traffic.totalBytes = size.value_or(0);
}

} // namespace

bool
ReadLoad(TableReader& reader, Traffic& traffic)
{
    const auto kind = reader.Word({"kind", "\"tcp-bulk\""}, Need::Required, KINDS);
    if (!kind)
    {
        return false;
    }
    traffic.kind = static_cast<TrafficKind>(*kind);
    ReadTcpKeys(reader, traffic);
    ReadDialogue(reader, traffic);
    if (traffic.kind == TrafficKind::TcpBulk || traffic.kind == TrafficKind::RequestResponse)
    {
        reader.Refuse("payload",
                      "only with kind = \"udp-rate\", \"udp-ping-pong\" or \"tcp-ping-pong\"");
    }
    else
    {
        ReadPayload(reader, traffic);
    }
    if (traffic.kind == TrafficKind::UdpRate)
    {
        ReadRate(reader, traffic);
    }
    else
    {
        reader.Refuse("rate", "only with kind = \"udp-rate\"");
    }
    return true;
}

void
ReadLoadTimes(const Lab& lab, TableReader& reader, Traffic& traffic)
{
    const auto start = reader.Time(START, Need::Optional);
    const auto stop = reader.Time(STOP, Need::Optional);
    traffic.start = start.value_or(TimePoint(0));
    traffic.stop = stop.value_or(lab.duration);
    if (lab.duration.count() == 0)
    {
        return; // faulty, said already
    }
    if (traffic.stop > lab.duration)
    {
        reader.Fault(STOP,
                     " lies after the end of the run; nearest valid: \"" +
                         FormatDuration(lab.duration) + "\", the duration");
    }
    else if (traffic.start >= traffic.stop)
    {
        const bool started = reader.Has("start");
        reader.Fault(started ? START : STOP,
                     ": start \"" + FormatDuration(traffic.start) + "\" is not before stop \"" +
                         FormatDuration(traffic.stop) + "\"");
    }
}

std::optional<std::string>
WhyNotOn(TrafficKind kind, Protocol protocol)
{
    if (IsTcp(kind) == (protocol == Protocol::Tcp))
    {
        return std::nullopt;
    }
    return "a service of protocol \"" + std::string(ToString(protocol)) +
           "\" does not carry traffic of kind \"" + std::string(ToString(kind)) + "\"; valid: " +
           (protocol == Protocol::Tcp ? "\"tcp-bulk\", \"request-response\", \"tcp-ping-pong\""
                                      : "\"udp-rate\", \"udp-ping-pong\"");
}

} // namespace isb
