// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_MAPPING_TABLE_H
#define ISB_CORE_NAT_NAT_MAPPING_TABLE_H

#include "model/core/nat/nat-allocator.h"
#include "model/core/nat/nat-drop.h"
#include "model/core/nat/nat-forwards.h"
#include "model/core/nat/nat-session.h"
#include "model/core/nat/nat-settings.h"
#include "model/core/nat/nat-side.h"
#include "model/core/nat/nat-slab.h"
#include "model/core/nat/nat-subscribers.h"
#include "model/core/nat/nat-tag-index.h"
#include "model/core/nat/nat-timer-queue.h"
#include "model/core/random/rng.h"
#include "model/core/trace/trace-event.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace isb
{

/// The mappings of a NAT, their sessions and their ends. Every look-up is a hash look-up; state
/// leaves in order of its expiry.
///
///     packet from inside   (internal, remote) --+                    +-- NatMapping (slow path)
///                                               +--> NatSession -----+
///     packet from outside  (external, remote) --+    one cache line
class NatMappingTable
{
  public:
    /// A slot, or why there is none.
    struct Slot
    {
        uint32_t slot = NAT_NO_SLOT;
        NatDrop refusal = NatDrop::TableFull;
    };

    /// All three must outlive the table; `trace` may be null.
    NatMappingTable(const NatSettings& settings, Rng& rng, TraceSink* trace);

    /// The session that a packet from `internal` to `remote` belongs to, or NAT_NO_SLOT: the fast
    /// path, one look-up whose result holds all that the translation needs.
    [[nodiscard]] uint32_t FindFromInside(Protocol protocol,
                                          Endpoint internal,
                                          Endpoint remote) const;
    /// The same of a packet from `remote` to `external`.
    [[nodiscard]] uint32_t FindFromOutside(Protocol protocol,
                                           Endpoint external,
                                           Endpoint remote) const;
    /// What FindFromInside() or FindFromOutside() will look for, to be fetched ahead: first the
    /// place in the index of several packets, then their sessions, so that the waits for memory run
    /// side by side. Changes nothing.
    [[nodiscard]] uint32_t PlaceOf(NatSide from,
                                   Protocol protocol,
                                   Endpoint local,
                                   Endpoint remote) const;
    void FetchIndex(NatSide from, uint32_t place) const;
    void FetchSession(NatSide from, uint32_t place) const;

    /// The mapping that a packet from `internal` to `remote` uses, or NAT_NO_SLOT.
    [[nodiscard]] uint32_t FindOutbound(Protocol protocol,
                                        Endpoint internal,
                                        Endpoint remote) const;
    /// The mapping that takes a packet from `remote` to an external endpoint, or NAT_NO_SLOT. The
    /// remote endpoint decides where mappings share the external one (NatPortAssignment::
    /// Overloading, a forward to several internal endpoints).
    [[nodiscard]] uint32_t FindExternal(Protocol protocol,
                                        Endpoint external,
                                        Endpoint remote) const;
    /// True when a forward owns the external endpoint, also outside the pool of ports.
    [[nodiscard]] bool IsForwarded(Protocol protocol, Endpoint external) const;
    /// The mapping's session with a remote endpoint, or NAT_NO_SLOT.
    [[nodiscard]] uint32_t FindSession(uint32_t mapping, Endpoint remote) const;
    /// True when the mapping's filter lets packets from `remote` in.
    [[nodiscard]] bool Admits(uint32_t mapping, Endpoint remote) const;

    /// Opens the session of a packet from inside, and its mapping unless there is one. A mapping
    /// whose set of destinations is full forgets the one idle for longest. When the table is full,
    /// other sessions may make room (NatEviction): slots found before are not valid any longer.
    [[nodiscard]] Slot OpenFromInside(TimePoint now,
                                      Protocol protocol,
                                      Endpoint internal,
                                      Endpoint remote);
    /// Opens a session that the filter admits from outside; refused when the set is full. The same
    /// goes for other slots; this mapping stays.
    [[nodiscard]] Slot OpenFromOutside(TimePoint now, uint32_t mapping, Endpoint remote);

    /// Ends a session, and its mapping when it was the last one.
    void EndSession(TimePoint now, uint32_t session);
    /// Ends a mapping with all its sessions; of a forward the sessions only.
    void EndMapping(TimePoint now, uint32_t mapping);

    /// Forgets everything, as after a loss of power; the settings' external address may be another
    /// one than before.
    void Reboot(TimePoint now);
    /// Every mapping moves to another external endpoint, as far as one is free; sessions stay.
    /// Where none is, a mapping stays if its host keeps its address, else it ends. Forwards stay
    /// where they are.
    void Rebind(TimePoint now);
    /// While `full`, new mappings and sessions meet a full table.
    void SetFull(bool full);
    /// The settings have changed: mappings that the new ones allow stay with their sessions, the
    /// others end.
    void Reconfigure(TimePoint now);

    /// A packet from inside used the session.
    void NoteSentFromInside(uint32_t session);
    /// Restarts a session's timer.
    void Refresh(TimePoint now, uint32_t session, NatTimer timer);

    /// Ends the sessions whose time has come, and mappings without sessions.
    void Expire(TimePoint now);

    /// No session expires before; TIME_NEVER when there is none.
    [[nodiscard]] TimePoint
    NextExpiry() const
    {
        return m_timers.NextDue();
    }

    [[nodiscard]] NatSession&
    Session(uint32_t session)
    {
        return m_sessions[session];
    }

    [[nodiscard]] const NatMapping&
    Mapping(uint32_t mapping) const
    {
        return m_mappings[mapping];
    }

    /// Without the forwards'.
    [[nodiscard]] size_t
    MappingCount() const
    {
        return m_mappings.Size() - m_forwardCount;
    }

    [[nodiscard]] size_t
    SessionCount() const
    {
        return m_sessions.Size();
    }

    /// Mappings made so far; a mapping that was rebound counts again.
    [[nodiscard]] uint64_t
    CreatedCount() const
    {
        return m_created;
    }

    /// Slots of all mappings and forwards, by protocol, external endpoint and id.
    [[nodiscard]] std::vector<uint32_t> List() const;

    /// When the mapping's last session ends if nothing more happens; a forward's: TIME_NEVER.
    [[nodiscard]] TimePoint ExpiryOf(uint32_t mapping) const;

  private:
    /// What is known of one way into the table: where to look and what to compare.
    struct Key
    {
        Protocol protocol;
        Endpoint local; ///< internal or external
        Endpoint remote;
    };

    /// A mapping with its sessions, outside the table.
    struct Saved
    {
        NatMapping mapping;
        std::vector<NatSession> sessions; ///< the one idle for longest first
    };

    [[nodiscard]] const NatAxes& Axes(Protocol protocol) const;
    [[nodiscard]] bool Overloads(Protocol protocol) const;
    [[nodiscard]] Endpoint MappingRemote(Protocol protocol, Endpoint remote) const;
    [[nodiscard]] Endpoint InsideRemote(Protocol protocol, Endpoint remote) const;
    [[nodiscard]] Endpoint OutsideRemote(Protocol protocol, Endpoint remote) const;
    [[nodiscard]] Endpoint OutsideRemote(const NatSession& session) const;
    [[nodiscard]] Endpoint SharedRemote(Protocol protocol, Endpoint remote) const;
    [[nodiscard]] uint32_t HashOf(const Key& key) const;
    [[nodiscard]] uint32_t FindInside(const Key& key, bool forwarded) const;
    [[nodiscard]] uint32_t FindOutside(const Key& key, bool forwarded) const;
    [[nodiscard]] uint32_t FindMapping(const NatTagIndex& index,
                                       const Key& key,
                                       Endpoint NatMapping::*local,
                                       bool forward) const;
    [[nodiscard]] bool CountsAddresses(const NatSession& session) const;

    [[nodiscard]] static uint64_t
    AddressKey(uint32_t mapping, Ipv4 address)
    {
        return uint64_t{mapping} << 32 | address.value;
    }

    void Index(uint32_t mapping);
    void Unindex(uint32_t mapping);
    void IndexSession(uint32_t session);
    void UnindexSession(uint32_t session);

    [[nodiscard]] Slot AddMapping(TimePoint now,
                                  Protocol protocol,
                                  Endpoint internal,
                                  Endpoint remote);
    [[nodiscard]] std::optional<Endpoint> Allocate(TimePoint now,
                                                   uint32_t subscriber,
                                                   const NatMapping& mapping,
                                                   std::optional<Endpoint> beside);
    [[nodiscard]] std::optional<Endpoint> Beside(const NatMapping& mapping, Endpoint remote) const;
    uint32_t AddSession(TimePoint now, uint32_t mapping, Endpoint remote);
    uint32_t Insert(const NatSession& session);
    void Forget(TimePoint now, uint32_t mapping);
    [[nodiscard]] std::optional<NatDrop> MakeRoomForMapping(TimePoint now);
    [[nodiscard]] std::optional<NatDrop> MakeRoomForSession(TimePoint now, uint32_t mapping);
    [[nodiscard]] bool IsAtSessionLimit(const NatMapping& mapping);
    [[nodiscard]] std::optional<NatDrop> FindShareUsedUp(TimePoint now, Ipv4 host);
    [[nodiscard]] bool Evict(TimePoint now);
    void AddForwards();

    [[nodiscard]] std::vector<Saved> SaveAll() const;
    void Clear();
    void ReadSettings();
    [[nodiscard]] bool Allows(const NatMapping& mapping, const NatAxes& before) const;
    [[nodiscard]] bool Restore(TimePoint now, const Saved& saved);
    void RestoreForward(TimePoint now, const Saved& saved);
    void RestoreSessions(TimePoint now, uint32_t slot, const Saved& saved);
    void Move(TimePoint now, uint32_t slot, Endpoint external);
    void Trace(TimePoint now, TraceKind kind, const NatMapping& mapping, Endpoint remote);

    const NatSettings& m_settings;
    Rng& m_rng;
    TraceSink* m_trace;
    NatHash m_hash;
    std::array<NatAxes, 3> m_axes; ///< those by which the table is indexed: UDP, TCP, ICMP
    std::array<Duration, NAT_TIMER_COUNT> m_durations;
    NatSlab<NatMapping> m_mappings;
    NatSlab<NatSession> m_sessions;
    NatTagIndex m_outbound;     ///< mappings by internal endpoint
    NatTagIndex m_external;     ///< mappings by external endpoint
    NatTagIndex m_insideIndex;  ///< sessions by internal endpoint
    NatTagIndex m_outsideIndex; ///< sessions by external endpoint
    NatTimerQueue m_timers;
    NatSubscribers m_subscribers;
    std::optional<NatAllocator> m_allocator;
    NatForwards m_forwards;
    size_t m_forwardCount = 0;
    /// TCP connections by mapping and remote address, where the filter asks for the address only.
    std::unordered_map<uint64_t, uint32_t> m_addressUses;
    uint64_t m_lastId = 0;
    uint64_t m_created = 0;
    bool m_full = false;
};

} // namespace isb

#endif
