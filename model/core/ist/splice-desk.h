// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_SPLICE_DESK_H
#define ISB_CORE_IST_SPLICE_DESK_H

#include "model/core/ist/carrier-news.h"
#include "model/core/ist/ist-server-settings.h"
#include "model/core/ist/ist-server.h"
#include "model/core/ist/ist-session.h"
#include "model/core/ist/splice-book.h"
#include "model/core/random/rng.h"
#include "model/core/trace/trace-event.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// Between ISB and carriers: takes splice requests, orders the carriers, answers SpliceReady or
/// Fault, and reports what the carriers tell. What happens while the ISB is away is told when it is
/// back.
class SpliceDesk
{
  public:
    /// All must outlive the desk; `trace` may be null.
    SpliceDesk(const IstServerSettings& settings,
               Rng& random,
               TraceSink* trace,
               IstSession& session);

    void OnRequest(TimePoint now, const SpliceRequestMessage& request);
    /// Ends a splice without a word to the ISB.
    void Cancel(uint64_t splice);
    void CancelAll();

    /// As IstServer's.
    void CarrierOpened(TimePoint now, uint64_t splice, bool opened, std::string_view why);
    void CarrierNotice(TimePoint now, uint64_t splice, const CarrierNews& news);

    /// Gives up splices whose time to pair is over.
    void Timeout(TimePoint now);
    /// After a login: the events that waited for it.
    void TellWaiting(TimePoint now);

    /// Where users connect.
    [[nodiscard]] Ipv4 Address() const;

    SpliceBook book;
    std::vector<CarrierOrder> orders;
    uint64_t forwardedBytes = 0; ///< of splices that are over

  private:
    void Refuse(TimePoint now, const SpliceRequestMessage& request, IsbCode code, std::string text);
    void Report(TimePoint now, SpliceEventMessage event);
    void OnFirstSide(TimePoint now, BookedSplice& splice, const CarrierNews& news);
    void OnEnded(TimePoint now, BookedSplice& splice, const CarrierNews& news);
    void TraceOrdered(TimePoint now,
                      const SpliceRequestMessage& request,
                      const SpliceReadyMessage* ready,
                      std::string_view reason);
    [[nodiscard]] bool IsOwn(Ipv4 address) const;

    const IstServerSettings& m_settings;
    TraceSink* m_trace;
    IstSession& m_session;
    std::deque<SpliceEventMessage> m_unreported;
};

} // namespace isb

#endif
