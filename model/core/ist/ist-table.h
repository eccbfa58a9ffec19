// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_IST_TABLE_H
#define ISB_CORE_IST_IST_TABLE_H

#include "model/core/ist/flow-table.h"
#include "model/core/ist/ist-settings.h"
#include "model/core/ist/splice-allowance.h"
#include "model/core/random/rng.h"
#include "model/splice/ist-state.h"
#include "model/wire/bytes.h"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace isb
{

inline size_t
IndexOf(IstSide side)
{
    return static_cast<size_t>(side);
}

inline IstSide
Opposite(IstSide side)
{
    return side == IstSide::A ? IstSide::B : IstSide::A;
}

/// One direction of a flow, as its packets arrive.
struct IstFlow
{
    Protocol protocol = Protocol::Tcp;
    uint8_t family = IST_FAMILY_IPV4;
    ist_tuple tuple{};

    [[nodiscard]] static IstFlow
    Of(const ist_packet& packet)
    {
        return {static_cast<Protocol>(packet.protocol), packet.family, packet.tuple};
    }
};

/// One splice: the core's state and what the carrier keeps around it.
struct Splice
{
    /// What the carrier keeps of one user.
    struct Side
    {
        uint16_t port = 0;           ///< IST port; 0 = not known yet
        bool follows = false;        ///< the port is the one from which user A came
        bool portOpen = false;       ///< the port table leads here
        std::optional<IstFlow> flow; ///< its entry in the flow table
        std::optional<IpAddress> allowed;
        bool rewriteShown = false; ///< the trace has its first payload packet
        uint64_t packets = 0;      ///< forwarded
        uint64_t bytes = 0;
    };

    uint64_t id = 0; ///< 0 = the slot is free
    uint32_t slot = 0;
    Protocol protocol = Protocol::Tcp;
    SpliceMethod requested = SpliceMethod::Passive;
    uint8_t handshakePackets = 0; ///< of them shown in the trace
    IpEndpoint activeTarget;
    std::optional<IpAddress> activeSource;
    TimePoint added{0};
    TimePoint waitingSince{0};      ///< when LISTEN was entered
    TimePoint entered = TIME_NEVER; ///< in the deadline queue
    std::array<Side, 2> side;
    ist_splice core{};
    bool watched = false; ///< its packets are counted or traced: SpliceWatch
    uint64_t label = 0;   ///< IstPair::label
    SpliceAllowance allowance;
    std::vector<uint16_t> closedPorts; ///< IstPair::closedPorts

    [[nodiscard]] Side&
    At(IstSide which)
    {
        return side[IndexOf(which)];
    }

    [[nodiscard]] const ist_side&
    CoreSide(IstSide which) const
    {
        return core.side[IndexOf(which)];
    }

    [[nodiscard]] bool
    Knows(IstSide which) const
    {
        return (CoreSide(which).flags & IST_SIDE_KNOWN) != 0;
    }
};

/// The IST table (thesis 5.2): splices, and the two hashes that find them.
///
/// Port entry: IST port -> splice and side, from Create() until both users have come.
/// Flow entry: protocol, peer, local endpoint -> splice and side, from then to the end; a table a
/// family, so that IPv4's keys stay short.
/// Beside them it counts flow entries by pair of hosts, so that a fragment without ports can be
/// told from one that is nobody's.
class IstTable
{
  public:
    /// Where a packet belongs.
    struct Place
    {
        Splice* splice = nullptr;
        IstSide from = IstSide::A;
    };

    explicit IstTable(Rng& random);

    /// A new splice without ports and flows.
    Splice& Create(Protocol protocol);
    /// Frees the splice with its ports and flows.
    void Destroy(Splice& splice);

    [[nodiscard]] Splice* Find(uint64_t id);
    [[nodiscard]] const std::map<uint64_t, uint32_t>& SlotsById() const;
    [[nodiscard]] const Splice& InSlot(uint32_t slot) const;

    /// Splice null = none.
    [[nodiscard]] Place FindFlow(const IstFlow& flow);
    [[nodiscard]] Place FindPort(Protocol protocol, uint16_t port);
    [[nodiscard]] bool IsPortOpen(Protocol protocol, uint16_t port) const;
    [[nodiscard]] bool HasFlow(const IstFlow& flow) const;
    /// Whether some flow of its peer to its own address exists, whatever the ports.
    [[nodiscard]] bool HasHosts(const IstFlow& flow) const;

    /// Opens the side's port. False when another splice has it open.
    bool OpenPort(Splice& splice, IstSide side);
    void ClosePort(Splice& splice, IstSide side);
    /// Enters the flow of a side that the core knows. The key must be free.
    void EnterFlow(Splice& splice, IstSide side);
    void EraseFlow(Splice& splice, IstSide side);

    [[nodiscard]] size_t
    Size() const
    {
        return m_slotsById.size();
    }

    /// Entries in all tables.
    [[nodiscard]] size_t
    Entries() const
    {
        return m_ports.Size() + m_flows.Size() + m_hosts.Size() + m_flows6.Size() +
               m_hosts6.Size() + m_slotsById.size();
    }

  private:
    [[nodiscard]] Place PlaceOf(const uint32_t* value);
    [[nodiscard]] const uint32_t* ValueOfFlow(const IstFlow& flow) const;

    uint64_t m_lastId = 0;
    std::deque<Splice> m_splices; ///< by slot; references stay valid
    std::vector<uint32_t> m_freeSlots;
    std::map<uint64_t, uint32_t> m_slotsById;
    FlowTable m_ports; ///< value = slot << 1 | side
    FlowTable m_flows; ///< value = slot << 1 | side
    FlowTable m_hosts; ///< value = number of flows
    FlowTable6 m_flows6;
    FlowTable6 m_hosts6;
};

} // namespace isb

#endif
