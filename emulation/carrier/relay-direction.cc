// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/relay-direction.h"

#include "emulation/sys/system-error.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace isb
{

namespace
{

constexpr size_t BUFFER = 64 * 1024; ///< bytes; a pipe's default too
constexpr int TURNS = 16;            ///< then others have their turn

bool
WouldBlock(ssize_t result)
{
    return result < 0 && (errno == EAGAIN || errno == EINTR);
}

} // namespace

RelayDirection::RelayDirection(RelayMethod method)
    : m_method(method)
{
    if (method == RelayMethod::Copy)
    {
        m_buffer.resize(BUFFER);
        return;
    }
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0)
    {
        throw SystemError("pipe");
    }
    m_pipeOut = Descriptor(ends[0]);
    m_pipeIn = Descriptor(ends[1]);
}

ssize_t
RelayDirection::Take(int from)
{
    if (m_method == RelayMethod::Copy)
    {
        m_begin = m_end = 0;
        return recv(from, m_buffer.data(), m_buffer.size(), 0);
    }
    return splice(from,
                  nullptr,
                  m_pipeIn.Get(),
                  nullptr,
                  BUFFER,
                  SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

ssize_t
RelayDirection::Give(int to)
{
    if (m_method == RelayMethod::Copy)
    {
        return send(to, m_buffer.data() + m_begin, m_end - m_begin, MSG_NOSIGNAL);
    }
    return splice(m_pipeOut.Get(),
                  nullptr,
                  to,
                  nullptr,
                  m_end - m_begin,
                  SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

RelayDirection::State
RelayDirection::Move(int from, int to)
{
    for (int i = 0; i < TURNS && !m_over; ++i)
    {
        if (m_begin == m_end && !m_ended)
        {
            const ssize_t got = Take(from);
            if (WouldBlock(got))
            {
                return State::Waiting;
            }
            if (got < 0)
            {
                return State::Broken;
            }
            m_ended = got == 0;
            m_end += static_cast<size_t>(got);
        }
        if (m_begin != m_end)
        {
            const ssize_t given = Give(to);
            if (WouldBlock(given))
            {
                return State::Waiting;
            }
            if (given < 0)
            {
                return State::Broken;
            }
            m_begin += static_cast<size_t>(given);
        }
        if (m_ended && m_begin == m_end)
        {
            shutdown(to, SHUT_WR);
            m_over = true;
        }
    }
    return m_over ? State::Over : State::Busy;
}

} // namespace isb
