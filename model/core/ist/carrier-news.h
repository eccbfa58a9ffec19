// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_CARRIER_NEWS_H
#define ISB_CORE_IST_CARRIER_NEWS_H

#include "model/wire/ip-endpoint.h"

#include <cstdint>
#include <string_view>

namespace isb
{

/// What a carrier (IstEngine, IstProxy) tells its IstServer about one of its pairs.
struct CarrierNews
{
    enum Kind : uint8_t
    {
        FirstSide, ///< the first user came: `peer`; Pure: its port is P2 (thesis Fig 4.7)
        Paired,
        FellBack, ///< Pure became Passive: reason
        Ended,    ///< over: reason, bytes
    };

    uint64_t id = 0; ///< of the carrier: what Add() returned
    Kind kind = Paired;
    IpEndpoint peer;
    std::string_view reason; ///< static, dotted
    uint64_t bytes = 0;      ///< Ended: forwarded, both ways
    uint64_t label = 0;      ///< IstPair::label, ProxyPair::label
    /// FirstSide of a Pure splice: the IST port that waits for the other side. P2, or another one
    /// when P2 is taken here (FellBack has come before).
    uint16_t port = 0;
};

} // namespace isb

#endif
