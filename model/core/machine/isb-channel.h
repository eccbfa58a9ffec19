// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_MACHINE_ISB_CHANNEL_H
#define ISB_CORE_MACHINE_ISB_CHANNEL_H

#include "model/core/machine/machine.h"
#include "model/core/trace/trace-event.h"
#include "model/wire/isb-codec.h"
#include "model/wire/isb-message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// One end of a control connection between the ISB and a user daemon or IST: numbers and encodes
/// what goes out, cuts and checks what comes in, traces both (kinds MessageSent, MessageReceived).
/// Owned by a machine, which knows its socket.
class IsbChannel
{
  public:
    /// `trace` may be null.
    IsbChannel(SocketId socket, TraceSink* trace);

    /// The name of the user or IST of this connection, and the session, as trace events show them.
    /// At the ISB both are known from the login on.
    void SetIdentity(std::string name, uint64_t session);

    /// Appends the order to send it.
    void Send(TimePoint now, IsbMessage message, std::vector<MachineOrder>& orders);
    /// The transport took so many bytes.
    void Sent(size_t bytes);
    /// Bytes ordered but not yet taken: what a peer that does not read makes us hold.
    [[nodiscard]] size_t Unsent() const;

    void Push(ByteView bytes);
    /// The next message; nothing when there is none or after a fault.
    [[nodiscard]] std::optional<IsbMessage> Next(TimePoint now);
    [[nodiscard]] IsbCode Fault() const;

    [[nodiscard]] SocketId
    Socket() const
    {
        return m_socket;
    }

  private:
    void Trace(TimePoint now, TraceKind kind, const IsbFrame& frame, size_t bytes);

    SocketId m_socket;
    TraceSink* m_trace;
    std::string m_name;
    uint64_t m_session = 0;
    uint64_t m_lastSent = 0;
    size_t m_unsent = 0;
    IsbDeframer m_deframer;
};

} // namespace isb

#endif
