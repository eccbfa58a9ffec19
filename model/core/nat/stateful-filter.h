// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_STATEFUL_FILTER_H
#define ISB_CORE_NAT_STATEFUL_FILTER_H

#include "model/core/nat/nat-drop.h"
#include "model/core/nat/nat-settings.h"
#include "model/core/nat/nat-side.h"
#include "model/core/random/rng.h"
#include "model/core/trace/trace-event.h"
#include "model/wire/bytes.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace isb
{

/// Everything that can be set on a StatefulFilter.
struct FilterSettings
{
    std::vector<Subnet> internal; ///< who is inside; empty: whoever sends from there
    std::vector<Ipv4> own;        ///< of the box itself: packets to them pass unfiltered
    /// The only addresses that insiders may send to; nothing: any.
    std::optional<std::vector<Ipv4>> allowedDestinations;
    size_t flows = 262144;             ///< known at once
    size_t fragmentedDatagrams = 1024; ///< a side
    size_t heldFragments = 256;        ///< a side: fragments that wait for their first one
    bool checksums = true;             ///< false: packets carry none (a simulation without)
    NatTimers timers;
};

/// What is to be done with a packet.
struct FilterVerdict
{
    enum class Action : uint8_t
    {
        Pass, ///< unchanged, on its way
        Drop, ///< ends here; reason and rule say why
        Hold, ///< keep it until TakeReleased() or TakeAbandoned() names the ticket
    };

    Action action = Action::Pass;
    std::string_view reason; ///< drop only: "firewall.unsolicited"
    std::string_view rule;   ///< drop only: "RFC 6092 section 3.2.3"
    uint64_t ticket = 0;     ///< hold only; never zero
};

struct FilterCounters
{
    uint64_t outbound = 0; ///< packets passed inside to outside
    uint64_t inbound = 0;  ///< packets passed outside to inside
    uint64_t local = 0;    ///< passed unfiltered: to the box, to many, between insiders
    uint64_t held = 0;     ///< fragments held
    uint64_t flowsOpened = 0;
    uint64_t flowsExpired = 0;
    std::array<uint64_t, NAT_DROP_COUNT> drops{}; ///< by NatDrop
};

/// A stateful packet filter without translation, the firewall of thesis 3.7.1: insiders may send
/// anywhere, or to a list of addresses only; inside comes what answers them, and nothing else.
///
///     inside  10.0.0.2:5000 ---> | StatefulFilter | ---> 198.51.100.1:80  outside
///             10.0.0.2:5000 <--- |    knows     | <--- 198.51.100.1:80
///                                |   the flow   | X--- anybody else
///
/// What answers: the same protocol, addresses and ports the other way round (UDP, TCP, ICMP echo),
/// and ICMP errors that quote a packet of a known flow. TCP is tracked by SYN, FIN and RST as in
/// NatBox, its simultaneous open works. Fragments follow their first one as in NatBox. Sources: RFC
/// 2979 (a firewall disturbs no allowed flow), RFC 6092 (simple security), the timers of NatTimers.
/// Not modelled: other protocols, rules by port, TCP sequence checks, answers to what it refuses.
///
/// Interface and promises as NatBox: sans I/O, header bytes, time and randomness are arguments; the
/// same inputs and seed give the same verdicts. Packets are never changed.
class StatefulFilter
{
  public:
    /// `rng` must outlive the filter; `trace` may be null.
    StatefulFilter(const FilterSettings& settings, Rng& rng, TraceSink* trace);
    ~StatefulFilter();
    StatefulFilter(const StatefulFilter&) = delete;
    StatefulFilter& operator=(const StatefulFilter&) = delete;

    /// Judges one packet; parameters as NatBox::Process().
    [[nodiscard]] FilterVerdict Process(TimePoint now,
                                        NatSide from,
                                        ByteView header,
                                        size_t packetLength);

    /// Tickets of held packets whose first fragment has come: Process() them again, in this order.
    [[nodiscard]] std::vector<uint64_t> TakeReleased();
    /// Tickets of held packets that are given up (already counted as dropped): forget them.
    [[nodiscard]] std::vector<uint64_t> TakeAbandoned();

    /// When Timeout() is due next; TIME_NEVER when nothing waits. A late Timeout() changes no
    /// verdict.
    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout(TimePoint now);

    [[nodiscard]] const FilterSettings& Settings() const;
    [[nodiscard]] FilterCounters Counters() const;
    [[nodiscard]] size_t FlowCount() const;
    /// Flows, followed datagrams, held fragments: zero when all timers have run out.
    [[nodiscard]] size_t StateSize() const;

  private:
    class Machine;
    std::unique_ptr<Machine> m_machine;
};

} // namespace isb

#endif
