// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_SETTINGS_H
#define ISB_CORE_NAT_NAT_SETTINGS_H

#include "model/wire/endpoint.h"
#include "model/wire/result.h"
#include "model/wire/units.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace isb
{

/// How much of the remote endpoint a decision depends on. Both questions that a NAT answers have
/// these three answers: which mapping an outbound packet uses (RFC 4787 section 4.1) and which
/// inbound packets a mapping lets in (RFC 4787 section 5).
enum class NatBehaviour : uint8_t
{
    EndpointIndependent,
    AddressDependent,
    AddressAndPortDependent,
};

/// How a new mapping's external port is chosen from the pool (RFC 4787 section 4.2). ICMP echo: the
/// identifier is the port.
enum class NatPortAssignment : uint8_t
{
    Preserving,  ///< the internal port if it is in the pool and free, else the next free one
    Sequential,  ///< `step` after the port assigned last, then the next free one
    Random,      ///< uniform, then the next free one
    Overloading, ///< the internal port always: mappings share it and are told apart by their remote
                 ///< endpoints, so the mapping must not be endpoint-independent (section 4.2.1)
};

/// Which inbound packets restart the timer of a UDP or ICMP session (RFC 4787 section 4.3).
/// Outbound ones always do, and every packet restarts a TCP connection's.
enum class NatRefresh : uint8_t
{
    Outbound, ///< none: only traffic from inside keeps a session
    Both,     ///< all that the filter lets in
};

/// How a NAT treats one protocol. For ICMP echo the remote port counts as zero.
struct NatAxes
{
    NatBehaviour mapping = NatBehaviour::EndpointIndependent;
    NatBehaviour filtering = NatBehaviour::AddressAndPortDependent;
    NatPortAssignment assignment = NatPortAssignment::Preserving;
    uint16_t step = 1;       ///< Sequential: may not be 0
    bool parity = false;     ///< an even port gets an even one, an odd an odd one (RFC 4787 4.2.2)
    bool contiguity = false; ///< port n + 1 of a host gets what port n has, plus one, if it is free
                             ///< (RFC 4787 section 4.2.3: RTP and RTCP)
    NatRefresh refresh = NatRefresh::Outbound;
};

/// Which of several external addresses the mappings of one internal host get (RFC 4787
/// section 4.1).
enum class NatPooling : uint8_t
{
    Paired,    ///< all the same one
    Arbitrary, ///< each mapping the next one in turn
};

/// What an insider sees of another insider that it reaches by its external endpoint (RFC 4787
/// section 6).
enum class NatHairpin : uint8_t
{
    None,           ///< it cannot
    InternalSource, ///< the sender's internal endpoint
    ExternalSource, ///< the sender's external endpoint, as anyone outside would (REQ-9a)
};

/// The answer to a SYN from outside that no mapping takes or its filter refuses (RFC 5382 REQ-4).
enum class NatSynAnswer : uint8_t
{
    Drop,        ///< none
    Reset,       ///< RST at once
    Unreachable, ///< ICMP destination unreachable, port unreachable, at once
    Hold,        ///< wait `NatTimers::synHold` for a SYN from inside; then ICMP port unreachable
};

/// What a new flow meets when a table is full.
enum class NatEviction : uint8_t
{
    RefuseNew,  ///< it is dropped
    OldestIdle, ///< the session that is idle for longest makes room
};

/// Idle times after which state is forgotten.
struct NatTimers
{
    Duration udp = std::chrono::minutes(5);              ///< RFC 4787 REQ-5
    Duration tcpEstablished = std::chrono::minutes(124); ///< RFC 5382 REQ-5
    Duration tcpTransitory = std::chrono::minutes(4);    ///< RFC 5382 REQ-5: while it opens
    Duration tcpClosing = std::chrono::minutes(4);       ///< RFC 7857 section 2.1: while it closes
    Duration icmp = std::chrono::seconds(60);            ///< RFC 5508 REQ-2
    Duration fragments = std::chrono::seconds(2);        ///< state of one fragmented datagram
    Duration synHold = std::chrono::seconds(6); ///< RFC 5382 REQ-4: unsolicited SYNs, not less
    Duration portHold{0}; ///< a released port rests so long (RFC 6888 REQ-8: 120 s); 0: not
};

/// Bounds of the state that other people's packets can create.
struct NatLimits
{
    size_t mappings = 65536;  ///< of all protocols together
    size_t sessions = 262144; ///< permitted destinations and TCP connections of all mappings
    size_t destinationsPerMapping =
        1024;                          ///< permitted destinations or TCP connections of one mapping
    size_t fragmentedDatagrams = 1024; ///< a side
    size_t heldFragments = 256;        ///< a side: fragments that wait for their first one
    size_t heldSyns = 256;             ///< NatSynAnswer::Hold
    size_t mappingsPerSubscriber = 0;  ///< of one internal address (RFC 6888 REQ-4); 0: no limit
    size_t sessionsPerSubscriber = 0;  ///< the same of its sessions
    uint32_t newMappingsPerSecond = 0; ///< of one subscriber, burst of one second; 0: no limit
};

/// External ports given to subscribers in blocks (RFC 6888 section 4 and RFC 7422: one log entry a
/// block instead of a mapping).
struct NatPortBlocks
{
    uint16_t size = 0;     ///< ports of a block; 0: no blocks, one pool for all
    uint16_t mostEach = 1; ///< blocks that one subscriber may have at once
};

/// A forward that the administrator entered (thesis 1.1): packets from outside to `external` go to
/// the internal endpoints, each new flow to the next one in turn; what they answer comes from
/// `external`.
struct NatForward
{
    Protocol protocol = Protocol::Tcp; ///< Tcp or Udp
    Endpoint external;                 ///< address 0.0.0.0: the box's own
    std::vector<Endpoint> internal;    ///< one or more
};

/// Misbehaviour that is met in the field; all off.
struct NatFaults
{
    bool killOnReset = false;    ///< any RST from any side ends the connection's mapping at once
    bool killOnIcmp = false;     ///< so does any ICMP error (against RFC 5508 REQ-6)
    bool rewritePayload = false; ///< replaces the 4 bytes of the internal address wherever they
                                 ///< stand in a payload, both ways (as RFC 5389 section 15.2 tells)
};

/// Everything that can be set on a NatBox.
struct NatSettings
{
    Ipv4 external;                      ///< the box's own external address
    std::vector<Ipv4> furtherExternals; ///< more addresses that only mappings use
    NatPooling pooling = NatPooling::Paired;
    std::vector<Subnet> internal; ///< sources that are translated; empty: any source from inside
    /// Destinations for which translation is turned off (RFC 6888 REQ-6): packets to them, and
    /// packets from them that no mapping takes, pass unchanged.
    std::vector<Subnet> untranslated;
    NatAxes udp;
    NatAxes tcp;
    NatAxes icmp;
    uint16_t firstPort = 1024; ///< pool of external ports (and echo identifiers), first and last
    uint16_t lastPort = 65535; ///< included; ports outside it belong to the box itself
    NatPortBlocks blocks;
    NatHairpin hairpin = NatHairpin::ExternalSource;
    NatSynAnswer unsolicitedSyn = NatSynAnswer::Drop;
    NatEviction eviction = NatEviction::RefuseNew;
    std::vector<NatForward> forwards;
    NatFaults faults;
    bool checksums = true; ///< false: packets carry none (a simulation without), fields untouched
    /// Largest IP packets that fit on each side; 0: not this box' business. A larger one with DF
    /// gets ICMP "fragmentation needed" (RFC 4787 REQ-13), one without is the driver's to fragment.
    uint16_t insideMtu = 0;
    uint16_t outsideMtu = 0;
    NatTimers timers;
    NatLimits limits;
    /// A firewall in the NAT (thesis 3.7.1): the only addresses that insiders may send to; inside
    /// comes only what answers, whatever the axes' filtering says. Nothing: no firewall.
    std::optional<std::vector<Ipv4>> allowedDestinations{};

    /// The same port assignment for every protocol.
    void SetAssignment(NatPortAssignment assignment);
    [[nodiscard]] bool MayReach(Ipv4 destination) const;
    [[nodiscard]] const NatAxes& Axes(Protocol protocol) const;
    [[nodiscard]] bool IsInternal(Ipv4 address) const;
    /// The box's own external address or one of the further ones.
    [[nodiscard]] bool IsExternal(Ipv4 address) const;
    [[nodiscard]] bool IsUntranslated(Ipv4 destination) const;
};

/// The thesis' NAT types (section 3.6.3), by what an entry of the mapping table records.
///
/// | preset | mapping | filtering |
/// |---|---|---|
/// | full-cone | endpoint-independent | endpoint-independent |
/// | restricted-cone | endpoint-independent | address-dependent |
/// | port-restricted-cone | endpoint-independent | address-and-port-dependent |
/// | symmetric | address-and-port-dependent | address-and-port-dependent |
inline constexpr std::array<std::string_view, 4> NAT_PRESETS = {"full-cone",
                                                                "restricted-cone",
                                                                "port-restricted-cone",
                                                                "symmetric"};

/// Presets beyond the thesis', with more than two axes: ApplyNatPreset() says what they set.
inline constexpr std::array<std::string_view, 3> NAT_FURTHER_PRESETS = {"linux-masquerade",
                                                                        "linux-masquerade-random",
                                                                        "cgn"};

/// Gives the settings what the preset of this name stands for and leaves the rest of them as it is;
/// false, and nothing changed, when there is none of this name.
[[nodiscard]] bool ApplyNatPreset(std::string_view name, NatSettings& settings);

/// The axes of one of the thesis' presets; nothing for another name.
[[nodiscard]] std::optional<NatAxes> NatPreset(std::string_view name);

/// "endpoint-independent", "address-dependent", "address-and-port-dependent"
[[nodiscard]] std::string_view ToString(NatBehaviour behaviour);
[[nodiscard]] std::optional<NatBehaviour> ParseNatBehaviour(std::string_view name);

/// "preserving", "sequential", "random", "overloading"
[[nodiscard]] std::string_view ToString(NatPortAssignment assignment);
[[nodiscard]] std::optional<NatPortAssignment> ParseNatPortAssignment(std::string_view name);
[[nodiscard]] std::string_view ToString(NatRefresh refresh); ///< "outbound", "both"
[[nodiscard]] std::string_view ToString(NatPooling pooling); ///< "paired", "arbitrary"
[[nodiscard]] std::string_view ToString(NatHairpin hairpin); ///< "none", "internal", "external"
[[nodiscard]] std::string_view ToString(
    NatSynAnswer answer); ///< "drop", "reset", "unreachable", "hold"
[[nodiscard]] std::string_view ToString(NatEviction eviction); ///< "refuse-new", "oldest-idle"

/// Why these settings contradict themselves; nothing when a NatBox can be made of them.
[[nodiscard]] std::optional<Error> FindContradiction(const NatSettings& settings);

} // namespace isb

#endif
