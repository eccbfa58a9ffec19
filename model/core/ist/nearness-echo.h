// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_NEARNESS_ECHO_H
#define ISB_CORE_IST_NEARNESS_ECHO_H

#include "model/core/ist/rate-meter.h"
#include "model/wire/bytes.h"
#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstdint>
#include <string_view>

namespace isb
{

/// Decides which datagrams to an IST's ping port are echoed: 16 bytes that begin with "ISBECHO1",
/// by which users measure how near the IST is. An echo is as long as its request (promise T2), and
/// two ISTs cannot be set to echo one another for ever: system ports and the ping port itself get
/// none, and there is a most of all echoes a second.
class NearnessEcho
{
  public:
    static constexpr size_t SIZE = 16;
    static constexpr std::string_view MAGIC = "ISBECHO1";

    explicit NearnessEcho(uint16_t pingPort);

    /// Why this datagram is not echoed; empty, and counted, when it is.
    [[nodiscard]] std::string_view Refusal(TimePoint now, const Endpoint& from, ByteView bytes);

  private:
    uint16_t m_pingPort;
    RateMeter m_rate;
};

} // namespace isb

#endif
