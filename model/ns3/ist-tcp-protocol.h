// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_IST_TCP_PROTOCOL_H
#define ISB_NS3_IST_TCP_PROTOCOL_H

#include "ns3/tcp-l4-protocol.h"

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace ns3
{

class IstTcpSocket;

/**
 * The TCP of a node that finds the socket of a segment in few steps, however many there are.
 * TcpL4Protocol walks through the list of all end points for every segment; a broker with 10,000
 * users spends all its time there. IstTcpSockets enter their four-tuple here when they connect, and
 * their own half of it when they listen; the order of search is the base's (a connection, a
 * listener at that address, a listener at any). Whatever is not found goes the base's way.
 *
 * BoxHelper installs it on every node. Without it all works the same, slower.
 */
class IstTcpProtocol : public TcpL4Protocol
{
  public:
    static TypeId GetTypeId();

    /// A socket has its four-tuple (a listener: with peer 0.0.0.0:0); a later one with the same
    /// takes its place.
    void Enter(IstTcpSocket* socket);
    /// A socket that entered is gone.
    void Leave(IstTcpSocket* socket);

    /// All sockets of the node end at once without a segment: the power failed.
    static void SilenceAll(Ptr<TcpL4Protocol> tcp);

    IpL4Protocol::RxStatus Receive(Ptr<Packet> packet,
                                   const Ipv4Header& header,
                                   Ptr<Ipv4Interface> interface) override;
    using TcpL4Protocol::Receive; // IPv6's

    /// The four-tuple of a connection, host byte order.
    struct Key
    {
        uint64_t addresses = 0; ///< local, peer
        uint32_t ports = 0;     ///< local, peer

        bool
        operator==(const Key& other) const
        {
            return addresses == other.addresses && ports == other.ports;
        }
    };

  private:
    IpL4Protocol::RxStatus TakeUp(Ptr<Packet> packet,
                                  const Ipv4Header& header,
                                  Ptr<Ipv4Interface> interface);
    bool DeliverTo(const Key& key,
                   const Ptr<Packet>& packet,
                   const Ipv4Header& header,
                   uint16_t port,
                   const Ptr<Ipv4Interface>& interface) const;

    struct Hash
    {
        size_t operator()(const Key& key) const;
    };

    std::unordered_map<Key, IstTcpSocket*, Hash> m_sockets; ///< never iterated
};

} // namespace ns3

#endif
