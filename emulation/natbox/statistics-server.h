// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_NATBOX_STATISTICS_SERVER_H
#define ISB_EMULATION_NATBOX_STATISTICS_SERVER_H

#include "emulation/io/unix-listener.h"

#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace isb
{

/// Answers everyone who connects to a unix socket with a document, then hangs up: also on who does
/// not read it in time, and without an answer on who comes while too many others are served.
class StatisticsServer
{
  public:
    static constexpr size_t MOST_CLIENTS = 16;

    /// Listens. A socket that nobody listens on any more is taken over; SystemError when somebody
    /// does, or when the path is not ours to write.
    /// \param document called for each connection
    /// \param patience how long a client may take
    StatisticsServer(asio::io_context& io,
                     std::string path,
                     std::function<std::string()> document,
                     std::chrono::milliseconds patience = std::chrono::seconds(5));

  private:
    void Serve(UnixListener::Socket socket, UnixListener::Seat seat);

    std::function<std::string()> m_document;
    std::chrono::milliseconds m_patience;
    UnixListener m_listener;
};

} // namespace isb

#endif
