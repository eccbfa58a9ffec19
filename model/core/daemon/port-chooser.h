// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_PORT_CHOOSER_H
#define ISB_CORE_DAEMON_PORT_CHOOSER_H

#include "model/core/random/rng.h"

#include <cstddef>
#include <cstdint>
#include <set>

namespace isb
{

/// Source ports for Pure splices (thesis 4.4), out of the dynamic ports (RFC 6335 section 6), each
/// given to one connection at a time. Another program may have one nevertheless: then binding it
/// fails, and the connection falls back to Passive.
class PortChooser
{
  public:
    static constexpr uint16_t FIRST = 49152;
    static constexpr size_t COUNT = 16384;

    /// 0: none is free.
    [[nodiscard]] uint16_t
    Choose(Rng& random)
    {
        if (m_taken.size() >= COUNT / 2)
        {
            return 0;
        }
        for (;;)
        {
            const auto port = static_cast<uint16_t>(FIRST + random.Below(COUNT));
            if (m_taken.insert(port).second)
            {
                return port;
            }
        }
    }

    void
    Release(uint16_t port)
    {
        m_taken.erase(port);
    }

  private:
    std::set<uint16_t> m_taken;
};

} // namespace isb

#endif
