// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_STUN_NAT_LIFETIME_SEARCH_H
#define ISB_CORE_STUN_NAT_LIFETIME_SEARCH_H

#include "model/core/stun/nat-test-bench.h"

namespace isb
{

/// How long does an idle UDP mapping live (RFC 5780 section 4.6)? One socket asks the server and
/// rests; then another asks for an answer to the first one's external port (RESPONSE-PORT), which
/// comes through as long as the mapping lives. The rest doubles while it does, then the gap between
/// alive and gone is halved until it is small.
class NatLifetimeSearch
{
  public:
    using OnDone = std::function<void(TimePoint now)>;

    NatLifetimeSearch(NatTestBench& bench, OnDone done);

    void Run();

  private:
    void Rest(TimePoint now);
    void Probe(TimePoint now, Endpoint resting);
    void Found(TimePoint now, bool alive);

    NatTestBench& m_bench;
    OnDone m_done;
    SocketId m_resting = 0;
    SocketId m_asking = 0;
    Endpoint m_askingMapped;
    Duration m_guess{0};
    Duration m_restTrip{0}; ///< the last round trip of the resting socket
};

} // namespace isb

#endif
