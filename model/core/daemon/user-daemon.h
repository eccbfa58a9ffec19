// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_USER_DAEMON_H
#define ISB_CORE_DAEMON_USER_DAEMON_H

#include "model/core/daemon/daemon-settings.h"
#include "model/core/machine/credential.h"
#include "model/core/machine/machine.h"
#include "model/core/random/rng.h"
#include "model/core/trace/trace-event.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// What became of one wanted service so far.
struct WantedReport
{
    std::string provider;
    std::string service;
    std::string_view state;                       ///< "waiting", "subscribed", "refused"
    uint64_t asked = 0;                           ///< clients (UDP: client endpoints) that came
    uint64_t established = 0;                     ///< connections that stood
    uint64_t failed = 0;                          ///< clients turned away
    uint64_t fromPrepared = 0;                    ///< clients that found one ready
    std::map<std::string_view, uint64_t> paths;   ///< established, by "direct", ...
    std::map<std::string_view, uint64_t> methods; ///< translated, by "passive", ...
    std::map<std::string, uint64_t> ists;         ///< translated, by IST
    std::map<std::string_view, uint64_t> codes;   ///< refusals and failures, by code
    uint16_t localPort = 0;                       ///< where clients connect; 0: not open
};

/// The services on line that the user may use, as the ISB told.
struct ServiceListing
{
    IsbCode code = IsbCode::None;      ///< None: the list is whole; else why it is not
    std::vector<ListingEntry> entries; ///< in order of (provider, service)
};

struct DaemonCounters
{
    uint64_t logins = 0;
    uint64_t sessionsLost = 0;
    uint64_t served = 0;                        ///< connections to own services that stood
    std::map<std::string_view, uint64_t> drops; ///< datagrams and connections, by reason
};

/// The program on a user's host (thesis 3.4): logs in to the ISB, offers and uses services, carries
/// bytes between localhost and service connections. Needs no privilege: it uses ordinary sockets,
/// no port below 1024.
class UserDaemon : public Machine
{
  public:
    /// `mac`, `random` and `trace` (may be null) must outlive the daemon.
    UserDaemon(DaemonSettings settings, const Mac& mac, Rng& random, TraceSink* trace);
    ~UserDaemon() override;

    void Start(TimePoint now) override;
    void Stop(TimePoint now) override;
    void Listening(TimePoint now, SocketId socket, Endpoint local) override;
    [[nodiscard]] SocketId Accepted(TimePoint now,
                                    SocketId listener,
                                    Endpoint local,
                                    Endpoint peer) override;
    void Connected(TimePoint now, SocketId socket, Endpoint local) override;
    void Failed(TimePoint now, SocketId socket, std::string_view why) override;
    void Received(TimePoint now, SocketId socket, ByteView bytes) override;
    void EndOfStream(TimePoint now, SocketId socket) override;
    void Sent(TimePoint now, SocketId socket, size_t bytes) override;
    void Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes) override;
    void JoinEnded(TimePoint now,
                   SocketId a,
                   SocketId b,
                   uint64_t bytesFromA,
                   uint64_t bytesFromB,
                   bool reset) override;
    void Relayed(TimePoint now, uint64_t relay, size_t bytes, bool outwards) override;
    [[nodiscard]] std::vector<MachineOrder> TakeOrders() override;
    [[nodiscard]] TimePoint NextTimeout() const override;
    void Timeout(TimePoint now) override;
    [[nodiscard]] bool IsIdle() const override;

    /// Offers one more service, or takes one back; told to the ISB at once or at the next login.
    void Announce(TimePoint now, const ProvidedService& service);
    void Withdraw(TimePoint now, std::string_view service);
    /// Uses one more service, or no longer (its clients are cut off).
    void Subscribe(TimePoint now, const WantedService& service);
    void Unsubscribe(TimePoint now, std::string_view provider, std::string_view service);

    /// Asks the ISB for the services on line that this user may use (thesis 3.3). Returns the
    /// request's number; 0: refused, not logged in or too many lists at once.
    [[nodiscard]] uint64_t List(TimePoint now);
    /// What came of it, once; nothing while it runs. Stop() forgets it.
    [[nodiscard]] std::optional<ServiceListing> TakeListing(uint64_t request);

    [[nodiscard]] bool IsLoggedIn() const;
    [[nodiscard]] Reachability GetReachability() const;
    [[nodiscard]] std::vector<WantedReport> Wanted() const;
    [[nodiscard]] const DaemonCounters& Counters() const;
    /// Open connections of all phases, waiting clients, held datagrams, lists that were not taken:
    /// zero when nothing is left.
    [[nodiscard]] size_t StateSize() const;

  private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace isb

#endif
