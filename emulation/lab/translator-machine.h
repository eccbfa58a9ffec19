// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_TRANSLATOR_MACHINE_H
#define ISB_EMULATION_LAB_TRANSLATOR_MACHINE_H

#include "emulation/carrier/splice-carrier.h"
#include "model/core/ist/ist-proxy.h"
#include "model/core/ist/ist-server.h"
#include "model/core/machine/machine.h"

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace isb
{

/// An IST as one machine: an IstServer and the carriers of its splices. The IstProxy on ordinary
/// sockets carries Proxy; a carrier of the kernel the other methods. Without one the proxy carries
/// datagrams too, and what is left is not offered.
///
/// Bytes of a pair that the proxy has joined are the driver's, so that the bounds on bytes and rate
/// of such a splice are judged at its end.
class TranslatorMachine : public Machine
{
  public:
    /// `settings.methods` is cut to what it carries. The others must outlive it; `kernel` and
    /// `trace` may be null.
    TranslatorMachine(IstServerSettings settings,
                      SpliceCarrier* kernel,
                      const Mac& mac,
                      Rng& random,
                      TraceSink* trace);

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

    /// The kernel's carrier has news.
    void KernelNews(TimePoint now);

    [[nodiscard]] const IstServer& Server() const;
    /// Of all carriers together: paired, fallbacks, forwarded bytes, drops by reason.
    [[nodiscard]] IstCounters Counters() const;

  private:
    /// Carrier orders of the server to the proxy, news of the proxy to the server, until none are
    /// left.
    void Settle(TimePoint now);
    void Carry(TimePoint now, const CarrierOrder& order);
    [[nodiscard]] Result<uint64_t> Open(TimePoint now, const CarrierOrder& order, bool byKernel);
    void End(TimePoint now, uint64_t splice);
    void Tell(TimePoint now, const std::vector<CarrierNews>& news);
    void Act(const IstProxy::Output& output);

    /// A splice as its carrier knows it.
    struct Carried
    {
        uint64_t id = 0;
        bool byKernel = false;
    };

    IstServer m_server;
    IstProxy m_proxy;
    SpliceCarrier* m_kernel;
    uint64_t m_kernelDrops = 0;
    std::vector<MachineOrder> m_orders;
    std::map<uint64_t, Carried> m_carried; ///< by splice
    std::set<SocketId> m_connections;      ///< of the proxy, open
    std::set<SocketId> m_joined;           ///< of these: their bytes are the driver's
    SocketId m_lastConnection;
};

} // namespace isb

#endif
