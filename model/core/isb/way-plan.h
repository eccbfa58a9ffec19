// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_WAY_PLAN_H
#define ISB_CORE_ISB_WAY_PLAN_H

#include "model/core/isb/broker-session.h"
#include "model/core/isb/connection-plan.h"
#include "model/core/isb/isb-settings.h"
#include "model/core/isb/service-connection.h"
#include "model/wire/isb-message.h"

#include <string_view>
#include <vector>

// The ways in which a connection is tried one after the other, and what hole punching needs, as
// pure functions of what is known.

namespace isb
{

/// The ways in order: those that the subscriber names, or direct or reversed where one side is
/// public, punched where both sides allow it, and through an IST.
[[nodiscard]] std::vector<ServicePath> PlanWays(const ServiceConnection& connection,
                                                const BrokerSession& subscriber,
                                                const BrokerSession& provider,
                                                const IsbSettings& settings);

/// Why this way cannot be tried: static, "isb.punch-not-allowed", "isb.no-stun",
/// "isb.no-listen-port", or "isb.not-reachable": where the end that awaits is, is only claimed
/// (promise T1). Empty when it can.
[[nodiscard]] std::string_view WhyNot(ServicePath path,
                                      const ServiceConnection& connection,
                                      const BrokerSession& subscriber,
                                      const BrokerSession& provider,
                                      const IsbSettings& settings);

/// Is this end to learn, in this attempt, where a port of its own is seen outside? Both ends of a
/// Punched connection; over UDP the end behind a NAT that awaits a Direct or Reversed one.
[[nodiscard]] bool Gathers(const ServiceConnection& connection,
                           ServiceEnd end,
                           const BrokerSession& user,
                           const IsbSettings& settings);
/// Are both ends of a Punched connection to predict ports? The subscriber asks for it, both allow
/// it.
[[nodiscard]] bool MayPredict(const ServiceConnection& connection,
                              const BrokerSession& one,
                              const BrokerSession& other);
/// All that gather have answered.
[[nodiscard]] bool IsGathered(const ServiceConnection& connection);

/// What counts of an end's answer: endpoints at the address of its login, no port of the system
/// (promise T1: nobody is sent to where another one is).
[[nodiscard]] std::vector<Endpoint> UsableEndpoints(const GatheredMessage& message, Ipv4 observed);

/// "isb.direct-failed", "isb.reversed-failed", "isb.punch-failed", "isb.translated-failed"
[[nodiscard]] std::string_view FailureOf(ServicePath path);

} // namespace isb

#endif
