// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/io/watched-socket.h"

#include <system_error>
#include <utility>

namespace isb
{

WatchedSocket::WatchedSocket(asio::io_context& context, Descriptor socket, Call call)
    : m_waits(std::make_shared<Waits>()),
      m_socket(context, socket.Release())
{
    m_waits->call = std::move(call);
}

WatchedSocket::~WatchedSocket()
{
    m_waits->over = true;
}

int
WatchedSocket::Get()
{
    return m_socket.native_handle();
}

void
WatchedSocket::WaitFor(SocketEvent event)
{
    using Wait = asio::posix::stream_descriptor::wait_type;
    constexpr std::array<Wait, 3> WAITS{asio::posix::stream_descriptor::wait_read,
                                        asio::posix::stream_descriptor::wait_write,
                                        asio::posix::stream_descriptor::wait_error};
    const auto index = static_cast<size_t>(event);
    if (std::exchange(m_waits->pending[index], true))
    {
        return;
    }
    m_socket.async_wait(WAITS[index],
                        [waits = m_waits, event, index](const std::error_code& error)
                        {
                            waits->pending[index] = false;
                            if (!waits->over && !error)
                            {
                                waits->call(event);
                            }
                        });
}

} // namespace isb
