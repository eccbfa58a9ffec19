// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_IST_ENGINE_H
#define ISB_CORE_IST_IST_ENGINE_H

#include "model/core/ist/carrier-news.h"
#include "model/core/ist/ist-settings.h"
#include "model/core/random/rng.h"
#include "model/core/trace/trace-event.h"
#include "model/wire/bytes.h"
#include "model/wire/ip-endpoint.h"
#include "model/wire/result.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace isb
{

/// What to do with a packet that was given to IstEngine::Process().
struct IstVerdict
{
    enum Action : uint8_t
    {
        NotOurs,  ///< no IST port, no spliced flow: deliver as if there were no IST
        Consumed, ///< the IST took it (a SYN, a registration datagram); nothing to send for it
        Forward,  ///< rewritten: route by the header's new destination and send
        Drop,     ///< reason and rule say why
        Hold,     ///< keep the packet until its ticket is in TakeReleased() or TakeAbandoned()
    };

    Action action = NotOurs;
    std::string_view reason; ///< Drop only: "ist.unpaired"
    std::string_view rule;   ///< Drop only: "thesis 3.3"
    uint64_t ticket = 0;     ///< Hold only; never 0
    /// Forward only: so many of the packet's first bytes give way to `header`. 0: rewritten in
    /// place, as always between users of one family.
    size_t replaced = 0;
    std::vector<uint8_t>
        header; ///< the other family's IP header; of an ICMP error, the whole of it
};

/// One splice as List() shows it. Endpoints are as seen at the IST.
struct IstSpliceInfo
{
    /// The connection of one user.
    struct Side
    {
        IpEndpoint peer;      ///< the user; port 0 before his first packet
        IpEndpoint local;     ///< the IST's end; address 0.0.0.0 before the first packet
        uint64_t packets = 0; ///< received from this user and forwarded
        uint64_t bytes = 0;   ///< of those, IP packet lengths
    };

    uint64_t id = 0;
    SpliceMethod method = SpliceMethod::Passive; ///< Passive after a fall-back from Pure
    SpliceMethod requested = SpliceMethod::Passive;
    std::string_view state; ///< thesis 5.2: "LISTEN", "IST_SYN_LOOKUP", ... "IST_TIME_WAIT"
    std::array<Side, 2> side;
    uint64_t label = 0; ///< IstPair::label
    SpliceLimits limits{};
    TimePoint added{0};  ///< when it was ordered
    TimePoint active{0}; ///< when it was ordered or a packet last moved it on
};

/// Everything that an engine counts over its life.
struct IstCounters
{
    uint64_t added = 0;
    uint64_t refused = 0;   ///< Add() said no
    uint64_t paired = 0;    ///< both sides came
    uint64_t fallbacks = 0; ///< Pure became Passive
    uint64_t ended = 0;     ///< closed, expired or removed
    uint64_t forwarded = 0; ///< packets
    uint64_t forwardedBytes = 0;
    uint64_t consumed = 0;
    uint64_t emitted = 0;                       ///< crafted packets
    std::map<std::string_view, uint64_t> drops; ///< by reason
};

/// The IST in the network layer (thesis 4.2 to 4.4, 5.2): carrier of the splice core model/splice
/// for simulation and user space. It owns the IST table, finds the splice of a packet, lets the
/// core step and applies the edits.
///
///     user A --- (peer A, local A:portA)  IST  (local B:portB, peer B) --- user B
///
/// Two tables: IST ports -> pairs (slow path, before pairing), and one entry a direction keyed by
/// protocol, peer and local endpoint (fast path, hash). An IST port is single-use: it returns when
/// both sides have come, from then on the 5-tuple owns the flow; two users behind one address are
/// therefore no special case.
///
/// Models: held SYNs, handshake splicing, FIN, RST and 2 MSL (in the core); IPv4 and IPv6, and
/// users of different families with one another (RFC 7915); UDP registration and keepalive;
/// fragments of spliced UDP flows without reassembly; ICMP errors about spliced flows. Not: routing
/// (the carrier forwards), IP options beyond carrying them, fragmented TCP (dropped and counted),
/// shaping (packets over a splice's rate are dropped), cutting packets that became too long (the
/// carrier does, or tells the sender).
///
/// A packet is passed as its first bytes on the wire (network byte order) from the IP header on: at
/// most 120 are needed, for ICMP errors as many as there are up to 576 (IPv6: 1280). They are
/// edited in place; the length of a packet changes between users of different families only, see
/// IstVerdict::replaced.
///
/// Inputs carry `now`, which never goes back. After every input drain TakeEmitted() and
/// TakeNotices(), and after Process(), Remove() and Timeout() also TakeReleased() and
/// TakeAbandoned(). Same inputs and seed, same bytes.
class IstEngine
{
  public:
    /// `random` and `trace` (may be null) must outlive the engine.
    IstEngine(IstSettings settings, Rng& random, TraceSink* trace);
    ~IstEngine();
    IstEngine(const IstEngine&) = delete;
    IstEngine& operator=(const IstEngine&) = delete;

    /// Opens the pair's ports and waits for its users. Returns the splice's id (never 0), or why
    /// not: port 0, port taken, limit reached, contradictory order.
    Result<uint64_t> Add(TimePoint now, const IstPair& pair);

    /// Ends a splice; users of a paired TCP splice get an RST each. False when there is none.
    bool Remove(TimePoint now, uint64_t id);

    /// Takes one packet. `packetLength` is the real total length, >= header.size.
    [[nodiscard]] IstVerdict Process(TimePoint now, MutableBytes header, size_t packetLength);

    /// Crafted packets to send (SYN-ACK, SYN, ACK, RST), complete with checksums.
    [[nodiscard]] std::vector<std::vector<uint8_t>> TakeEmitted();

    /// What happened to labelled pairs, in order, since the last call; for IstServer.
    [[nodiscard]] std::vector<CarrierNews> TakeNotices();

    /// Tickets of held packets to give to Process() again, in the order of their arrival.
    [[nodiscard]] std::vector<uint64_t> TakeReleased();

    /// Tickets of held packets to throw away.
    [[nodiscard]] std::vector<uint64_t> TakeAbandoned();

    /// When Timeout() is due; may be early (the fast path moves deadlines lazily), never late.
    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout(TimePoint now);

    /// All splices, by id.
    [[nodiscard]] std::vector<IstSpliceInfo> List() const;
    /// One splice, or nothing.
    [[nodiscard]] std::optional<IstSpliceInfo> Find(uint64_t id) const;
    /// Number of splices.
    [[nodiscard]] size_t Size() const;
    /// Flow entries, ports, held fragments: all zero when nothing is left to forget.
    [[nodiscard]] size_t StateSize() const;
    [[nodiscard]] const IstCounters& Counters() const;

  private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace isb

#endif
