// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_VOLUNTEER_DESK_H
#define ISB_CORE_ISB_VOLUNTEER_DESK_H

#include "model/core/isb/broker-desk.h"
#include "model/core/isb/connection-keeper.h"
#include "model/core/isb/connection-table.h"
#include "model/core/isb/ist-registry.h"
#include "model/core/isb/session-table.h"

namespace isb
{

/// Negotiates with users behind full cone NATs whether they serve as IST (thesis 3.6.3), and lists
/// those who do. A volunteer is an application layer proxy with one external endpoint (for TCP its
/// login port, for UDP a mapping that it keeps alive); connections are told apart by the tokens of
/// their prefaces.
///
///     full cone found -> VolunteerOffer (bounds) -> VolunteerAnswer -> IST "registered"
///
/// Who may: IsbSettings::volunteers, IsbProfile::mayVolunteer; not a name that may log in as IST.
class VolunteerDesk
{
  public:
    /// All must outlive the desk.
    VolunteerDesk(BrokerDesk& desk,
                  SessionTable& sessions,
                  IstRegistry& registry,
                  ConnectionTable& connections,
                  ConnectionKeeper& keeper);

    /// Something was found out about its NAT.
    void Consider(BrokerSession& session);
    void Answer(BrokerSession& session, const VolunteerAnswerMessage& message);

    /// From one who serves, or did before he logged in again, about a splice of his; false when he
    /// cannot have any.
    [[nodiscard]] bool SpliceReady(BrokerSession& session, SpliceReadyMessage message);
    [[nodiscard]] bool SpliceEvent(BrokerSession& session, const SpliceEventMessage& message);
    /// False when the fault is about something else.
    [[nodiscard]] bool Fault(BrokerSession& session, const FaultMessage& message);

  private:
    [[nodiscard]] bool May(const BrokerSession& session) const;

    BrokerDesk& m_desk;
    SessionTable& m_sessions;
    IstRegistry& m_registry;
    ConnectionTable& m_connections;
    ConnectionKeeper& m_keeper;
};

} // namespace isb

#endif
