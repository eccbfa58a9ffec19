// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_STUN_NAT_UDP_TESTS_H
#define ISB_CORE_STUN_NAT_UDP_TESTS_H

#include "model/core/stun/nat-lifetime-search.h"
#include "model/core/stun/nat-test-bench.h"
#include "model/core/stun/nat-udp-hairpin.h"

namespace isb
{

/// The procedures of a NatTypeTest over UDP (RFC 3489 section 10.1, RFC 5780 section 4). Run()
/// opens the first socket; `OnDone` is called once, when the report has all that can be known.
class NatUdpTests
{
  public:
    using OnDone = std::function<void(TimePoint now)>;

    NatUdpTests(NatTestBench& bench, OnDone done);

    void Run();

  private:
    /// \name First: does anything come back, and from which servers can be tested
    /// @{
    void First(TimePoint now, SocketId socket, Endpoint local);
    void Learn(TimePoint now, SocketId socket, Endpoint local, const StunReply& reply);
    /// @}

    /// \name RFC 5780 section 4.3, on the socket of the first test
    /// @{
    void MappingII(TimePoint now, SocketId socket);
    void MappingIII(TimePoint now, SocketId socket, Endpoint second);
    /// @}

    /// \name RFC 5780 section 4.4
    /// @{
    void FilteringI();
    void FilteringII(TimePoint now, SocketId socket);
    void FilteringIII(TimePoint now, SocketId socket);
    /// @}

    /// \name RFC 3489 section 10.1
    /// @{
    void ClassicI();
    void ClassicII(TimePoint now, SocketId socket, Endpoint local, Endpoint mapped);
    void ClassicAgain(TimePoint now, SocketId socket, Endpoint mapped);
    void ClassicIII(TimePoint now, SocketId socket);
    /// @}

    /// Asks for an answer from elsewhere; `then` gets whether it came. False, with a note, too when
    /// the server does not change what it was asked to.
    void AskChanged(TimePoint now,
                    SocketId socket,
                    StunChange change,
                    std::function<void(TimePoint now, FoundAnswer came)> then);
    void Begin();
    void End(TimePoint now);
    void Finish(TimePoint now);
    [[nodiscard]] bool IsTranslated(Endpoint local, Endpoint mapped) const;

    NatTestBench& m_bench;
    OnDone m_done;
    size_t m_running = 0;
    bool m_lifetimeDone = false;
    NatUdpHairpin m_hairpin;
    NatLifetimeSearch m_lifetime;
};

} // namespace isb

#endif
