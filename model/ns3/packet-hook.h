// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_PACKET_HOOK_H
#define ISB_NS3_PACKET_HOOK_H

#include "model/ns3/header-image.h"
#include "model/ns3/trace-source.h"
#include "model/wire/units.h"

#include "ns3/event-id.h"
#include "ns3/ipv4-routing-protocol.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace ns3
{

class Node;

/**
 * The place on an ns-3 node where packets can be rewritten, stolen or held: a wrapper of the
 * node's root Ipv4RoutingProtocol, which ns-3 asks about every packet that comes in.
 *
 *     device -> Ipv4L3Protocol::Receive -> RouteInput
 *                 PreRouting()                          = Linux' PREROUTING, before local delivery
 *                   -> inner protocol -> local delivery
 *                                     -> PostRouting()  = POSTROUTING of forwarded packets
 *                                          -> IpForward
 *
 * Not modelled: LOCAL_OUT (what the node itself sends goes straight to the inner protocol).
 * Multicast and broadcast pass untouched.
 *
 * GetStaticRouting() of Ipv4StaticRoutingHelper returns null on a wrapped node: take the inner
 * protocol from GetInner().
 */
class PacketHook : public Ipv4RoutingProtocol
{
  public:
    static TypeId GetTypeId();

    /// Wraps the routing protocol of `node`. Once, and after the Internet stack is installed.
    void Install(Ptr<Node> node);

    Ptr<Ipv4RoutingProtocol> GetInner() const;

    Ptr<Ipv4Route> RouteOutput(Ptr<Packet> packet,
                               const Ipv4Header& header,
                               Ptr<NetDevice> device,
                               Socket::SocketErrno& error) override;
    bool RouteInput(Ptr<const Packet> packet,
                    const Ipv4Header& header,
                    Ptr<const NetDevice> device,
                    UnicastForwardCallback forward,
                    MulticastForwardCallback multicast,
                    LocalDeliverCallback deliver,
                    ErrorCallback error) override;
    void NotifyInterfaceUp(uint32_t interface) override;
    void NotifyInterfaceDown(uint32_t interface) override;
    void NotifyAddAddress(uint32_t interface, Ipv4InterfaceAddress address) override;
    void NotifyRemoveAddress(uint32_t interface, Ipv4InterfaceAddress address) override;
    void SetIpv4(Ptr<Ipv4> ipv4) override;
    void PrintRoutingTable(Ptr<OutputStreamWrapper> stream, Time::Unit unit) const override;

  protected:
    /// What a hook did with a packet.
    enum class Fate
    {
        Pass,    ///< nothing: go on with the packet as it came
        Changed, ///< the image was edited: go on with the result
        Taken,   ///< dropped, consumed or held: it does not go on
    };

    /// A packet on its way in.
    struct Arrival
    {
        Ptr<const Packet> packet; ///< without IP header
        Ipv4Header header;
        Ptr<const NetDevice> device;
    };

    /// Only when WantsPreRouting().
    virtual Fate PreRouting(HeaderImage& image,
                            const Ptr<const Packet>& packet,
                            const Ipv4Header& header,
                            const Ptr<const NetDevice>& device) = 0;
    /// Only when WantsPostRouting() of the device on which the packet leaves. `device` is the one
    /// by which it came.
    virtual Fate PostRouting(HeaderImage& image,
                             const Ptr<const Packet>& packet,
                             const Ipv4Header& header,
                             const Ptr<const NetDevice>& device);
    virtual bool WantsPreRouting(const Ipv4Header& header,
                                 const Ptr<const NetDevice>& device) const;
    virtual bool WantsPostRouting(const Ptr<Ipv4Route>& route) const;
    /// Bytes of a packet that the machine has to see.
    virtual size_t ImageSize() const;
    /// The machine's time-out is due.
    virtual void OnTimeout(isb::TimePoint now) = 0;

    void DoDispose() override;

    /// Sends a complete crafted packet by the inner protocol's route. A packet without route ends
    /// here.
    void SendCrafted(const std::vector<uint8_t>& bytes);
    /// Keeps a packet until Release() or Abandon() of its ticket.
    void Hold(uint64_t ticket, Arrival arrival);
    /// Takes a held packet through RouteInput() again.
    void Release(uint64_t ticket);
    void Abandon(uint64_t ticket);
    void AbandonAll();
    /// Makes sure that OnTimeout() comes not later than `when`.
    void WakeAt(isb::TimePoint when);

    Ptr<Node> m_node;
    Ptr<Ipv4> m_ipv4;
    TraceSource m_trace;

  private:
    void Forward(Ptr<Ipv4Route> route, Ptr<const Packet> packet, const Ipv4Header& header);
    void Wake();

    Ptr<Ipv4RoutingProtocol> m_inner;
    Ptr<const NetDevice> m_incoming; ///< of the packet that is being routed
    bool m_checksums = false;        ///< the simulation computes checksums
    UnicastForwardCallback m_hooked; ///< to Forward()
    UnicastForwardCallback m_forward;
    MulticastForwardCallback m_multicast;
    LocalDeliverCallback m_deliver;
    ErrorCallback m_error;
    std::map<uint64_t, Arrival> m_held;
    EventId m_timer;
    isb::TimePoint m_timerAt = isb::TIME_NEVER;
};

} // namespace ns3

#endif
