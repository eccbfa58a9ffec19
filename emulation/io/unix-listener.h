// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IO_UNIX_LISTENER_H
#define ISB_EMULATION_IO_UNIX_LISTENER_H

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>

namespace isb
{

/// What a unix socket is to be.
struct UnixListenerSettings
{
    std::string path;
    std::string purpose;          ///< for errors: "listen on PATH for PURPOSE: ..."
    size_t mostClients = 16;      ///< served at once; who comes above that is hung up on
    std::optional<mode_t> mode{}; ///< of the socket's file, set before anybody can connect
};

/// A unix stream socket that takes a bounded number of clients. Out of descriptors it pauses and
/// tries again, so that no client can end or spin the program.
class UnixListener
{
  public:
    using Socket = asio::local::stream_protocol::socket;
    /// To be held for as long as the client is served.
    using Seat = std::shared_ptr<const bool>;

    /// Listens. A socket that nobody listens on any more is taken over; SystemError when somebody
    /// does, or when the path is not ours to write.
    /// \param serve called with each client
    UnixListener(asio::io_context& io,
                 UnixListenerSettings settings,
                 std::function<void(Socket, Seat)> serve);
    /// Removes the socket; clients that are served go on.
    ~UnixListener();
    UnixListener(const UnixListener&) = delete;
    UnixListener& operator=(const UnixListener&) = delete;

  private:
    void Accept();

    UnixListenerSettings m_settings;
    std::function<void(Socket, Seat)> m_serve;
    asio::local::stream_protocol::acceptor m_acceptor;
    asio::steady_timer m_pause; ///< before the next try when none can be accepted
    Seat m_seat;                ///< every client that is served holds one too
};

} // namespace isb

#endif
