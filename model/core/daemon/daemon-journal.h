// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_DAEMON_JOURNAL_H
#define ISB_CORE_DAEMON_DAEMON_JOURNAL_H

#include "model/core/daemon/user-daemon.h"
#include "model/core/trace/trace-event.h"
#include "model/wire/isb-message.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace isb
{

/// What is known of one service connection; most of it once it is instructed.
struct ConnectionFacts
{
    uint64_t serial = 0;     ///< the daemon's own number of it, from the start
    uint64_t connection = 0; ///< the ISB's; 0: not known yet
    uint64_t session = 0;    ///< in which it was asked for
    uint32_t attempt = 0;
    std::string peer;
    std::string service;
    Protocol protocol = Protocol::Tcp;
    bool prepared = false;
    bool pathKnown = false; ///< the following are
    ServicePath path = ServicePath::Translated;
    ForwardingMethod method = ForwardingMethod::Passive; ///< path Translated
    std::string ist;
    std::string note; ///< on the event that is told now, for people
};

/// "daemon.timed-out" for TimedOut, and so on; empty for None. Static.
[[nodiscard]] std::string_view DaemonReason(IsbCode code);

/// What a daemon tells of itself: trace events and counters.
class DaemonJournal
{
  public:
    /// `trace` may be null.
    DaemonJournal(std::string user, TraceSink* trace);

    void Session(TimePoint now,
                 std::string_view from,
                 std::string_view to,
                 uint64_t session,
                 std::string_view reason);
    void Service(TimePoint now, std::string_view service, std::string_view to, IsbCode code);
    /// A list of services is over, whole or not.
    void Listed(TimePoint now, uint64_t request, const ServiceListing& listing);
    void Subscription(TimePoint now,
                      const std::string& provider,
                      const std::string& service,
                      std::string_view from,
                      std::string_view to,
                      std::string_view reason);
    void Connection(TimePoint now,
                    const ConnectionFacts& facts,
                    std::string_view from,
                    std::string_view to,
                    std::string_view reason);
    /// A splice that this user carries as IST.
    void Volunteer(TimePoint now,
                   uint64_t splice,
                   Protocol protocol,
                   std::string_view from,
                   std::string_view to,
                   std::string_view reason);
    /// A datagram or connection ends here; counted. `reason` is static.
    void Drop(TimePoint now, const FlowKey& flow, size_t bytes, std::string_view reason);

    [[nodiscard]] TraceSink*
    Trace() const
    {
        return m_trace;
    }

    DaemonCounters counters;

  private:
    void Emit(TraceEvent& event);

    std::string m_user;
    TraceSink* m_trace;
};

} // namespace isb

#endif
