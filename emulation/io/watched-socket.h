// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IO_WATCHED_SOCKET_H
#define ISB_EMULATION_IO_WATCHED_SOCKET_H

#include "emulation/sys/descriptor.h"

#include <array>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>

namespace isb
{

/// What a socket can be waited for.
enum class SocketEvent : uint8_t
{
    Readable,
    Writable,
    Broken, ///< reset, timed out, or over both ways
};

/// A socket on the event loop. It is waited for one event at a time, on demand; the system calls
/// are the owner's. After its destruction nothing is called any more.
class WatchedSocket
{
  public:
    using Call = std::function<void(SocketEvent)>;

    /// `call`: what to do when an event that was waited for has come.
    WatchedSocket(asio::io_context& context, Descriptor socket, Call call);
    ~WatchedSocket();
    WatchedSocket(const WatchedSocket&) = delete;
    WatchedSocket& operator=(const WatchedSocket&) = delete;

    [[nodiscard]] int Get();

    /// Waits for the event once; no effect when it is waited for already. An event that is the
    /// case already comes as soon as the loop turns.
    void WaitFor(SocketEvent event);

  private:
    /// Outlives the socket while the loop holds handlers of it.
    struct Waits
    {
        Call call;
        std::array<bool, 3> pending{};
        bool over = false;
    };

    std::shared_ptr<Waits> m_waits;
    asio::posix::stream_descriptor m_socket;
};

} // namespace isb

#endif
