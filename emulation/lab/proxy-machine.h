// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_PROXY_MACHINE_H
#define ISB_EMULATION_LAB_PROXY_MACHINE_H

#include "model/core/ist/ist-proxy.h"
#include "model/core/ist/ist-server.h"
#include "model/core/machine/machine.h"

#include <cstdint>
#include <map>
#include <set>

namespace isb
{

/// An IST on ordinary sockets: an IstServer and the IstProxy that carries its splices, as one
/// machine. Carries the methods Proxy and, the same for datagrams, Udp; those in the kernel are
/// refused.
///
/// A joined pair's bytes are the driver's, so that the bounds on bytes and rate of a splice are
/// judged at its end.
class ProxyMachine : public Machine
{
  public:
    /// `settings.methods` is cut to what it carries. The others must outlive it; `trace` may be
    /// null.
    ProxyMachine(IstServerSettings settings, const Mac& mac, Rng& random, TraceSink* trace);

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

    [[nodiscard]] const IstServer& Server() const;
    [[nodiscard]] const IstProxy& Proxy() const;

  private:
    /// Carrier orders of the server to the proxy, news of the proxy to the server, until none are
    /// left.
    void Settle(TimePoint now);
    void Carry(TimePoint now, const CarrierOrder& order);
    void Act(const IstProxy::Output& output);

    IstServer m_server;
    IstProxy m_proxy;
    std::vector<MachineOrder> m_orders;
    std::map<uint64_t, uint64_t> m_carried; ///< pair of the proxy, by splice
    std::set<SocketId> m_connections;       ///< of the proxy, open
    std::set<SocketId> m_joined;            ///< of these: their bytes are the driver's
    SocketId m_lastConnection;
};

} // namespace isb

#endif
