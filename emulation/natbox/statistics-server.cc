// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/natbox/statistics-server.h"

#include "emulation/sys/system-error.h"

#include <asio/buffer.hpp>
#include <asio/write.hpp>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace isb
{

namespace
{

using Unix = asio::local::stream_protocol;

// When there are no descriptors left, they come back no sooner for asking without a pause.
constexpr std::chrono::milliseconds PAUSE(100);

/// Removes what a killed predecessor has left; only sockets that refuse.
void
RemoveStale(asio::io_context& io, const std::string& path)
{
    struct stat status
    {
    };

    if (lstat(path.c_str(), &status) != 0)
    {
        return;
    }
    std::error_code error;
    Unix::socket probe(io);
    probe.connect(Unix::endpoint(path), error);
    if (!S_ISSOCK(status.st_mode) || !error)
    {
        throw SystemError("listen on " + path + " for statistics", EADDRINUSE);
    }
    unlink(path.c_str());
}

} // namespace

StatisticsServer::StatisticsServer(asio::io_context& io,
                                   std::string path,
                                   std::function<std::string()> document,
                                   std::chrono::milliseconds patience)
    : m_path(std::move(path)),
      m_document(std::move(document)),
      m_patience(patience),
      m_acceptor(io),
      m_pause(io),
      m_seat(std::make_shared<const bool>(true))
{
    RemoveStale(io, m_path);
    std::error_code error;
    m_acceptor.open(Unix(), error);
    if (!error)
    {
        m_acceptor.bind(Unix::endpoint(m_path), error);
    }
    if (!error)
    {
        m_acceptor.listen(Unix::acceptor::max_listen_connections, error);
    }
    if (error)
    {
        throw SystemError("listen on " + m_path + " for statistics", error.value());
    }
    Accept();
}

StatisticsServer::~StatisticsServer()
{
    unlink(m_path.c_str());
}

void
StatisticsServer::Accept()
{
    m_acceptor.async_accept(
        [this](const std::error_code& error, Unix::socket socket)
        {
            if (error == asio::error::operation_aborted)
            {
                return;
            }
            if (!error)
            {
                Serve(std::move(socket));
                Accept();
                return;
            }
            m_pause.expires_after(PAUSE);
            m_pause.async_wait(
                [this](const std::error_code& ended)
                {
                    if (!ended)
                    {
                        Accept();
                    }
                });
        });
}

void
StatisticsServer::Serve(Unix::socket socket)
{
    struct Answer
    {
        Unix::socket socket;
        asio::steady_timer patience;
        std::string text;
        std::shared_ptr<const bool> seat;
    };

    if (m_seat.use_count() > static_cast<long>(MOST_CLIENTS))
    {
        return;
    }
    asio::steady_timer patience(socket.get_executor(), m_patience);
    const auto answer = std::make_shared<Answer>(
        Answer{std::move(socket), std::move(patience), m_document(), m_seat});
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
