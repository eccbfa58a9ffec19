// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_MACHINE_PROBE_SENDER_H
#define ISB_CORE_MACHINE_PROBE_SENDER_H

#include "model/core/machine/deadline-queue.h"
#include "model/core/machine/machine.h"
#include "model/wire/isb-message.h"

#include <cstddef>
#include <functional>
#include <map>
#include <vector>

namespace isb
{

/// Sends the test packets of the NAT test (thesis 3.6.3, Fig 3.10) for the ISB, or for an IST that
/// the ISB asks to: a connection that shows the preface with a token and closes, or some datagrams
/// of the same. Part of a machine, which gives it what is about its sockets. Bounded: of too many
/// at once the new ones are not sent (their test then finds nothing).
class ProbeSender
{
  public:
    static constexpr size_t MOST = 256;
    static constexpr Duration PATIENCE = std::chrono::seconds(2); ///< of a connection
    static constexpr Duration REPETITION = std::chrono::milliseconds(300);
    static constexpr int DATAGRAMS = 3;

    /// `orders` must outlive the sender.
    ProbeSender(std::function<SocketId()> newSocket, std::vector<MachineOrder>& orders);

    /// `from`: own address and port; 0.0.0.0 and 0: any. False when the target is one that nobody
    /// outside may be sent to (promise T1), or there are too many.
    bool Send(TimePoint now, const ProbeOrderMessage& order, Endpoint from);

    [[nodiscard]] bool Owns(SocketId socket) const;
    /// The UDP socket is open.
    void Listening(TimePoint now, SocketId socket);
    void Connected(SocketId socket);
    /// It is gone.
    void Failed(SocketId socket);
    void Stop();

    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout(TimePoint now);
    [[nodiscard]] size_t Size() const;

  private:
    struct Probe
    {
        ProbeOrderMessage order;
        int left = 0; ///< datagrams
        TimePoint entered = TIME_NEVER;
    };

    void Close(SocketId socket, bool reset);

    std::function<SocketId()> m_newSocket;
    std::vector<MachineOrder>& m_orders;
    std::map<SocketId, Probe> m_probes;
    DeadlineQueue m_deadlines;
};

} // namespace isb

#endif
