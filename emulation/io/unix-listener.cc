// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/io/unix-listener.h"

#include "emulation/sys/system-error.h"

#include <chrono>
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

std::string
Attempt(const UnixListenerSettings& settings)
{
    return "listen on " + settings.path + " for " + settings.purpose;
}

/// Removes what a killed predecessor has left; only sockets that refuse.
void
RemoveStale(asio::io_context& io, const UnixListenerSettings& settings)
{
    struct stat status
    {
    };

    if (lstat(settings.path.c_str(), &status) != 0)
    {
        return;
    }
    std::error_code error;
    Unix::socket probe(io);
    probe.connect(Unix::endpoint(settings.path), error);
    if (!S_ISSOCK(status.st_mode) || !error)
    {
        throw SystemError(Attempt(settings), EADDRINUSE);
    }
    if (error != asio::error::connection_refused)
    {
        throw SystemError(Attempt(settings) + ": ask who listens there", error.value());
    }
    unlink(settings.path.c_str());
}

} // namespace

UnixListener::UnixListener(asio::io_context& io,
                           UnixListenerSettings settings,
                           std::function<void(Socket, Seat)> serve)
    : m_settings(std::move(settings)),
      m_serve(std::move(serve)),
      m_acceptor(io),
      m_pause(io),
      m_seat(std::make_shared<const bool>(true))
{
    if (m_settings.path.size() >= sizeof(sockaddr_un::sun_path))
    {
        throw SystemError(Attempt(m_settings), ENAMETOOLONG);
    }
    RemoveStale(io, m_settings);
    std::error_code error;
    m_acceptor.open(Unix(), error);
    if (!error)
    {
        m_acceptor.bind(Unix::endpoint(m_settings.path), error);
    }
    if (!error && m_settings.mode && chmod(m_settings.path.c_str(), *m_settings.mode) != 0)
    {
        error.assign(errno, std::generic_category());
    }
    if (!error)
    {
        m_acceptor.listen(Unix::acceptor::max_listen_connections, error);
    }
    if (error)
    {
        throw SystemError(Attempt(m_settings), error.value());
    }
    Accept();
}

UnixListener::~UnixListener()
{
    unlink(m_settings.path.c_str());
}

void
UnixListener::Accept()
{
    m_acceptor.async_accept(
        [this](const std::error_code& error, Socket socket)
        {
            if (error == asio::error::operation_aborted)
            {
                return;
            }
            if (!error)
            {
                if (m_seat.use_count() <= static_cast<long>(m_settings.mostClients))
                {
                    m_serve(std::move(socket), m_seat);
                }
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

} // namespace isb
