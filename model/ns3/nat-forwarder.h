// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_NAT_FORWARDER_H
#define ISB_NS3_NAT_FORWARDER_H

#include "model/core/nat/nat-box.h"
#include "model/core/random/rng.h"
#include "model/ns3/packet-hook.h"

#include "ns3/ipv4-address.h"

#include <memory>
#include <optional>
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
 * What the NAT itself sends (RST, ICMP errors) goes out by the node's routes. Further external
 * addresses must reach the node: give them to the outside device's interface, or route them there.
 * NatFaults::rewritePayload sees the first 576 bytes of a packet.
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

    /// \name Faults and changes on command, after Install(); see isb::NatBox
    /// @{

    /// Loses every mapping; the external address stays.
    void Reboot();
    /// Loses every mapping and takes another external address, which the outside device's interface
    /// must have.
    void Reboot(Ipv4Address external);
    void Rebind();
    void SetFull(bool full);
    /// Why not, or nothing.
    std::optional<isb::Error> Reconfigure(const isb::NatSettings& settings);
    /// @}

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
    size_t ImageSize() const override;
    void OnTimeout(isb::TimePoint now) override;
    void DoDispose() override;

  private:
    /// \name The attributes, by what they are about
    /// @{
    static TypeId AddManners(TypeId tid);
    static TypeId AddPorts(TypeId tid);
    static TypeId AddTimers(TypeId tid);
    static TypeId AddLimits(TypeId tid);
    /// @}
    Fate Translate(isb::NatSide side,
                   HeaderImage& image,
                   const Ptr<const Packet>& packet,
                   const Ipv4Header& header,
                   const Ptr<const NetDevice>& device);
    void Settle();
    void TakeMtus();
    void SetPreset(std::string name);
    std::string GetPreset() const;
    void SetAssignment(std::string name);
    std::string GetAssignment() const;

    isb::NatSettings m_settings;
    std::unique_ptr<isb::SeededRng> m_rng;
    std::unique_ptr<isb::NatBox> m_box;
    Ptr<NetDevice> m_outside;
};

} // namespace ns3

#endif
