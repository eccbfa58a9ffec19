// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_FIREWALL_FORWARDER_H
#define ISB_NS3_FIREWALL_FORWARDER_H

#include "model/core/nat/stateful-filter.h"
#include "model/core/random/rng.h"
#include "model/ns3/packet-hook.h"

#include <cstdint>
#include <memory>

namespace ns3
{

/**
 * A firewall without translation on a router (thesis 3.7.1): isb::StatefulFilter behind a
 * PacketHook. It judges every packet as it comes in, and changes none. A NAT with a firewall in it
 * is a NatForwarder with isb::NatSettings::allowedDestinations.
 */
class FirewallForwarder : public PacketHook
{
  public:
    static TypeId GetTypeId();
    FirewallForwarder();
    ~FirewallForwarder() override;

    /// All at once; the attributes then read these settings. Before Install().
    void SetSettings(const isb::FilterSettings& settings);
    const isb::FilterSettings& GetSettings() const;

    /// Starts filtering on `node`: what comes by `outside` is from outside. The node's own
    /// addresses are taken from its interfaces.
    void Install(Ptr<Node> node, Ptr<NetDevice> outside, uint64_t seed);

    /// The machine; only after Install().
    const isb::StatefulFilter& Filter() const;

  protected:
    Fate PreRouting(HeaderImage& image,
                    const Ptr<const Packet>& packet,
                    const Ipv4Header& header,
                    const Ptr<const NetDevice>& device) override;
    bool WantsPreRouting(const Ipv4Header& header,
                         const Ptr<const NetDevice>& device) const override;
    void OnTimeout(isb::TimePoint now) override;
    void DoDispose() override;

  private:
    void Settle();

    isb::FilterSettings m_settings;
    std::unique_ptr<isb::SeededRng> m_rng;
    std::unique_ptr<isb::StatefulFilter> m_filter;
    Ptr<NetDevice> m_outside;
};

} // namespace ns3

#endif
