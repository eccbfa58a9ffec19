// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_VOLUNTEER_SPLICE_H
#define ISB_CORE_DAEMON_VOLUNTEER_SPLICE_H

#include "model/core/daemon/daemon-host.h"
#include "model/core/daemon/listen-port.h"
#include "model/core/daemon/volunteer-meter.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace isb
{

/// Hears of a splice that a volunteer carries.
class VolunteerSpliceOwner
{
  public:
    virtual ~VolunteerSpliceOwner() = default;
    virtual void OnPaired(TimePoint now, uint64_t splice) = 0;
    /// It is over; the owner may forget it, not delete it at once. `reason` is static.
    virtual void OnOver(TimePoint now,
                        uint64_t splice,
                        SpliceNews news,
                        IsbCode code,
                        uint64_t bytes,
                        std::string_view reason) = 0;
};

/// Two TCP connections to the login port of a volunteer (thesis 3.6.3), told apart by the tokens of
/// their prefaces: gives each the other's preface, then copies bytes both ways, FIN for FIN, reset
/// for reset, with back-pressure, no faster than the meters let it. An application layer proxy
/// (thesis 4.1) that needs no privilege.
class VolunteerSplice : public SocketOwner
{
  public:
    /// Bytes asked for at once: what several splices may take beyond the rate in one instant.
    static constexpr size_t CHUNK = 4096;
    /// Bytes queued to one side.
    static constexpr size_t QUEUE = 65536;

    /// All must outlive the splice; `shared` bounds all splices of the volunteer together.
    VolunteerSplice(DaemonHost& host,
                    ListenPort& listenPort,
                    VolunteerMeter& shared,
                    const VolunteerSpliceMessage& order,
                    VolunteerSpliceOwner& owner);
    ~VolunteerSplice() override;

    /// Awaits both sides.
    void Start(TimePoint now);
    /// Resets both sides, tells nobody.
    void Cut();

    void OnReceived(TimePoint now, SocketId socket, ByteView bytes) override;
    void OnSent(TimePoint now, SocketId socket, size_t bytes) override;
    void OnEndOfStream(TimePoint now, SocketId socket) override;
    void OnFailed(TimePoint now, SocketId socket, std::string_view why) override;

  private:
    struct Side : public TokenAwaiter
    {
        void OnArrived(TimePoint now, SocketId arrived, const Token& shown) override;

        VolunteerSplice* whole = nullptr;
        Token token{};
        SocketId socket = 0;
        size_t unsent = 0;  ///< bytes queued to it
        bool ended = false; ///< its FIN came
        bool asked = false; ///< it is being read
    };

    [[nodiscard]] size_t IndexOf(SocketId socket) const;
    void Came(TimePoint now);
    void Pump(TimePoint now, size_t from);
    /// Unpaired: its patience is over. Paired: ends it when its time is over, else waits on.
    void OnTimer(TimePoint now);
    void Await();
    void Close(bool reset);
    void Over(TimePoint now, SpliceNews news, IsbCode code, bool reset, std::string_view reason);

    DaemonHost& m_host;
    ListenPort& m_listenPort;
    VolunteerMeter& m_shared;
    VolunteerMeter m_own;
    const VolunteerSpliceMessage m_order;
    VolunteerSpliceOwner& m_owner;
    std::array<Side, 2> m_sides; ///< subscriber, provider
    bool m_paired = false;
    bool m_over = false;
    uint64_t m_bytes = 0;
    TimePoint m_begun{0};   ///< paired: its lifetime runs from then
    TimePoint m_active{0};  ///< paired: newest bytes
    DaemonTimer m_timer;    ///< the meters admit more
    DaemonTimer m_patience; ///< unpaired; then idle or the lifetime over
};

} // namespace isb

#endif
