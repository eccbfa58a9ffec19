// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IO_SOCKET_HOST_H
#define ISB_EMULATION_IO_SOCKET_HOST_H

#include "emulation/sys/inet-socket.h"
#include "model/core/machine/machine.h"

#include <asio/io_context.hpp>
#include <functional>

namespace isb
{

/// What StreamSockets and DatagramSockets need of the driver that they belong to.
class SocketHost
{
  public:
    using Input = std::function<void(Machine& machine, TimePoint now)>;

    virtual ~SocketHost() = default;

    /// Gives the machine an input: now, or, when it is being acted for, right after.
    virtual void Feed(Input input) = 0;

    /// Makes a socket in the network of the machine's host.
    virtual OpenedSocket Open(const std::function<OpenedSocket()>& open) = 0;

    virtual asio::io_context& Context() = 0;
};

} // namespace isb

#endif
