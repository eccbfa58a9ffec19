// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_NAT_FORWARDER_H
#define ISB_NS3_NAT_FORWARDER_H

#include "model/core/nat/nat-box.h"
#include "model/core/random/rng.h"
#include "model/ns3/packet-hook.h"

#include "ns3/nstime.h"

#include <memory>
#include <string>

namespace ns3
{

/**
 * A NAT on an ns-3 node: isb::NatBox behind a PacketHook. All interfaces are inside but one.
 *
 *  - from outside: translated before local delivery (PREROUTING);
 *  - from inside to the external address: hairpin, also PREROUTING;
 *  - from inside to elsewhere: translated when it leaves by the outside interface (POSTROUTING), so
 *    that traffic between inside subnets is not.
 *
 * Not modelled here: everything that NatBox does not (see there); the node's own traffic.
 */
class NatForwarder : public PacketHook
{
  public:
    static TypeId GetTypeId();
    NatForwarder();
    ~NatForwarder() override;

    /// Sets everything at once; the attributes then read these settings. Before Install().
    void SetSettings(const isb::NatSettings& settings);
    const isb::NatSettings& GetSettings() const;

    /// Starts translating on `node`: `outside` is the device of the external address. The settings
    /// must be free of contradictions (isb::FindContradiction()).
    void Install(Ptr<Node> node, Ptr<NetDevice> outside, uint64_t seed);

    /// The machine; only after Install().
    const isb::NatBox& Box() const;

  protected:
    Fate PreRouting(HeaderImage& image,
                    const Ptr<const Packet>& packet,
                    const Ipv4Header& header,
                    const Ptr<const NetDevice>& device) override;
    Fate PostRouting(HeaderImage& image,
                     const Ptr<const Packet>& packet,
                     const Ipv4Header& header,
                     const Ptr<const NetDevice>& device) override;
    bool WantsPreRouting(const Ipv4Header& header,
                         const Ptr<const NetDevice>& device) const override;
    bool WantsPostRouting(const Ptr<Ipv4Route>& route) const override;
    void OnTimeout(isb::TimePoint now) override;
    void DoDispose() override;

  private:
    Fate Translate(isb::NatSide side,
                   HeaderImage& image,
                   const Ptr<const Packet>& packet,
                   const Ipv4Header& header,
                   const Ptr<const NetDevice>& device);
    void Settle();
    void SetPreset(std::string name);
    std::string GetPreset() const;
    void SetUdpTimeout(Time value);
    Time GetUdpTimeout() const;
    void SetTcpTimeout(Time value);
    Time GetTcpTimeout() const;
    void SetFirstPort(uint16_t port);
    uint16_t GetFirstPort() const;
    void SetLastPort(uint16_t port);
    uint16_t GetLastPort() const;
    void SetHairpin(bool on);
    bool GetHairpin() const;
    void SetAssignment(std::string name);
    std::string GetAssignment() const;

    isb::NatSettings m_settings;
    std::unique_ptr<isb::SeededRng> m_rng;
    std::unique_ptr<isb::NatBox> m_box;
    Ptr<NetDevice> m_outside;
};

} // namespace ns3

#endif
