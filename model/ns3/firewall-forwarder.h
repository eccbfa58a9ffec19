// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_FIREWALL_FORWARDER_H
#define ISB_NS3_FIREWALL_FORWARDER_H

#include "model/core/nat/packet-filter.h"
#include "model/core/random/rng.h"
#include "model/ns3/packet-hook.h"

#include <memory>

namespace ns3
{

/// A firewall on an ns-3 node: isb::PacketFilter behind a PacketHook. All interfaces are inside but
/// one. Packets are judged before the node routes them; what the node sends itself is not.
class FirewallForwarder : public PacketHook
{
  public:
    static TypeId GetTypeId();
    FirewallForwarder();
    ~FirewallForwarder() override;

    /// Starts filtering on `node`: `outside` is the device towards everybody else. The node's own
    /// addresses and whether packets carry checksums are filled in.
    void Install(Ptr<Node> node,
                 Ptr<NetDevice> outside,
                 isb::FilterSettings settings,
                 uint64_t seed);

    /// The machine; only after Install().
    const isb::PacketFilter& Filter() const;

  protected:
    Fate PreRouting(HeaderImage& image,
                    const Ptr<const Packet>& packet,
                    const Ipv4Header& header,
                    const Ptr<const NetDevice>& device) override;
    void OnTimeout(isb::TimePoint now) override;
    void DoDispose() override;

  private:
    void Settle();

    std::unique_ptr<isb::SeededRng> m_rng;
    std::unique_ptr<isb::PacketFilter> m_filter;
    Ptr<NetDevice> m_outside;
};

} // namespace ns3

#endif
