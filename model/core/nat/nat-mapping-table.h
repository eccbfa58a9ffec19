// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_MAPPING_TABLE_H
#define ISB_CORE_NAT_NAT_MAPPING_TABLE_H

#include "model/core/nat/nat-drop.h"
#include "model/core/nat/nat-hash-index.h"
#include "model/core/nat/nat-port-pool.h"
#include "model/core/nat/nat-settings.h"
#include "model/core/nat/nat-slab.h"
#include "model/core/nat/nat-tcp-state.h"
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

/// Which of the settings' timers a session runs on; each keeps its sessions in order of expiry.
enum class NatTimer : uint8_t
{
    Udp,
    Icmp,
    TcpTransitory,
    TcpEstablished,
    TcpClosing,
    Count_,
};

/// One remote that a mapping speaks with: for TCP a connection, else a permitted destination, of
/// which only the part counts that the filtering behaviour looks at (the rest is zero). It is the
/// thesis' set of destinations of a cone's entry (3.6.3), and the unit that times out.
struct NatSession
{
    uint32_t mapping = NAT_NO_SLOT;
    Endpoint internal; ///< its mapping's
    Endpoint external; ///< its mapping's
    Endpoint remote;
    TimePoint expiry{0};
    NatTimer timer = NatTimer::Udp;
    NatTcpState tcp;
    bool sentFromInside = false; ///< only then does it permit its remote address
    NatLinks byTimer;
    NatLinks byMapping;
};

/// An internal endpoint's external endpoint. Lives as long as one of its sessions.
struct NatMapping
{
    uint64_t id = 0;
    Protocol protocol = Protocol::Udp;
    Endpoint internal;
    Endpoint external;
    Endpoint remote; ///< the part that the mapping behaviour looks at, the rest zero
    uint32_t sessionCount = 0;
    NatList<NatSession, &NatSession::byMapping> sessions; ///< the one idle for longest first
};

/// The mappings of a NAT, their sessions and their ends. Every look-up is a hash look-up; state
/// leaves in order of its expiry.
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
    /// The session that a packet from `internal` to `remote` belongs to, or NAT_NO_SLOT: the fast
    /// path, one look-up whose result holds all that the translation needs.
    [[nodiscard]] uint32_t FindFromInside(Protocol protocol,
                                          Endpoint internal,
                                          Endpoint remote) const;
    /// The same of a packet from `remote` to `external`.
    [[nodiscard]] uint32_t FindFromOutside(Protocol protocol,
                                           Endpoint external,
                                           Endpoint remote) const;
    /// True when a forward owns the external endpoint, also outside the pool of ports.
    [[nodiscard]] bool IsForwarded(Protocol protocol, Endpoint external) const;
    /// The mapping's session with a remote endpoint, or NAT_NO_SLOT.
    [[nodiscard]] uint32_t FindSession(uint32_t mapping, Endpoint remote) const;
    /// True when the mapping's filter lets packets from `remote` in.
    [[nodiscard]] bool Admits(uint32_t mapping, Endpoint remote) const;

    /// Opens the session of a packet from inside, and its mapping unless there is one. A mapping
    /// whose set of destinations is full forgets the one idle for longest.
    [[nodiscard]] Slot OpenFromInside(TimePoint now,
                                      Protocol protocol,
                                      Endpoint internal,
                                      Endpoint remote);
    /// Opens a connection that the filter admits from outside; refused when the set is full.
    [[nodiscard]] Slot OpenFromOutside(TimePoint now, uint32_t mapping, Endpoint remote);

    /// Ends a session, and its mapping when it was the last one.
    void EndSession(TimePoint now, uint32_t session);
    /// Ends a mapping with all its sessions; of a forward the sessions only.
    void EndMapping(TimePoint now, uint32_t mapping);

    /// Forgets everything, as after a loss of power; the settings' external address may be another
    /// one than before.
    void Reboot(TimePoint now);
    /// Every mapping moves to another external endpoint, as far as one is free; sessions stay.
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
    /// The first session's expiry, or TIME_NEVER.
    [[nodiscard]] TimePoint NextExpiry() const;

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

    [[nodiscard]] size_t
    MappingCount() const
    {
        return m_mappings.Size();
    }

    [[nodiscard]] uint64_t
    CreatedCount() const
    {
        return m_lastId;
    }

    /// Slots of all mappings, by protocol and external endpoint.
    [[nodiscard]] std::vector<uint32_t> List() const;

    /// When the mapping's last session ends if nothing more happens.
    [[nodiscard]] TimePoint ExpiryOf(uint32_t mapping) const;

  private:
    static constexpr size_t TIMERS = static_cast<size_t>(NatTimer::Count_);

    [[nodiscard]] NatKey OutboundKey(Protocol protocol, Endpoint internal, Endpoint remote) const;
    [[nodiscard]] NatKey SessionKey(uint32_t mapping, Endpoint remote) const;
    [[nodiscard]] bool CountsAddresses(const NatMapping& mapping) const;
    [[nodiscard]] Slot AddMapping(TimePoint now,
                                  Protocol protocol,
                                  Endpoint internal,
                                  Endpoint remote);
    uint32_t AddSession(TimePoint now, uint32_t mapping, Endpoint remote);
    void Forget(TimePoint now, uint32_t mapping);
    [[nodiscard]] const NatAxes& Axes(Protocol protocol) const;
    [[nodiscard]] bool Allows(const NatMapping& mapping) const;
    void MakePools();
    void Trace(TimePoint now, TraceKind kind, const NatMapping& mapping);
    [[nodiscard]] NatPortPool& Pool(Protocol protocol);
    [[nodiscard]] uint32_t FirstToExpire() const;

    const NatSettings& m_settings;
    std::array<NatAxes, 3> m_axes; ///< those by which the table is indexed: UDP, TCP, ICMP
    Rng& m_rng;
    TraceSink* m_trace;
    std::array<Duration, TIMERS> m_durations;
    NatSlab<NatMapping> m_mappings;
    NatSlab<NatSession> m_sessions;
    NatHashIndex m_outbound;
    NatHashIndex m_external;
    NatHashIndex m_bySession;
    std::array<NatList<NatSession, &NatSession::byTimer>, TIMERS> m_timers;
    std::vector<NatPortPool> m_pools; ///< UDP, TCP, ICMP
    /// TCP connections by mapping and remote address, where the filter asks for the address only.
    std::unordered_map<uint64_t, uint32_t> m_addressUses;
    uint64_t m_lastId = 0;
    bool m_full = false;
};

} // namespace isb

#endif
