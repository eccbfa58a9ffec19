// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/daemon-journal.h"

#include <array>
#include <utility>

namespace isb
{

std::string_view
DaemonReason(IsbCode code)
{
    constexpr size_t CODES = static_cast<size_t>(IsbCode::Cancelled) + 1;
    static const auto names = []
    {
        std::array<std::string, CODES> all;
        for (size_t i = 1; i < CODES; ++i)
        {
            all[i] = "daemon." + std::string(ToString(static_cast<IsbCode>(i)));
        }
        return all;
    }();
    const auto index = static_cast<size_t>(code);
    return index < CODES ? std::string_view(names[index]) : std::string_view();
}

DaemonJournal::DaemonJournal(std::string user, TraceSink* trace)
    : m_user(std::move(user)),
      m_trace(trace)
{
}

void
DaemonJournal::Emit(TraceEvent& event)
{
    if (m_trace != nullptr)
    {
        event.user = m_user;
        m_trace->Emit(event);
    }
}

void
DaemonJournal::Session(TimePoint now,
                       std::string_view from,
                       std::string_view to,
                       uint64_t session,
                       std::string_view reason)
{
    TraceEvent event;
    event.when = now;
    event.kind = TraceKind::SessionState;
    event.from = from;
    event.to = to;
    event.session = session;
    event.reason = reason;
    Emit(event);
}

void
DaemonJournal::Service(TimePoint now, std::string_view service, std::string_view to, IsbCode code)
{
    TraceEvent event;
    event.when = now;
    event.kind = TraceKind::ServiceState;
    event.service = service;
    event.to = to;
    event.reason = DaemonReason(code);
    Emit(event);
}

void
DaemonJournal::Listed(TimePoint now, uint64_t request, const ServiceListing& listing)
{
    const std::string entries = "entries=" + std::to_string(listing.entries.size());
    TraceEvent event;
    event.when = now;
    event.kind = TraceKind::ServiceState;
    event.id = request;
    event.to = "listed";
    event.reason = DaemonReason(listing.code);
    event.detail = entries;
    Emit(event);
}

void
DaemonJournal::Subscription(TimePoint now,
                            const std::string& provider,
                            const std::string& service,
                            std::string_view from,
                            std::string_view to,
                            std::string_view reason)
{
    TraceEvent event;
    event.when = now;
    event.kind = TraceKind::SubscriptionState;
    event.peer = provider;
    event.service = service;
    event.from = from;
    event.to = to;
    event.reason = reason;
    Emit(event);
}

void
DaemonJournal::Connection(TimePoint now,
                          const ConnectionFacts& facts,
                          std::string_view from,
                          std::string_view to,
                          std::string_view reason)
{
    TraceEvent event;
    event.when = now;
    event.kind = TraceKind::ConnectionState;
    event.id = facts.serial;
    event.peer = facts.peer;
    event.service = facts.service;
    event.connection = facts.connection;
    event.session = facts.session;
    event.from = from;
    event.to = to;
    event.reason = reason;
    event.detail = facts.note;
    if (facts.pathKnown)
    {
        event.path = ToString(facts.path);
        event.ist = facts.ist;
        if (facts.path == ServicePath::Translated)
        {
            event.method = ToString(facts.method);
        }
    }
    Emit(event);
}

void
DaemonJournal::Volunteer(TimePoint now,
                         uint64_t splice,
                         Protocol protocol,
                         std::string_view from,
                         std::string_view to,
                         std::string_view reason)
{
    TraceEvent event;
    event.when = now;
    event.kind = TraceKind::SpliceState;
    event.splice = splice;
    event.flow.protocol = protocol;
    event.method = ToString(ForwardingMethod::Proxy);
    event.ist = m_user;
    event.from = from;
    event.to = to;
    event.reason = reason;
    event.rule = "thesis 3.6.3";
    Emit(event);
}

void
DaemonJournal::Drop(TimePoint now, const FlowKey& flow, size_t bytes, std::string_view reason)
{
    ++counters.drops[reason];
    TraceEvent event;
    event.when = now;
    event.kind = TraceKind::PacketDropped;
    event.flow = flow;
    event.bytes = static_cast<uint32_t>(bytes);
    event.reason = reason;
    Emit(event);
}

} // namespace isb
