// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_MACHINE_STREAMS_H
#define ISB_NS3_MACHINE_STREAMS_H

#include "model/core/machine/machine.h"
#include "model/ns3/machine-host.h"
#include "model/ns3/stream-pump.h"

#include "ns3/address.h"
#include "ns3/packet.h"

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string_view>

namespace ns3
{

/**
 * The TCP connections and listeners of one isb::Machine during one life of it, on ns-3 sockets.
 *
 * What the machine did not order to be read stays in the socket: the window pushes back. What it
 * sends waits here until the socket has room. A connection that was closed in good order lives on
 * here until its last byte is with TCP. Bytes that come after a close are answered by a reset, as
 * Linux does.
 *
 * Joined connections are pumped both ways; a machine that closes one of them dissolves the join and
 * hears no JoinEnded().
 */
class MachineStreams : public std::enable_shared_from_this<MachineStreams>
{
  public:
    /// `host` must outlive it; what sockets and CPU report later finds it gone.
    explicit MachineStreams(MachineHost& host);

    void Listen(const isb::ListenOrder& order);
    void Connect(const isb::ConnectOrder& order);
    void Read(const isb::ReadOrder& order);
    void Send(const isb::SendOrder& order);
    void Join(const isb::JoinOrder& order);
    void Shutdown(const isb::ShutdownOrder& order);
    void Close(const isb::CloseOrder& order);

    /// Closes everything in good order; the machine hears no more.
    void CloseAll();
    /// Connections and listeners that the machine has open.
    size_t Size() const;

  private:
    /// Two connections that are joined; directions are indexed by their source.
    struct Joint
    {
        std::array<isb::SocketId, 2> ends{};
        std::array<uint64_t, 2> bytes{};
        std::array<bool, 2> over{};
    };

    struct Stream
    {
        Ptr<IstTcpSocket> socket;
        bool connected = false;
        bool reading = false;          ///< a receiving call is under way
        bool writing = false;          ///< a sending call is under way
        bool told = false;             ///< the machine knows of the peer's FIN
        bool shutdown = false;         ///< FIN after what is queued
        bool closing = false;          ///< the machine closed it; what is queued goes out first
        uint64_t allowed = 0;          ///< bytes that may be read for the machine
        std::deque<Ptr<Packet>> queue; ///< to send
        std::shared_ptr<Joint> joint;
        size_t end = 0;                   ///< which end of the joint
        std::shared_ptr<StreamPump> pump; ///< to the other end
        bool pumped = false;              ///< the other end's pump writes here
    };

    /// Nobody reads any more: bytes that come are answered by a reset, as Linux does.
    static void Orphan(const Ptr<IstTcpSocket>& socket);

    Stream* Find(isb::SocketId id);
    Stream* Other(const Stream& stream);
    void Adopt(isb::SocketId id, Ptr<IstTcpSocket> socket);
    void OnAccepted(isb::SocketId listener, Ptr<Socket> socket, const Address& peer);
    void OnConnected(isb::SocketId id);
    void OnReadable(isb::SocketId id);
    void OnRoom(isb::SocketId id);
    void OnEnd(isb::SocketId id);
    void OnFailed(isb::SocketId id);
    void TakeBytes(isb::SocketId id, uint32_t bytes);
    void Flush(isb::SocketId id);
    void WriteFront(isb::SocketId id, uint32_t bytes);
    void WhenFlushed(isb::SocketId id, Stream& stream);
    // The joint is passed by value: what happens may remove those who hold it.
    void StartPumps(std::shared_ptr<Joint> joint);
    void DirectionOver(std::shared_ptr<Joint> joint, size_t from);
    void EndJoint(std::shared_ptr<Joint> joint, bool reset);
    void Dissolve(Stream& stream);
    void Finish(isb::SocketId id);
    void FailLater(isb::SocketId id, std::string_view why);

    MachineHost& m_host;
    std::map<isb::SocketId, Stream> m_streams;
    std::map<isb::SocketId, Ptr<IstTcpSocket>> m_listeners;
};

} // namespace ns3

#endif
