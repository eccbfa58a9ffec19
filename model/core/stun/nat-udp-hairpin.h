// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_STUN_NAT_UDP_HAIRPIN_H
#define ISB_CORE_STUN_NAT_UDP_HAIRPIN_H

#include "model/core/stun/nat-test-bench.h"

#include <set>

namespace isb
{

/// Does a NAT turn datagrams back (RFC 5780 section 4.5)? Two sockets send to each other's external
/// endpoint, several times, so that each opens the filter of its own mapping for the other.
class NatUdpHairpin
{
  public:
    using OnDone = std::function<void(TimePoint now)>;

    NatUdpHairpin(NatTestBench& bench, OnDone done);

    void Run();

    /// Both external endpoints were learned, and sent to.
    [[nodiscard]] bool HasRun() const;
    [[nodiscard]] bool WasHeard() const;

  private:
    struct Side
    {
        SocketId socket = 0;
        Endpoint mapped;
    };

    void Learn(TimePoint now, SocketId socket, Endpoint local);
    void Send(TimePoint now, uint32_t times);
    void OnHeard(TimePoint now, SocketId socket, const StunMessage& message);

    NatTestBench& m_bench;
    OnDone m_done;
    std::vector<Side> m_sides;
    std::set<StunId> m_ids;
    bool m_heard = false;
    bool m_ran = false;
    bool m_over = false;
};

} // namespace isb

#endif
