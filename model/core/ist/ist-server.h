// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_IST_SERVER_H
#define ISB_CORE_IST_IST_SERVER_H

#include "model/core/ist/carrier-news.h"
#include "model/core/ist/ist-proxy.h"
#include "model/core/ist/ist-server-settings.h"
#include "model/core/ist/ist-settings.h"
#include "model/core/machine/credential.h"
#include "model/core/machine/machine.h"
#include "model/core/random/rng.h"
#include "model/core/trace/trace-event.h"

#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

namespace isb
{

/// To the carrier: IstEngine::Add(pair), then CarrierOpened().
struct EngineOrder
{
    uint64_t splice;
    IstPair pair;
};

/// To the carrier: IstProxy::Add(pair), then CarrierOpened().
struct ProxyOrder
{
    uint64_t splice;
    ProxyPair pair;
};

/// To the carrier: end it.
struct EndOrder
{
    uint64_t splice;
};

using CarrierOrder = std::variant<EngineOrder, ProxyOrder, EndOrder>;

/// The control side of an IST (thesis 3.3): registers at the ISB, takes splice requests, gives out
/// IST ports, has carriers (IstEngine, IstProxy: the driver's) join the connections, and reports
/// readiness, first SYN, pairing, end and load. Answers nearness echoes on a UDP port (never more
/// bytes than came: promise T2).
class IstServer : public Machine
{
  public:
    /// `mac`, `random` and `trace` (may be null) must outlive the server.
    IstServer(IstServerSettings settings, const Mac& mac, Rng& random, TraceSink* trace);
    ~IstServer() override;

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

    /// Drained after every input, as TakeOrders().
    [[nodiscard]] std::vector<CarrierOrder> TakeCarrierOrders();

    /// The carrier did an EngineOrder or ProxyOrder, or could not: `why` then says so.
    void CarrierOpened(TimePoint now, uint64_t splice, bool opened, std::string_view why);
    /// What happened to a splice (IstEngine::TakeNotices(), IstProxy::TakeNotices()).
    void CarrierNotice(TimePoint now, uint64_t splice, const CarrierNews& news);
    /// Packets and datagrams that its carriers have dropped so far, for LoadMessage.
    void CarrierLoad(uint64_t drops);

    [[nodiscard]] bool IsRegistered() const;
    [[nodiscard]] size_t Splices() const;
    /// Splices, ports in use: zero when nothing is left.
    [[nodiscard]] size_t StateSize() const;

  private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace isb

#endif
