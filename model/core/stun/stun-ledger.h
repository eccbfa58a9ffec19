// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_STUN_STUN_LEDGER_H
#define ISB_CORE_STUN_STUN_LEDGER_H

#include "model/core/stun/stun-server-settings.h"
#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>

namespace isb
{

/// Keeps a STUN server from being an amplifier (promise T2): who asks over UDP has not proven its
/// address. Every source address has an account of bytes; an answer longer than its request is paid
/// from it and from a common one. Both refill slowly, so to any address go at most
///
///     bytes received "from" it + sourceAllowance + time * sourceAllowanceRate
///
/// and to all together at most the same with the total figures. A second account counts answers.
/// Bounded: the address that was silent for longest is forgotten.
class StunLedger
{
  public:
    explicit StunLedger(const StunServerSettings& settings);

    /// May this request be answered by so many bytes? Empty: yes, and it is booked. Else why not:
    /// "stun.rate", "stun.allowance", static.
    [[nodiscard]] std::string_view Book(TimePoint now,
                                        Ipv4 source,
                                        size_t requestBytes,
                                        size_t responseBytes);

    [[nodiscard]] size_t Size() const;

  private:
    /// Units that come back with time, in billionths so that nothing is lost by rounding.
    class Account
    {
      public:
        Account(TimePoint now, uint64_t most, uint32_t perSecond);
        void Refill(TimePoint now);
        [[nodiscard]] bool Has(uint64_t units) const;
        void Take(uint64_t units);
        void Add(uint64_t units);

      private:
        uint64_t m_most;
        uint32_t m_perSecond;
        uint64_t m_billionths;
        TimePoint m_filled;
    };

    struct Source
    {
        Account bytes;
        Account answers;
        uint64_t turn; ///< place in m_turns
    };

    [[nodiscard]] Source& Of(TimePoint now, Ipv4 source);

    const StunServerSettings& m_settings;
    Account m_total;
    std::map<Ipv4, Source> m_sources;
    std::map<uint64_t, Ipv4> m_turns; ///< silent for longest first
    uint64_t m_lastTurn = 0;
};

} // namespace isb

#endif
