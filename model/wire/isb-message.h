// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_ISB_MESSAGE_H
#define ISB_WIRE_ISB_MESSAGE_H

#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The messages of the ISB protocol (thesis 3.3, 3.5, 4.4) as values; isb-codec.h puts them on the
/// wire. "up" goes from a user daemon or IST to the ISB, "down" from the ISB.
///
///     subscriber            ISB               IST            provider
///        | <---- Hello ----- | ----- Hello ---> |                |
///        | ----- Login ----> | <---- Login ---- |                |      log in; then Ping / Pong
///        | <--- LoggedIn --- | --- LoggedIn --> |                |
///        |                   | <---------------- Announce ------ |
///        | --- Subscribe --> | ----------------- Offer --------> |      service negotiation
///        |                   | <---------------- Answer -------- |
///        | <-- Subscribed -- |                  |                |
///        | ----- Open -----> | - SpliceRequest >|                |      one connection; IST and
///        |                   | ----------------- Prepare ------> |      provider are asked in
///        |                   | <- SpliceReady - |                |      parallel
///        |                   | <---------------- Ready --------- |
///        | <-- Instruct ---- | ----------------- Instruct -----> |
///        | ================ connection ======== | ============== |
///        | ----- Status ---> | <- SpliceEvent - | <--- Status -- |
namespace isb
{

/// Version of the protocol; a frame of another version ends the session.
inline constexpr uint32_t ISB_PROTOCOL_VERSION = 1;
/// Most bytes of a frame's body; the length field of 4 bytes, big endian, comes on top.
inline constexpr size_t ISB_FRAME_LIMIT = 65536;
/// Most bytes of a user, service or IST name: letters, digits, '-', '_', '.'.
inline constexpr size_t ISB_NAME_LIMIT = 64;
/// Most bytes of a text for people (description, fault).
inline constexpr size_t ISB_TEXT_LIMIT = 256;
/// Most bytes of a login's proof.
inline constexpr size_t ISB_PROOF_LIMIT = 64;
/// Most methods of an IST's profile.
inline constexpr size_t ISB_METHOD_LIMIT = 8;
/// Most names in ServiceRecord::allowed.
inline constexpr size_t ISB_ALLOWED_LIMIT = 256;
/// Most entries of one Listing.
inline constexpr size_t ISB_LISTING_LIMIT = 128;
/// Most entries of an IstList or Nearness.
inline constexpr size_t ISB_IST_LIST_LIMIT = 64;
/// Most ways in WayWishes.
inline constexpr size_t ISB_WAY_LIMIT = 4;
/// Most STUN endpoints of a broker: two addresses with two ports each (RFC 5780 section 3).
inline constexpr size_t ISB_STUN_LIMIT = 4;
/// Most endpoints at which an end may be looked for when a hole is punched (promises T2, T6).
inline constexpr size_t ISB_PUNCH_LIMIT = 16;
/// Longest duration in a message; none is negative.
inline constexpr Duration ISB_DURATION_LIMIT = std::chrono::hours(24 * 366);

/// 128 bits that nobody can guess.
using Token = std::array<uint8_t, 16>;

enum class IsbRole : uint8_t
{
    User = 1,
    Ist = 2,
};

/// What the ISB knows about inbound connections to a user (thesis 3.4: NATed or not).
enum class Reachability : uint8_t
{
    Unknown = 0, ///< not tested yet: counts as Private
    Public = 1,  ///< the observed address is the local one and the probe arrived
    Private = 2, ///< NATed, or behind a firewall
};

/// How the service connection comes about (thesis 3.3, 3.4).
enum class ServicePath : uint8_t
{
    Direct = 1,     ///< the subscriber connects to the provider
    Reversed = 2,   ///< the provider connects to the subscriber
    Translated = 3, ///< both connect to an IST
    Punched = 4,    ///< both connect to each other's NAT at the same time; only to users that can
};

/// How the IST forwards (thesis chapter 4). Values are on the wire.
enum class ForwardingMethod : uint8_t
{
    Proxy = 1,   ///< 4.1, application layer; TCP and UDP
    Active = 2,  ///< 4.2, IBM's TCP Splice: the IST connects to the provider
    Passive = 3, ///< 4.3
    Pure = 4,    ///< 4.4
    Udp = 5,     ///< datagrams in the network layer
};

/// Stable codes of refusals, failures and ends. ToString(): "not-allowed", ...
enum class IsbCode : uint8_t
{
    None = 0,
    BadFrame = 1,       ///< truncated, oversized, undecodable
    BadVersion = 2,     ///< protocol version unknown
    BadSequence = 3,    ///< a frame out of order, lost or replayed
    BadState = 4,       ///< a message that does not belong here
    BadRequest = 5,     ///< a field out of its range
    BadCredentials = 6, ///< unknown name or wrong proof
    Replaced = 7,       ///< the same user logged in again
    TimedOut = 8,       ///< no hello message, no answer, no connection in time
    QuotaExceeded = 9,  ///< more of something than the profile allows
    Overloaded = 10,    ///< the broker or IST takes no more
    NotFound = 11,      ///< no such user, service, subscription
    NotOnline = 12,     ///< the provider is not logged in or has not announced it
    NotAllowed = 13,    ///< the service is not open to this user
    Refused = 14,       ///< the provider said no
    Withdrawn = 15,     ///< the provider withdrew the service
    LoggedOut = 16,     ///< the other side, or oneself, logged out
    PeerLost = 17,      ///< the other side's session ended without logout
    IstLost = 18,       ///< the IST is gone
    NoIst = 19,         ///< no IST can carry this
    ConnectFailed = 20, ///< a connection as instructed could not be made
    ServerRefused = 21, ///< the provider's server does not answer
    BadToken = 22,      ///< the other end of a service connection is not the one expected
    LimitReached = 23,  ///< a limit of the splice (bytes, lifetime)
    Duplicate = 24,     ///< already there
    SlowReader = 25,    ///< does not read what it is sent
    Cancelled = 26,     ///< no longer wanted
};

// --- session ---------------------------------------------------------------------------------

/// Down, first on every connection.
struct HelloMessage
{
    Token challenge{};
    Endpoint observed;  ///< the peer as the ISB sees it
    std::string broker; ///< its name
};

/// What an IST can carry.
struct IstProfile
{
    std::vector<ForwardingMethod> methods;
    Ipv4 address;          ///< where users connect; 0.0.0.0: the observed one
    uint32_t capacity = 0; ///< splices at once
    uint16_t pingPort = 0; ///< UDP echo, for nearness; 0: none
};

/// What a user's daemon can do beyond the first daemons of version 1, and is allowed to.
struct UserAbilities
{
    bool punch = false;     ///< takes part in hole punching
    bool predict = false;   ///< tells which ports its NAT may give next, when asked to
    bool loginPort = false; ///< also listens on the local port of this connection (thesis 3.6.3)
    bool natTest = false;   ///< knows NatProbe; an IST: sends test packets, knows ProbeOrder
    bool volunteer = false; ///< is willing to serve as IST, should its NAT be a full cone
    uint64_t volunteerRateBps = 0;     ///< most that it forwards; 0: what the broker says
    uint32_t volunteerConnections = 0; ///< most splices at once; 0: what the broker says
};

/// Up.
struct LoginMessage
{
    IsbRole role = IsbRole::User;
    std::string name;
    std::vector<uint8_t> proof; ///< of the shared secret, over the challenge
    Endpoint local;             ///< own end of this connection: tells NATed from public
    uint16_t listenPort = 0;    ///< TCP port for probes and service connections; 0: none
    uint64_t bootId = 0;        ///< random, of this life of the process
    bool canChoosePort = false; ///< its source ports arrive unchanged at an IST (Pure, thesis 4.4)
    IstProfile ist;             ///< role Ist only
    UserAbilities abilities{};  ///< of an IST natTest only
};

/// Where the broker's STUN server answers, over UDP and TCP.
struct StunServers
{
    /// Primary address with primary and alternate port, then the alternate address with both; fewer
    /// when the broker has fewer.
    std::vector<Endpoint> endpoints;
};

/// Down.
struct LoggedInMessage
{
    uint64_t session = 0;
    Duration helloInterval{0}; ///< send a Ping at least so often
    StunServers stun{};
};

/// Up, at least every helloInterval.
struct PingMessage
{
    uint64_t nonce = 0;
};

/// Down, answers a Ping.
struct PongMessage
{
    uint64_t nonce = 0;
};

/// Both ways: ends the session on purpose. Nothing follows.
struct ByeMessage
{
    IsbCode code = IsbCode::LoggedOut;
};

/// Both ways: a request failed. A fault of the session itself is a Bye.
struct FaultMessage
{
    IsbCode code = IsbCode::None;
    uint64_t request = 0; ///< of the message that failed; 0: none
    std::string text;     ///< for people
};

/// Down: a connection that begins with this token is about to come to the listen port.
struct ProbeMessage
{
    Token token{};
};

/// Up: it came.
struct ProbeSeenMessage
{
    Token token{};
};

/// Down: the ISB's knowledge of this user.
struct NatStatusMessage
{
    Reachability reachability = Reachability::Unknown;
    Endpoint observed;
};

// --- services --------------------------------------------------------------------------------

struct ServiceRecord
{
    std::string name;
    Protocol protocol = Protocol::Tcp; ///< Tcp or Udp
    std::string description;
    bool open = true;                 ///< to everyone; else only to `allowed` (default deny)
    std::vector<std::string> allowed; ///< user names
};

/// Up. Answered by Announced or Fault.
struct AnnounceMessage
{
    uint64_t request = 0;
    ServiceRecord service;
};

struct AnnouncedMessage
{
    uint64_t request = 0;
};

/// Up.
struct WithdrawMessage
{
    std::string service;
};

/// Up: the services on line that this user may use, in order of (provider, name).
struct ListMessage
{
    uint64_t request = 0;
    std::string afterProvider; ///< entries behind this one; empty: from the start
    std::string afterService;
    uint32_t most = 0; ///< entries wanted; 0: as many as fit
};

struct ListingEntry
{
    std::string provider;
    std::string service;
    Protocol protocol = Protocol::Tcp;
    std::string description;
};

/// Down.
struct ListingMessage
{
    uint64_t request = 0;
    std::vector<ListingEntry> entries;
    bool more = false;
};

/// Up. Answered by Subscribed or Fault.
struct SubscribeMessage
{
    uint64_t request = 0;
    std::string provider;
    std::string service;
};

/// Down, to the provider: may this user use it? Answered by Answer.
struct OfferMessage
{
    uint64_t subscription = 0;
    std::string subscriber;
    std::string service;
};

/// Up.
struct AnswerMessage
{
    uint64_t subscription = 0;
    bool accepted = false;
    IsbCode code = IsbCode::None; ///< when not
};

/// Down, to the subscriber.
struct SubscribedMessage
{
    uint64_t request = 0;
    uint64_t subscription = 0;
    Protocol protocol = Protocol::Tcp;
};

/// Up: the subscriber gives it up.
struct UnsubscribeMessage
{
    uint64_t subscription = 0;
};

/// Down, to both: it ended. Its connections that run go on unless ConnectionEnded names them.
struct SubscriptionEndedMessage
{
    uint64_t subscription = 0;
    IsbCode code = IsbCode::None;
};

// --- one service connection ------------------------------------------------------------------

/// In which ways the subscriber wants to be connected.
struct WayWishes
{
    std::vector<ServicePath> ways; ///< these only, in this order; empty: as the broker thinks best
    bool predict = false;          ///< Punched: also to ports that are only predicted
};

/// Up, from the subscriber: one more connection. Answered by Instruct or Fault.
struct OpenMessage
{
    uint64_t request = 0; ///< the subscriber's number of it
    uint64_t subscription = 0;
    ForwardingMethod method = ForwardingMethod::Passive; ///< wanted, if it goes through an IST
    bool requireIst = false;                             ///< do not try direct or reversed
    bool prepared = false;   ///< ahead of need: the provider waits with its server (Started)
    uint16_t chosenPort = 0; ///< source port that this side can choose (Pure); 0: it cannot
    Endpoint udp;            ///< UDP: not used yet by subscribers; port 0
    WayWishes wishes{};
};

/// Down, to the provider. Answered by Ready or Fault with request = connection. Sent again with the
/// next `attempt` when the path changes (fall-back).
struct PrepareMessage
{
    uint64_t connection = 0;
    uint32_t attempt = 0; ///< from 1
    uint64_t subscription = 0;
    ServicePath path = ServicePath::Translated;
    ForwardingMethod method = ForwardingMethod::Passive; ///< path Translated
    bool prepared = false;
    uint16_t peerPort = 0; ///< Pure: source port that the subscriber chose; 0: it cannot (Fig 4.7)
};

/// Up.
struct ReadyMessage
{
    uint64_t connection = 0;
    uint32_t attempt = 0;
    uint16_t listenPort = 0; ///< Direct and Active: TCP or UDP port that waits for the connection
    uint16_t chosenPort = 0; ///< Pure: one that this side could take; 0: it cannot. The
                             ///< IST picks P1 among its free ports (doc/adr/0005)
};

enum class ConnectRole : uint8_t
{
    Connect = 1, ///< open a connection (UDP: send) to `target`
    Await = 2,   ///< wait for one at the listen port
};

/// Down, to both ends of a Punched connection, to the one that awaits a Direct or Reversed one
/// behind a NAT: learn where a fresh local port is seen outside. Answered by Gathered.
struct GatherMessage
{
    uint64_t request = 0; ///< to the subscriber: of the Open; to the provider 0
    uint64_t connection = 0;
    uint32_t attempt = 0;
    ServicePath path = ServicePath::Punched;
    bool predict = false; ///< ports that the NAT may give next are wanted
};

/// Up.
struct GatheredMessage
{
    uint64_t connection = 0;
    uint32_t attempt = 0;
    IsbCode code = IsbCode::None; ///< why there are no endpoints
    bool dependent = false;       ///< its NAT gave different ports for different destinations
    /// Where its local port is, or may be, seen by the other end, most likely first. Only those
    /// with the address of its login count (promise T1).
    std::vector<Endpoint> endpoints;
};

/// Where else to look for the other end.
struct PunchTargets
{
    std::vector<Endpoint> endpoints; ///< after InstructMessage::target, most likely first
};

/// Down, to both: how to make the connection. Both ends then send a preface with `sendToken` and
/// believe the other end only when its preface shows `expectToken` (service-preface.h).
struct InstructMessage
{
    uint64_t request = 0; ///< to the subscriber: of the Open
    uint64_t connection = 0;
    uint32_t attempt = 0;
    ServicePath path = ServicePath::Translated;
    ForwardingMethod method = ForwardingMethod::Passive;
    ConnectRole role = ConnectRole::Connect;
    Endpoint target;        ///< role Connect: where to. Role Await: port 0
    uint16_t localPort = 0; ///< source port to use; 0: any
    Token sendToken{};
    Token expectToken{};
    std::string ist;      ///< path Translated: its name, for people
    Duration patience{0}; ///< give up after this long
    PunchTargets punch{}; ///< path Punched
};

enum class ConnectionPhase : uint8_t
{
    Established = 1, ///< the other end's preface is in
    Failed = 2,      ///< it could not be made, or was lost: code
    Started = 3,     ///< a prepared connection is in use now (up and, relayed, down)
    Closed = 4,      ///< over
};

/// Up from either side; Started also down to the other side.
struct StatusMessage
{
    uint64_t connection = 0;
    uint32_t attempt = 0;
    ConnectionPhase phase = ConnectionPhase::Established;
    IsbCode code = IsbCode::None;
    uint64_t sentBytes = 0;     ///< Closed: into the connection
    uint64_t receivedBytes = 0; ///< Closed: out of it
};

/// Down, to both: tear it down now.
struct ConnectionEndedMessage
{
    uint64_t connection = 0;
    IsbCode code = IsbCode::None;
};

// --- ISTs ------------------------------------------------------------------------------------

struct IstListEntry
{
    std::string name;
    Endpoint ping; ///< UDP echo
};

/// Down, to users: the ISTs whose nearness is worth measuring. At login and after a change.
struct IstListMessage
{
    std::vector<IstListEntry> entries; ///< at most 64
};

struct NearnessEntry
{
    std::string ist;
    Duration roundTrip{0}; ///< the least of the echoes
};

/// Up, from users.
struct NearnessMessage
{
    std::vector<NearnessEntry> entries;
};

/// Bounds of one splice; 0: none.
struct SpliceLimits
{
    uint64_t rateBps = 0; ///< IP packet bits a second, both ways together
    uint64_t bytes = 0;   ///< both ways together
    Duration lifetime{0};
};

/// Down, to an IST: be ready to join two connections. Answered by SpliceReady or Fault with
/// request = splice.
struct SpliceRequestMessage
{
    uint64_t splice = 0; ///< random: unique over restarts
    Protocol protocol = Protocol::Tcp;
    ForwardingMethod method = ForwardingMethod::Passive;
    Ipv4 subscriber; ///< only this source address may take the side; 0.0.0.0: any
    Ipv4 provider;
    uint16_t portA = 0; ///< port for the subscriber (Pure: agreed); 0: the IST chooses
    uint16_t portB = 0; ///< port for the provider; Pure 0: as the subscriber's SYN will show (P2)
    bool providerFirst = false; ///< Pure: the side that cannot choose is the provider; A is then he
    Endpoint activeTarget;      ///< method Active: where the IST connects to
    Duration patience{0};       ///< forget it when unpaired after this long
    SpliceLimits limits;
};

/// Up. The method may be lower than asked for: Pure becomes Passive when ports collide.
struct SpliceReadyMessage
{
    uint64_t splice = 0;
    ForwardingMethod method = ForwardingMethod::Passive;
    Endpoint subscriber; ///< where the subscriber connects to
    Endpoint provider;   ///< where the provider does; Pure: port 0 until FirstSyn
};

enum class SpliceNews : uint8_t
{
    FirstSyn = 1, ///< the first side came; `peerPort` = its source port (P2)
    Paired = 2,
    FellBack = 3, ///< Pure became Passive: `code`, or observed ports differ
    Ended = 4,    ///< over, in good order or by time-out
    Failed = 5,   ///< never paired, or broken
};

/// Up.
struct SpliceEventMessage
{
    uint64_t splice = 0;
    SpliceNews news = SpliceNews::Paired;
    IsbCode code = IsbCode::None;
    uint16_t peerPort = 0;
    uint64_t bytes = 0; ///< Ended: forwarded, both ways
};

/// Down.
struct SpliceCancelMessage
{
    uint64_t splice = 0;
};

/// Up, from ISTs, periodically.
struct LoadMessage
{
    uint32_t splices = 0;
    uint64_t forwardedBytes = 0; ///< since its start
    uint64_t drops = 0;
};

// --- NAT test, and users as ISTs (thesis 3.6.3) -----------------------------------------------

/// Down: from another address of the broker a TCP connection (UDP: a datagram) that begins with a
/// token is about to come to where the user's login port (UDP: `udp` of its NatReport) is seen.
struct NatProbeMessage
{
    Token token{}; ///< ToldHalf() of the token that comes
    Protocol protocol = Protocol::Tcp;
};

/// The half of a test packet's token that its receiver is told beforehand, then zeros. Who knows
/// the other half has received it.
[[nodiscard]] Token ToldHalf(const Token& token);

/// Up: what is known of the user's NAT.
struct NatReportMessage
{
    Token token{}; ///< all of the one that came; zeros: none did, or this is not an answer
    Endpoint udp;  ///< its mapping that it keeps alive for datagrams; port 0: none
};

/// Down: will you serve as IST within these bounds? Answered by VolunteerAnswer.
struct VolunteerOfferMessage
{
    uint64_t rateBps = 0; ///< IP payload bits a second, all connections together; 0: no bound
    uint32_t connections = 0;
    Duration helloInterval{0}; ///< from then on, as of an IST; 0: as before
};

/// Up.
struct VolunteerAnswerMessage
{
    bool accepted = false;
    uint64_t rateBps = 0;     ///< no more than offered
    uint32_t connections = 0; ///< no more than offered
};

/// Down, to a user who serves as IST: join the two connections that show these tokens. Answered by
/// SpliceReady, SpliceEvent and Fault, as by an IST.
struct VolunteerSpliceMessage
{
    uint64_t splice = 0;
    Protocol protocol = Protocol::Tcp;
    Token subscriber{}; ///< that the subscriber's preface shows
    Token provider{};
    Duration patience{0};
    SpliceLimits limits;
};

/// Down, to an IST that said it can: send the preface with this token there, from its own address,
/// over a connection (or in a few datagrams) of its own. Not answered: who is there tells.
struct ProbeOrderMessage
{
    Endpoint target;
    Token token{};
    Protocol protocol = Protocol::Tcp;
};

using IsbMessage = std::variant<HelloMessage,
                                LoginMessage,
                                LoggedInMessage,
                                PingMessage,
                                PongMessage,
                                ByeMessage,
                                FaultMessage,
                                ProbeMessage,
                                ProbeSeenMessage,
                                NatStatusMessage,
                                AnnounceMessage,
                                AnnouncedMessage,
                                WithdrawMessage,
                                ListMessage,
                                ListingMessage,
                                SubscribeMessage,
                                OfferMessage,
                                AnswerMessage,
                                SubscribedMessage,
                                UnsubscribeMessage,
                                SubscriptionEndedMessage,
                                OpenMessage,
                                PrepareMessage,
                                ReadyMessage,
                                InstructMessage,
                                StatusMessage,
                                ConnectionEndedMessage,
                                IstListMessage,
                                NearnessMessage,
                                SpliceRequestMessage,
                                SpliceReadyMessage,
                                SpliceEventMessage,
                                SpliceCancelMessage,
                                LoadMessage,
                                GatherMessage,
                                GatheredMessage,
                                NatProbeMessage,
                                NatReportMessage,
                                VolunteerOfferMessage,
                                VolunteerAnswerMessage,
                                VolunteerSpliceMessage,
                                ProbeOrderMessage>;

/// One message with its number: 1 for the first of a direction, then one more each.
struct IsbFrame
{
    uint64_t sequence = 0;
    IsbMessage message;
};

/// "login", "splice-request": static names.
[[nodiscard]] std::string_view NameOf(const IsbMessage& message);
[[nodiscard]] std::string_view ToString(IsbCode code);
[[nodiscard]] std::string_view ToString(Reachability reachability); ///< "public"
/// "direct", "reversed", "translated", "punched"
[[nodiscard]] std::string_view ToString(ServicePath path);
[[nodiscard]] std::string_view ToString(
    ForwardingMethod method); ///< "proxy", "active", "passive", "pure", "udp"
[[nodiscard]] std::string_view ToString(ConnectionPhase phase); ///< "established"
[[nodiscard]] std::string_view ToString(SpliceNews news);       ///< "first-syn"
/// "endpoint-independent", ..., "none"

/// 1 to ISB_NAME_LIMIT letters, digits, '-', '_', '.'.
[[nodiscard]] bool IsIsbName(std::string_view name);

/// At most ISB_TEXT_LIMIT bytes of UTF-8 without control characters; may be empty.
[[nodiscard]] bool IsIsbText(std::string_view text);

} // namespace isb

#endif
