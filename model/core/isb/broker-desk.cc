// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/broker-desk.h"

#include <array>
#include <utility>

namespace isb
{

std::string_view
ReasonOf(IsbCode code)
{
    // By value of IsbCode.
    static constexpr std::array<std::string_view, 27> REASONS{
        "",
        "isb.bad-frame",
        "isb.bad-version",
        "isb.bad-sequence",
        "isb.bad-state",
        "isb.bad-request",
        "isb.bad-credentials",
        "isb.replaced",
        "isb.timed-out",
        "isb.quota-exceeded",
        "isb.overloaded",
        "isb.not-found",
        "isb.not-online",
        "isb.not-allowed",
        "isb.refused",
        "isb.withdrawn",
        "isb.logged-out",
        "isb.peer-lost",
        "isb.ist-lost",
        "isb.no-ist",
        "isb.connect-failed",
        "isb.server-refused",
        "isb.bad-token",
        "isb.limit-reached",
        "isb.duplicate",
        "isb.slow-reader",
        "isb.cancelled",
    };
    const auto index = static_cast<size_t>(code);
    return index < REASONS.size() ? REASONS[index] : "isb.unknown";
}

BrokerDesk::BrokerDesk(IsbSettings all, Rng& random, TraceSink* sink)
    : settings(std::move(all)),
      trace(sink),
      m_random(random)
{
}

uint64_t
BrokerDesk::NewId()
{
    for (;;)
    {
        const uint64_t id = m_random.Next() >> 1;
        if (id != 0)
        {
            return id;
        }
    }
}

Token
BrokerDesk::NewToken()
{
    Token token{};
    for (size_t half = 0; half < 2; ++half)
    {
        const uint64_t bits = m_random.Next();
        for (size_t i = 0; i < 8; ++i)
        {
            token[8 * half + i] = static_cast<uint8_t>(bits >> (8 * i));
        }
    }
    return token;
}

SocketId
BrokerDesk::NewSocket()
{
    return ++m_lastSocket;
}

TraceEvent
BrokerDesk::Event(TraceKind kind) const
{
    TraceEvent event;
    event.when = now;
    event.kind = kind;
    return event;
}

void
BrokerDesk::Emit(const TraceEvent& event)
{
    if (trace != nullptr)
    {
        trace->Emit(event);
    }
}

} // namespace isb
