// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_IST_FORWARDER_H
#define ISB_NS3_IST_FORWARDER_H

#include "model/core/ist/ist-engine.h"
#include "model/core/random/rng.h"
#include "model/ns3/packet-hook.h"

#include "ns3/nstime.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace ns3
{

/**
 * The IST in the kernel (thesis 5.2) on an ns-3 node: isb::IstEngine behind a PacketHook. Every
 * packet to an address of the node passes the engine before local delivery; what the engine
 * rewrites is routed and forwarded, what it crafts is sent by the node's own routes.
 *
 * A packet that is addressed neither to the node nor rewritten is dropped: an IST is no router.
 */
class IstForwarder : public PacketHook
{
  public:
    static TypeId GetTypeId();
    IstForwarder();
    ~IstForwarder() override;

    /// Sets everything at once; the attributes then read these settings. Before Install().
    void SetSettings(const isb::IstSettings& settings);
    const isb::IstSettings& GetSettings() const;

    /// Starts splicing on `node`, for all addresses that its interfaces have now.
    void Install(Ptr<Node> node, uint64_t seed);

    /// Orders a splice; its id, or why not. Only after Install().
    isb::Result<uint64_t> Add(const isb::IstPair& pair);
    bool Remove(uint64_t id);

    /// Told what happens to labelled pairs, after the packet that made it happen is dealt with.
    void SetNewsCallback(std::function<void(const isb::CarrierNews&)> callback);
    /// The node lost power: all splices are gone without a word. Starts anew at once.
    void Forget();

    /// The machine; only after Install().
    const isb::IstEngine& Engine() const;
    /// Packets dropped because they were addressed elsewhere.
    uint64_t Misdirected() const;

  protected:
    Fate PreRouting(HeaderImage& image,
                    const Ptr<const Packet>& packet,
                    const Ipv4Header& header,
                    const Ptr<const NetDevice>& device) override;
    void OnTimeout(isb::TimePoint now) override;
    bool WantsPreRouting(const Ipv4Header& header,
                         const Ptr<const NetDevice>& device) const override;

  private:
    void Settle();
    bool IsOwn(Ipv4Address address) const;
    void DropMisdirected(const Ipv4Header& header, const HeaderImage& image);
    void SetUnmatchedTimeout(Time value);
    Time GetUnmatchedTimeout() const;
    void SetIdleTimeout(Time value);
    Time GetIdleTimeout() const;
    void SetUdpIdleTimeout(Time value);
    Time GetUdpIdleTimeout() const;
    void SetTimeWait(Time value);
    Time GetTimeWait() const;
    void SetMaxSplices(uint32_t count);
    uint32_t GetMaxSplices() const;

    isb::IstSettings m_settings;
    std::unique_ptr<isb::SeededRng> m_rng;
    std::unique_ptr<isb::IstEngine> m_engine;
    std::function<void(const isb::CarrierNews&)> m_news;
    uint64_t m_misdirected = 0;
};

} // namespace ns3

#endif
