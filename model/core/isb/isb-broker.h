// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_ISB_BROKER_H
#define ISB_CORE_ISB_ISB_BROKER_H

#include "model/core/isb/isb-settings.h"
#include "model/core/machine/credential.h"
#include "model/core/machine/machine.h"
#include "model/core/random/rng.h"
#include "model/core/trace/trace-event.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace isb
{

/// Everything that a broker counts over its life.
struct IsbCounters
{
    uint64_t logins = 0;
    uint64_t messages = 0;                        ///< received
    uint64_t subscriptions = 0;                   ///< accepted
    uint64_t connections = 0;                     ///< established on both sides
    uint64_t fallbacks = 0;                       ///< direct or reversed failed, the IST was used
    std::map<std::string_view, uint64_t> ended;   ///< sessions, by code ("bad-frame", "logged-out")
    std::map<std::string_view, uint64_t> refused; ///< requests, by code
};

/// The Internet Service Broker (thesis 3.2, 3.3).
class IsbBroker : public Machine
{
  public:
    /// `mac`, `random` and `trace` (may be null) must outlive the broker.
    IsbBroker(IsbSettings settings, const Mac& mac, Rng& random, TraceSink* trace);
    ~IsbBroker() override;

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

    /// Sessions logged in, services announced, subscriptions, connections, ISTs; all entries of all
    /// tables: zero when nothing is left to forget.
    [[nodiscard]] size_t Users() const;
    [[nodiscard]] size_t Ists() const;
    [[nodiscard]] size_t Services() const;
    [[nodiscard]] size_t Subscriptions() const;
    [[nodiscard]] size_t Connections() const;
    [[nodiscard]] size_t StateSize() const;
    [[nodiscard]] const IsbCounters& Counters() const;

  private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace isb

#endif
