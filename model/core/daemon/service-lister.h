// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_SERVICE_LISTER_H
#define ISB_CORE_DAEMON_SERVICE_LISTER_H

#include "model/core/daemon/broker-link.h"
#include "model/core/daemon/daemon-host.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace isb
{

/// Asks the ISB which services are on line (thesis 3.3: users check them before they subscribe).
/// The ISB answers in pages, each asked for when the one before it is in; services that come and go
/// meanwhile may be missed or listed, so the whole is no snapshot.
class ServiceLister
{
  public:
    ServiceLister(DaemonHost& host, BrokerLink& link);

    /// Asks for all pages. Returns the request's number; 0: not logged in, or too many at once.
    [[nodiscard]] uint64_t List(TimePoint now);
    /// What came of it, once; nothing while it runs.
    [[nodiscard]] std::optional<ServiceListing> Take(uint64_t request);

    void OnListing(TimePoint now, const ListingMessage& message);
    /// False when the fault is about something else.
    bool OnFault(TimePoint now, const FaultMessage& message);
    void OnSessionOver(TimePoint now);
    /// Forgets all requests.
    void Stop();

    /// Requests that run or whose result was not taken.
    [[nodiscard]] size_t StateSize() const;

  private:
    struct Request
    {
        Request(DaemonTimers& timers, DaemonTimer::Action onTimer)
            : timer(timers, std::move(onTimer))
        {
        }

        ServiceListing listing;
        bool over = false;
        DaemonTimer timer; ///< for the next page to come
    };

    void Ask(TimePoint now, uint64_t number, Request& request);
    void End(TimePoint now, uint64_t number, IsbCode code);
    /// The request of this number, when it runs.
    [[nodiscard]] Request* FindRunning(uint64_t number);
    /// Whether a page continues the list in strict order, so that asking on comes to an end.
    [[nodiscard]] static bool Continues(const ServiceListing& listing, const ListingMessage& page);

    DaemonHost& m_host;
    BrokerLink& m_link;
    std::map<uint64_t, Request> m_requests;
};

} // namespace isb

#endif
