// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IO_STREAM_SOCKETS_H
#define ISB_EMULATION_IO_STREAM_SOCKETS_H

#include "emulation/io/socket-host.h"
#include "emulation/io/watched-socket.h"
#include "model/core/machine/machine.h"

#include <array>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace isb
{

/**
 * The TCP connections and listeners of one Machine, on real sockets.
 *
 * What the machine did not order to be read stays in the socket: the window pushes back. What it
 * sends waits here until the socket has room. A connection that was closed in good order lives on
 * here until its last byte is with TCP, at most a minute without progress. Bytes that come after a
 * close are answered by a reset; what came before and was not read is thrown away.
 *
 * Joined connections are pumped both ways: bytes leave the source's socket only when the other has
 * taken them, so that a machine that closes one of them, which dissolves the join and ends without
 * JoinEnded(), loses none of the other's.
 */
class StreamSockets : public std::enable_shared_from_this<StreamSockets>
{
  public:
    /// `host` must outlive it.
    explicit StreamSockets(SocketHost& host);

    void Listen(const ListenOrder& order);
    void Connect(const ConnectOrder& order);
    void Read(const ReadOrder& order);
    void Send(SendOrder order);
    void Join(const JoinOrder& order);
    void Shutdown(const ShutdownOrder& order);
    void Close(const CloseOrder& order);

    /// Closes everything in good order; the machine hears no more.
    void CloseAll();
    /// Connections and listeners that the machine has open.
    [[nodiscard]] size_t Size() const;
    /// The same and those that still deliver their last bytes.
    [[nodiscard]] size_t Descriptors() const;

  private:
    /// Two connections that are joined; directions are indexed by their source.
    struct Joint
    {
        std::array<SocketId, 2> ends{};
        std::array<uint64_t, 2> bytes{};
        std::array<bool, 2> over{};
    };

    struct Stream
    {
        std::unique_ptr<WatchedSocket> socket;
        bool connected = false;
        bool told = false;     ///< the machine knows of the peer's FIN
        bool shutdown = false; ///< FIN after what is queued
        bool closing = false;  ///< the machine closed it; what is queued goes out first
        uint64_t allowed = 0;  ///< bytes that may be read for the machine
        std::deque<std::vector<uint8_t>> queue; ///< to send
        size_t sentOfFront = 0;                 ///< bytes of queue.front() that are gone
        std::shared_ptr<Joint> joint;
        size_t end = 0;       ///< which end of the joint
        bool pumping = false; ///< its bytes go to the other end
    };

    struct Listener
    {
        std::unique_ptr<WatchedSocket> socket;
        std::unique_ptr<asio::steady_timer> pause; ///< while there are no descriptors left
    };

    Stream* Find(SocketId id);
    Stream* Other(const Stream& stream);
    void FailLater(SocketId id, int error);

    void OnAcceptable(SocketId id);
    void Take(SocketId listener, const std::shared_ptr<Descriptor>& socket, Endpoint peer);
    void PauseListener(SocketId id);
    Stream& Adopt(SocketId id, Descriptor socket);
    void OnEvent(SocketId id, SocketEvent event);
    void OnConnected(SocketId id);
    void OnReadable(SocketId id);
    void OnWritable(SocketId id);
    void OnBroken(SocketId id);
    void ReadForMachine(SocketId id, Stream& stream);
    void LookForEnd(SocketId id, Stream& stream);
    void TellEnd(SocketId id, Stream& stream);
    void Flush(SocketId id);
    void WhenFlushed(SocketId id, Stream& stream);
    void Fail(SocketId id, int error);
    void Finish(SocketId id);
    void Abort(SocketId id);

    // The joint is passed by value: what happens may remove those who hold it.
    void StartPumps(std::shared_ptr<Joint> joint);
    void Pump(SocketId from);
    void DirectionOver(std::shared_ptr<Joint> joint, size_t from);
    void EndJoint(std::shared_ptr<Joint> joint, bool reset);
    void Dissolve(Stream& stream);

    SocketHost& m_host;
    std::map<SocketId, Stream> m_streams;
    std::map<SocketId, Listener> m_listeners;
    std::vector<uint8_t> m_buffer; ///< of one system call
};

} // namespace isb

#endif
