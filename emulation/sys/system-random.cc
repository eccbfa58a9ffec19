// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/system-random.h"

#include "emulation/sys/system-error.h"

#include <sys/random.h>

namespace isb
{

uint64_t
SystemRandom::Next()
{
    if (m_left == 0)
    {
        // Up to 256 bytes come whole or not at all.
        ssize_t got = 0;
        do
        {
            got = getrandom(m_block.data(), sizeof m_block, 0);
        } while (got < 0 && errno == EINTR);
        if (got != static_cast<ssize_t>(sizeof m_block))
        {
            throw SystemError("get random numbers");
        }
        m_left = m_block.size();
    }
    const uint64_t number = m_block[--m_left];
    m_block[m_left] = 0; // what was given out is known to its owner alone
    return number;
}

} // namespace isb
