// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/machine/isb-channel.h"

#include "model/core/machine/message-facts.h"

#include <algorithm>
#include <utility>

namespace isb
{

IsbChannel::IsbChannel(SocketId socket, TraceSink* trace)
    : m_socket(socket),
      m_trace(trace)
{
}

void
IsbChannel::SetIdentity(std::string name, uint64_t session)
{
    m_name = std::move(name);
    m_session = session;
}

void
IsbChannel::Send(TimePoint now, IsbMessage message, std::vector<MachineOrder>& orders)
{
    const IsbFrame frame{++m_lastSent, std::move(message)};
    std::vector<uint8_t> bytes = EncodeFrame(frame);
    m_unsent += bytes.size();
    Trace(now, TraceKind::MessageSent, frame, bytes.size());
    orders.emplace_back(SendOrder{m_socket, std::move(bytes)});
}

void
IsbChannel::Sent(size_t bytes)
{
    m_unsent -= std::min(bytes, m_unsent);
}

size_t
IsbChannel::Unsent() const
{
    return m_unsent;
}

void
IsbChannel::Push(ByteView bytes)
{
    m_deframer.Push(bytes);
}

std::optional<IsbMessage>
IsbChannel::Next(TimePoint now)
{
    const size_t held = m_deframer.Held();
    std::optional<IsbFrame> frame = m_deframer.Next();
    if (!frame)
    {
        return std::nullopt;
    }
    Trace(now, TraceKind::MessageReceived, *frame, held - m_deframer.Held());
    return std::move(frame->message);
}

IsbCode
IsbChannel::Fault() const
{
    return m_deframer.Fault();
}

void
IsbChannel::Trace(TimePoint now, TraceKind kind, const IsbFrame& frame, size_t bytes)
{
    if (m_trace == nullptr)
    {
        return;
    }
    TraceEvent event;
    event.when = now;
    event.kind = kind;
    event.user = m_name;
    event.session = m_session;
    event.sequence = frame.sequence;
    event.bytes = static_cast<uint32_t>(bytes);
    event.message = NameOf(frame.message);
    std::string text;
    DescribeMessage(frame.message, event, text);
    if (const auto* login = std::get_if<LoginMessage>(&frame.message))
    {
        event.user = login->name; // the login itself says who it is
    }
    m_trace->Emit(event);
}

} // namespace isb
