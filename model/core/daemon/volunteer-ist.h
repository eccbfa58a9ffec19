// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_VOLUNTEER_IST_H
#define ISB_CORE_DAEMON_VOLUNTEER_IST_H

#include "model/core/daemon/broker-link.h"
#include "model/core/daemon/daemon-host.h"
#include "model/core/daemon/listen-port.h"
#include "model/core/daemon/volunteer-meter.h"
#include "model/core/daemon/volunteer-splice.h"

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <string_view>

namespace isb
{

/// The IST on a user's host behind a full cone NAT (thesis 3.6.3): serves within the bounds that it
/// and the ISB agreed on (promise T10), joins pairs of connections to its login port, and pairs of
/// senders of datagrams to its UDP mapping, by the tokens of their prefaces. Opens no connection
/// and sends nothing to anybody who has not shown a token (promises T1, T2).
///
/// What runs outlives the session with the ISB (promise T7); logout ends it.
class VolunteerIst : public VolunteerSpliceOwner
{
  public:
    VolunteerIst(DaemonHost& host, BrokerLink& link, ListenPort& listenPort);

    void OnOffer(TimePoint now, const VolunteerOfferMessage& message);
    void OnSplice(TimePoint now, const VolunteerSpliceMessage& message);
    void OnCancel(TimePoint now, const SpliceCancelMessage& message);
    void OnSessionOver();
    void Stop();

    /// A datagram to the UDP mapping.
    void OnDatagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes);
    /// The UDP socket is gone.
    void OnSocketLost(TimePoint now);

    void OnPaired(TimePoint now, uint64_t splice) override;
    void OnOver(TimePoint now,
                uint64_t splice,
                SpliceNews news,
                IsbCode code,
                uint64_t bytes,
                std::string_view reason) override;

    /// Splices of both protocols.
    [[nodiscard]] size_t StateSize() const;

  private:
    /// A splice of datagrams.
    struct Flow
    {
        Flow(DaemonTimers& timers, DaemonTimer::Action expired)
            : timer(timers, std::move(expired))
        {
        }

        VolunteerSpliceMessage order;
        std::array<Endpoint, 2> peers; ///< port 0: has not come
        VolunteerMeter meter;
        uint64_t bytes = 0;
        bool paired = false;
        TimePoint active{0};
        TimePoint begun{0}; ///< paired: its lifetime runs from then
        DaemonTimer timer;
    };

    struct Place
    {
        uint64_t splice = 0;
        size_t side = 0;
    };

    void AddFlow(TimePoint now, const VolunteerSpliceMessage& message);
    void OnPreface(TimePoint now, SocketId socket, Endpoint from, const Token& token);
    /// Within the rates, which it is charged to; else it is dropped.
    [[nodiscard]] bool Passes(TimePoint now, Flow& flow, Endpoint from, size_t bytes);
    void Forward(TimePoint now, SocketId socket, Endpoint from, ByteView bytes, Place place);
    /// Ends it when its time is over, else waits on.
    void OnFlowTimer(TimePoint now, uint64_t splice);
    void EndFlow(TimePoint now,
                 uint64_t splice,
                 SpliceNews news,
                 IsbCode code,
                 std::string_view reason);
    void Drop(TimePoint now, Endpoint from, size_t bytes, std::string_view reason);

    DaemonHost& m_host;
    BrokerLink& m_link;
    ListenPort& m_listenPort;
    bool m_serving = false;
    uint32_t m_most = 0; ///< splices at once
    VolunteerMeter m_meter;
    std::map<uint64_t, std::unique_ptr<VolunteerSplice>> m_splices;
    std::map<uint64_t, std::unique_ptr<Flow>> m_flows;
    std::map<Token, Place> m_tokens;
    std::map<Endpoint, Place> m_peers;
};

} // namespace isb

#endif
