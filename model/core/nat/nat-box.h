// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_BOX_H
#define ISB_CORE_NAT_NAT_BOX_H

#include "model/core/nat/nat-drop.h"
#include "model/core/nat/nat-emitted.h"
#include "model/core/nat/nat-settings.h"
#include "model/core/nat/nat-side.h"
#include "model/core/random/rng.h"
#include "model/core/trace/trace-event.h"
#include "model/wire/bytes.h"
#include "model/wire/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace isb
{

/// What is to be done with a packet.
struct NatVerdict
{
    enum class Action : uint8_t
    {
        Forward,  ///< translated: route it by its new destination
        Hairpin,  ///< translated on both ends: send it back inside
        Drop,     ///< ends here; reason and rule say why
        Hold,     ///< keep it until TakeReleased() or TakeAbandoned() names the ticket
        NotForUs, ///< unchanged: deliver or route it as if there were no NAT
    };

    Action action = Action::NotForUs;
    std::string_view reason; ///< drop only: "nat.filtered"
    std::string_view rule;   ///< drop only: "RFC 4787 REQ-8"
    uint64_t ticket = 0;     ///< hold only; never zero
};

/// One mapping as seen from outside the machine.
struct NatMappingInfo
{
    uint64_t id = 0;
    Protocol protocol = Protocol::Udp;
    Endpoint internal;
    Endpoint external;
    Endpoint remote;     ///< the part that the mapping depends on, the rest zero
    size_t sessions = 0; ///< permitted destinations or TCP connections
    TimePoint expiry{0}; ///< when the last of them ends if nothing more happens
};

struct NatCounters
{
    uint64_t outbound = 0;   ///< packets translated inside to outside
    uint64_t inbound = 0;    ///< packets translated outside to inside
    uint64_t hairpinned = 0; ///< packets turned back inside
    uint64_t untouched = 0;  ///< NotForUs
    uint64_t held = 0;       ///< fragments held
    uint64_t emitted = 0;    ///< RSTs and ICMP errors that the NAT sent itself
    uint64_t suppressed = 0; ///< those that the limit of their rate or number kept back
    uint64_t mappingsCreated = 0;
    uint64_t mappingsExpired = 0;
    std::array<uint64_t, NAT_DROP_COUNT> drops{}; ///< by NatDrop; DropInfo() has the names
};

/// A network address and port translator (NAPT, RFC 3022) for UDP, TCP and ICMP over IPv4.
///
/// Two questions on two independent axes a protocol (NatAxes): which mapping an outbound packet
/// uses, and which inbound packets a mapping lets in. Sans I/O: packets come as header bytes that
/// are edited in place, time is an argument, randomness is injected; it runs in ns-3 and on real
/// packets alike.
///
///     inside  10.0.0.2:5000 ---> | NatBox | ---> 203.0.113.1:5000  outside
///                  internal      +--------+      external         (remote)
///
/// Models RFC 4787 (UDP), RFC 5382 (TCP, tracked by flags), RFC 5508 (ICMP queries and errors),
/// RFC 7857's updates, RFC 6888 (blocks, limits) and the thesis' NAT types (3.6.3), and some ways
/// in which boxes misbehave (NatFaults). Not modelled: IPv6, TCP sequence numbers, ALGs.
class NatBox
{
  public:
    /// The settings must be free of contradictions (FindContradiction()). `rng` must outlive the
    /// box; `trace` may be null.
    NatBox(const NatSettings& settings, Rng& rng, TraceSink* trace);
    ~NatBox();
    NatBox(const NatBox&) = delete;
    NatBox& operator=(const NatBox&) = delete;

    /// Judges one packet and translates it in place.
    /// \param now not before the last call's
    /// \param from the side on which the packet arrived
    /// \param header first bytes of the packet from the IPv4 header on, network byte order: the
    ///        IPv4 and transport header at least (120 bytes always do), for ICMP errors all there
    ///        are up to 576. Changed only when the verdict is Forward or Hairpin.
    /// \param packetLength bytes of the whole packet, IPv4 header included
    /// \param wireLength the longest packet that it becomes on the wire, for the MTU alone: of a
    ///        large segment that is cut later, one of its pieces; 0: packetLength
    NatVerdict Process(TimePoint now,
                       NatSide from,
                       MutableBytes header,
                       size_t packetLength,
                       size_t wireLength = 0);

    /// Has the memory fetched that Process() of these packets will read: for a driver that has
    /// several packets at hand. Changes nothing but the time that they take.
    /// \param headers of packets from one side, as for Process(); any bytes may be in them
    void Prefetch(NatSide from, const ByteView* headers, size_t count) const;

    /// Tickets of held packets whose first fragment has come: Process() them again, in this order.
    [[nodiscard]] std::vector<uint64_t> TakeReleased();
    /// Tickets of held packets that are given up (already counted as dropped): forget them.
    [[nodiscard]] std::vector<uint64_t> TakeAbandoned();

    /// Packets that the NAT sends itself, in order: drain after every Process() and Timeout().
    [[nodiscard]] std::vector<NatEmitted> TakeEmitted();

    /// \name Faults and changes on command
    /// @{

    /// The box restarts: every mapping and everything held is lost, held fragments are abandoned.
    /// \param external its own address from now on (the same: it keeps it); none of
    ///        NatSettings::furtherExternals
    void Reboot(TimePoint now, Ipv4 external);
    /// Every mapping gets another external endpoint, its sessions live on. One that finds none
    /// stays where it is, or ends when its host moved to another external address.
    void Rebind(TimePoint now);
    /// As if every table were full: what is there lives on, and something new gets in only where
    /// the settings' eviction lets something old make room.
    void SetFull(TimePoint now, bool full);
    /// Other settings from now on; mappings that they allow live on. Why not, or nothing.
    [[nodiscard]] std::optional<Error> Reconfigure(TimePoint now, const NatSettings& settings);
    /// @}

    /// When Timeout() is due next; TIME_NEVER when nothing waits. State whose time has come is also
    /// ended by Process(), so that a late Timeout() changes no verdict.
    [[nodiscard]] TimePoint NextTimeout() const;
    /// Ends everything whose time has come.
    void Timeout(TimePoint now);

    [[nodiscard]] const NatSettings& Settings() const;
    [[nodiscard]] NatCounters Counters() const;
    [[nodiscard]] size_t MappingCount() const;
    /// All mappings, by protocol and external port.
    [[nodiscard]] std::vector<NatMappingInfo> Mappings() const;

  private:
    class Machine;
    std::unique_ptr<Machine> m_machine;
};

} // namespace isb

#endif
