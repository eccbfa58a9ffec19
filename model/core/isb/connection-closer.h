// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_CONNECTION_CLOSER_H
#define ISB_CORE_ISB_CONNECTION_CLOSER_H

#include "model/core/isb/broker-desk.h"
#include "model/core/isb/connection-table.h"
#include "model/core/isb/half-closed-book.h"
#include "model/core/isb/session-table.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace isb
{

/// The end of a service connection, in whatever stage: who is told what, and what is forgotten.
class ConnectionCloser
{
  public:
    /// All must outlive it.
    ConnectionCloser(BrokerDesk& desk,
                     SessionTable& sessions,
                     ConnectionTable& connections,
                     HalfClosedBook& halfClosed);

    /// It failed: the ends are told, except the one that said so itself; the splice is cancelled.
    /// A subscriber that waits for its first Instruct gets a Fault. `detail` may be empty.
    void Fail(ServiceConnection& connection,
              IsbCode code,
              std::optional<ServiceEnd> speaker,
              std::string_view detail);
    /// It is over in good order: both ends see it by their sockets. Datagrams have no end of
    /// stream, so the other end of UDP is told. What one end alone says is kept in mind. `bytes`
    /// went through it, when known.
    void Finish(ServiceConnection& connection,
                IsbCode code,
                std::optional<ServiceEnd> speaker,
                uint64_t bytes);
    /// Nobody is left to hear of it; the bytes go on without the broker (promise T7).
    void Forget(ServiceConnection& connection, IsbCode code);

    /// Takes the splice from its IST, when it may still have it.
    void CancelSplice(ServiceConnection& connection);

    /// ConnectionState, with all that is known.
    void Emit(const ServiceConnection& connection,
              std::string_view from,
              std::string_view to,
              std::string_view reason,
              std::string_view detail);

  private:
    void Tell(const ServiceConnection& connection, ServiceEnd end, IsbCode code);

    BrokerDesk& m_desk;
    SessionTable& m_sessions;
    ConnectionTable& m_connections;
    HalfClosedBook& m_halfClosed;
};

/// "asked", ...: as trace events name it.
[[nodiscard]] std::string_view ToString(ConnectionStage stage);

} // namespace isb

#endif
