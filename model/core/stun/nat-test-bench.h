// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_STUN_NAT_TEST_BENCH_H
#define ISB_CORE_STUN_NAT_TEST_BENCH_H

#include "model/core/stun/nat-type-test.h"
#include "model/wire/stun-message.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace isb
{

/// A response to a request over UDP.
struct StunReply
{
    const StunMessage& message;
    Endpoint from;
    SocketId at = 0;       ///< the socket where it came
    Duration roundTrip{0}; ///< since the request was last sent
};

/// The mapped endpoint of a success; nothing without one.
[[nodiscard]] std::optional<Endpoint> MappedOf(const StunReply* reply);

/// What the procedures of a NatTypeTest share: settings, sockets, timers, requests over UDP with
/// their repetitions, and the report. What comes calls what was left for it here.
class NatTestBench
{
  public:
    /// `reply` is null when none came.
    using OnReply = std::function<void(TimePoint now, const StunReply* reply)>;
    /// `local` has port 0 when the socket could not be opened.
    using OnOpen = std::function<void(TimePoint now, SocketId socket, Endpoint local)>;
    using OnTime = std::function<void(TimePoint now)>;
    /// A datagram that is no response to a request of this bench.
    using OnOther = std::function<void(TimePoint now, SocketId socket, const StunMessage& message)>;

    NatTestBench(const NatTypeSettings& settings, Rng& random);

    /// \name Sockets
    /// @{
    [[nodiscard]] SocketId NewSocket();
    /// A UDP socket at the host's address.
    void OpenUdp(uint16_t port, OnOpen then);
    void Close(SocketId socket);
    void CloseAll();
    /// @}

    /// Asks over UDP. `answerAt`: another socket where the response may come; 0: none.
    void Ask(TimePoint now,
             SocketId socket,
             Endpoint to,
             std::vector<StunAttribute> attributes,
             OnReply then,
             SocketId answerAt = 0);
    /// Calls `then` at that time.
    void At(TimePoint when, OnTime then);
    void ListenForOthers(OnOther then);

    [[nodiscard]] StunId NewId();
    /// A request, as long as our server's response to it (promise T2).
    [[nodiscard]] std::vector<uint8_t> MakeRequest(const StunId& id,
                                                   std::vector<StunAttribute> attributes) const;
    /// Another local port for a TCP test, hardly ever taken.
    [[nodiscard]] uint16_t NewPort();
    /// When a request that is sent now is given up.
    [[nodiscard]] Duration Patience() const;

    /// An external endpoint was seen of a local port.
    void Saw(uint16_t localPort, Endpoint mapped);
    void Note(std::string text);

    void Listening(TimePoint now, SocketId socket, Endpoint local);
    void Failed(TimePoint now, SocketId socket);
    void Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes);
    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout(TimePoint now);
    /// Forgets all that waits.
    void Stop();

    /// Has the server another address?
    [[nodiscard]] bool
    HasAlternate() const
    {
        return report.alternate.port != 0 && report.alternate.address != report.server.address;
    }

    [[nodiscard]] bool
    HasSockets() const
    {
        return !m_open.empty();
    }

    const NatTypeSettings settings;
    NatTypeReport report;
    std::vector<MachineOrder> orders;

  private:
    struct Transaction
    {
        SocketId socket = 0;
        SocketId answerAt = 0;
        Endpoint to;
        std::vector<uint8_t> bytes;
        uint32_t sent = 0;
        TimePoint lastSent{0};
        OnReply then;
    };

    void Send(TimePoint now, const StunId& id);
    void Repeat(TimePoint now, const StunId& id);

    Rng& m_random;
    SocketId m_lastSocket = 0;
    std::map<SocketId, bool> m_open; ///< all sockets of the test
    std::map<SocketId, OnOpen> m_opening;
    std::map<StunId, Transaction> m_transactions;
    std::multimap<TimePoint, OnTime> m_timers; ///< of one time: in the order of their setting
    OnOther m_other;
};

} // namespace isb

#endif
