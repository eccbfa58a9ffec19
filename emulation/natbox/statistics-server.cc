// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/natbox/statistics-server.h"

#include <asio/buffer.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <memory>
#include <system_error>
#include <utility>

namespace isb
{

StatisticsServer::StatisticsServer(asio::io_context& io,
                                   std::string path,
                                   std::function<std::string()> document,
                                   std::chrono::milliseconds patience)
    : m_document(std::move(document)),
      m_patience(patience),
      m_listener(io,
                 {std::move(path), "statistics", MOST_CLIENTS},
                 [this](UnixListener::Socket socket, UnixListener::Seat seat)
                 { Serve(std::move(socket), std::move(seat)); })
{
}

void
StatisticsServer::Serve(UnixListener::Socket socket, UnixListener::Seat seat)
{
    struct Answer
    {
        UnixListener::Socket socket;
        asio::steady_timer patience;
        std::string text;
        UnixListener::Seat seat;
    };

    asio::steady_timer patience(socket.get_executor(), m_patience);
    const auto answer = std::make_shared<Answer>(
        Answer{std::move(socket), std::move(patience), m_document(), std::move(seat)});
    answer->patience.async_wait(
        [answer](const std::error_code& error)
        {
            if (!error)
            {
                // Not cancel(): a write between two pieces has to end too.
                std::error_code ignored;
                answer->socket.close(ignored);
            }
        });
    asio::async_write(answer->socket,
                      asio::buffer(answer->text),
                      [answer](const std::error_code&, size_t) { answer->patience.cancel(); });
}

} // namespace isb
