// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_MACHINE_DATAGRAMS_H
#define ISB_NS3_MACHINE_DATAGRAMS_H

#include "model/core/machine/machine.h"
#include "model/ns3/machine-host.h"

#include "ns3/packet.h"

#include <map>
#include <memory>
#include <utility>

namespace ns3
{

/**
 * The UDP sockets and relays of one isb::Machine during one life of it, on ns-3 sockets. A relay
 * moves the packet itself: its tags stay, a FlowMeter at the far end recognises it. Prefaces and
 * registrations are the machine's even there.
 */
class MachineDatagrams : public std::enable_shared_from_this<MachineDatagrams>
{
  public:
    explicit MachineDatagrams(MachineHost& host);

    void Listen(const isb::ListenOrder& order);
    void SendTo(const isb::SendToOrder& order);
    void Relay(const isb::RelayOrder& order);
    void Unrelay(const isb::UnrelayOrder& order);
    /// False when it is no socket of this object.
    bool Close(isb::SocketId id);
    void CloseAll();
    /// Open sockets.
    size_t Size() const;

  private:
    struct Port
    {
        Ptr<Socket> socket;
        bool reading = false; ///< a receiving call is under way
    };

    /// Where datagrams of one source at one socket go.
    struct Way
    {
        uint64_t relay = 0;
        isb::SocketId through = 0;
        isb::Endpoint to;
        bool outwards = false;
    };

    using Source = std::pair<isb::SocketId, isb::Endpoint>;

    void OnReadable(isb::SocketId id);
    void Take(isb::SocketId id);
    void Pass(const Way& way, Ptr<Packet> packet);

    MachineHost& m_host;
    std::map<isb::SocketId, Port> m_ports;
    std::map<uint64_t, isb::RelayOrder> m_relays;
    std::map<Source, Way> m_ways;
    /// What the machine heard last. When it sends the same bytes on, as a volunteer's IST does, the
    /// packet keeps the tags by which meters know it.
    Ptr<Packet> m_heard;
};

} // namespace ns3

#endif
