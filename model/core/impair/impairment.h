// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IMPAIR_IMPAIRMENT_H
#define ISB_CORE_IMPAIR_IMPAIRMENT_H

#include "model/core/impair/impairment-settings.h"
#include "model/core/random/rng.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

namespace isb
{

/// Why a packet ends in an Impairment.
enum class ImpairmentDrop : uint8_t
{
    Loss,     ///< "impair.loss"
    Burst,    ///< "impair.burst"
    Queue,    ///< "impair.queue"
    InFlight, ///< "impair.in-flight"
    Count_,   ///< how many there are
};

inline constexpr size_t IMPAIRMENT_DROP_COUNT = static_cast<size_t>(ImpairmentDrop::Count_);

struct ImpairmentDropInfo
{
    std::string_view reason; ///< stable dotted name
    std::string_view rule;   ///< the setting that decides
};

[[nodiscard]] const ImpairmentDropInfo& DropInfo(ImpairmentDrop drop);

/// What becomes of a packet.
struct ImpairmentVerdict
{
    uint8_t copies = 1;      ///< that TakeDue() will name: 0 (dropped), 1, or 2 (duplicated)
    std::string_view reason; ///< dropped only: "impair.loss"
    std::string_view rule;   ///< dropped only: "loss"
};

/// A packet whose time has come.
struct ImpairmentDeparture
{
    uint64_t id = 0;
    bool isLast = true; ///< false: a copy follows, keep the packet
};

struct ImpairmentCounters
{
    uint64_t submitted = 0;
    uint64_t departed = 0; ///< copies included
    uint64_t duplicated = 0;
    uint64_t reordered = 0;
    std::array<uint64_t, IMPAIRMENT_DROP_COUNT> drops{}; ///< by ImpairmentDrop
};

/// One direction of a link that is slow, long, lossy or disorderly.
///
///              +-- queue (drop-tail) -- rate --+-- loss --+-- delay, reordering --+-- duplication
///     Submit --+                               |          |                       +--> TakeDue
///
/// A lost packet has used the link's rate. Sans I/O and packet-agnostic: the driver keeps packets
/// by their ids and wakes it at NextTimeout(). Not modelled: corruption, link-layer overhead (sizes
/// are what the driver says), active queue management.
class Impairment
{
  public:
    /// The settings must be free of contradictions (FindContradiction()). `rng` must outlive this.
    Impairment(const ImpairmentSettings& settings, Rng& rng);

    /// Takes a packet in.
    /// \param now not before the last call's
    /// \param id the driver's name of the packet, not in use
    /// \param bytes what the packet takes of rate and queue
    ImpairmentVerdict Submit(TimePoint now, uint64_t id, size_t bytes);

    /// The next packet whose time has come, in order of departure; nothing when there is none.
    [[nodiscard]] std::optional<ImpairmentDeparture> TakeDue(TimePoint now);

    /// When TakeDue() has something; TIME_NEVER when nothing is inside.
    [[nodiscard]] TimePoint NextTimeout() const;

    /// Other settings from now on; what is inside keeps its time.
    void Reconfigure(const ImpairmentSettings& settings);

    [[nodiscard]] const ImpairmentSettings& Settings() const;
    [[nodiscard]] const ImpairmentCounters& Counters() const;
    /// Departures to come, copies included.
    [[nodiscard]] size_t InFlight() const;

  private:
    struct Waiting
    {
        TimePoint start; ///< when the link begins to send it
        uint64_t bytes;
    };

    struct Departure
    {
        TimePoint when;
        uint64_t order; ///< breaks ties: first in, first out
        uint64_t id;
        bool isLast;

        static bool LeavesAfter(const Departure& a, const Departure& b);
    };

    ImpairmentVerdict Drop(ImpairmentDrop drop);
    [[nodiscard]] bool HasRoom(size_t bytes) const;
    TimePoint PassLink(TimePoint now, size_t bytes);
    std::optional<ImpairmentDrop> DrawLoss();
    void Depart(TimePoint when, uint64_t id, bool isLast);
    bool Chance(Ratio ratio);

    ImpairmentSettings m_settings;
    Rng& m_rng;
    ImpairmentCounters m_counters;
    std::deque<Waiting> m_waiting;
    uint64_t m_waitingBytes = 0;
    TimePoint m_linkFree{0};  ///< when the link has sent all that it took
    uint64_t m_remainder = 0; ///< of a nanosecond, in parts of the rate: rounding never adds up
    bool m_isBurst = false;
    TimePoint m_lastInOrder{0};
    std::vector<Departure> m_departures; ///< heap, the first to leave on top
    uint64_t m_order = 0;
};

} // namespace isb

#endif
