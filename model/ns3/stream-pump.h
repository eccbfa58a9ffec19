// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_STREAM_PUMP_H
#define ISB_NS3_STREAM_PUMP_H

#include "model/ns3/ist-tcp-socket.h"

#include <cstdint>
#include <functional>
#include <memory>

namespace ns3
{

/**
 * Carries the bytes of one TCP connection to another, one direction of a joined pair, as a process
 * does it: a chunk is read when the process got its CPU time and when the other socket has room for
 * it. Until then it stays in the socket, so that TCP's window pushes back.
 *
 * Owned by shared_ptr, because CPU time is granted later; it does not outlive Stop().
 */
class StreamPump : public std::enable_shared_from_this<StreamPump>
{
  public:
    /// The process that pumps.
    struct Process
    {
        /// Calls `done` when a copy of `bytes` got its CPU time.
        std::function<void(uint32_t bytes, std::function<void()> done)> charge;
        uint32_t chunk = 65536; ///< most bytes of one copy
        std::function<void(uint32_t bytes)> moved;
        /// All bytes before the FIN are with the other socket. Once.
        std::function<void()> ended;
    };

    StreamPump(Ptr<IstTcpSocket> from, Ptr<IstTcpSocket> to, Process process);

    /// Something may have changed: bytes came, a FIN, or room.
    void Turn();
    /// Moves nothing any more.
    void Stop();

  private:
    void Move(uint32_t bytes);

    Ptr<IstTcpSocket> m_from;
    Ptr<IstTcpSocket> m_to;
    Process m_process;
    bool m_turning = false; ///< a chunk is on its way
    bool m_told = false;    ///< the end
};

} // namespace ns3

#endif
