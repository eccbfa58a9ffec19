// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_STUN_NAT_UDP_TESTS_H
#define ISB_CORE_STUN_NAT_UDP_TESTS_H

#include "model/core/stun/nat-test-bench.h"

#include <set>

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

    /// \name RFC 5780 section 4.5
    /// @{
    void HairpinOpen();
    void HairpinLearn(TimePoint now, SocketId socket, Endpoint local);
    void HairpinSend(TimePoint now, uint32_t times);
    void HairpinHeard(TimePoint now, SocketId socket, const StunMessage& message);
    /// @}

    /// \name RFC 5780 section 4.6
    /// @{
    void LifetimeOpen();
    void LifetimeRest(TimePoint now);
    void LifetimeProbe(TimePoint now, Endpoint resting);
    void LifetimeFound(TimePoint now, bool alive);
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

    struct HairpinSide
    {
        SocketId socket = 0;
        Endpoint mapped;
    };

    std::vector<HairpinSide> m_sides;
    std::set<StunId> m_hairpinIds;
    bool m_hairpinHeard = false;
    bool m_hairpinRan = false;
    bool m_hairpinOver = false;

    SocketId m_resting = 0;
    SocketId m_asking = 0;
    Endpoint m_askingMapped;
    Duration m_guess{0};
    Duration m_restTrip{0}; ///< the last round trip of the resting socket
};

} // namespace isb

#endif
