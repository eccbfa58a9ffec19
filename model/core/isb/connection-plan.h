// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_CONNECTION_PLAN_H
#define ISB_CORE_ISB_CONNECTION_PLAN_H

#include "model/core/isb/broker-session.h"
#include "model/core/isb/isb-settings.h"
#include "model/core/isb/service-connection.h"
#include "model/wire/isb-message.h"

#include <cstdint>
#include <optional>
#include <string_view>

// The decisions about one service connection, as pure functions of what is known.

namespace isb
{

struct PathChoice
{
    ServicePath path = ServicePath::Translated;
    std::string_view reason; ///< static: "isb.both-private", ...
};

/// Who connects to whom (thesis 3.3 and 3.4: by who is NATed).
[[nodiscard]] PathChoice ChoosePath(const ServiceConnection& connection,
                                    const BrokerSession& subscriber,
                                    const BrokerSession& provider);

struct MethodChoice
{
    ForwardingMethod method = ForwardingMethod::Passive;
    PortChooser chooser = PortChooser::Nobody;
    std::string_view reason; ///< why it is not the one asked for; static, empty when it is
};

/// How the IST is to forward, by what was asked for and what the ends can do.
[[nodiscard]] MethodChoice ChooseMethod(const ServiceConnection& connection,
                                        const BrokerSession& provider);
/// What is tried when no IST can do this one; nothing behind Proxy.
[[nodiscard]] std::optional<ForwardingMethod> NextMethod(ForwardingMethod method);

[[nodiscard]] PrepareMessage MakePrepare(const ServiceConnection& connection);
[[nodiscard]] SpliceRequestMessage MakeSpliceRequest(const ServiceConnection& connection,
                                                     const BrokerSession& subscriber,
                                                     const BrokerSession& provider,
                                                     const IsbSettings& settings);
/// The same for a user who serves as IST: its connections are told apart by their tokens.
[[nodiscard]] VolunteerSpliceMessage MakeVolunteerSplice(const ServiceConnection& connection,
                                                         const IsbSettings& settings);
/// Does the answer fit the request, and name nothing but the IST's own address (promise T1)?
[[nodiscard]] bool IsFitting(const SpliceReadyMessage& ready,
                             const ServiceConnection& connection,
                             Ipv4 ist);

/// Must this end wait until the other's SYN reached the IST (Pure, one end can choose)?
[[nodiscard]] bool WaitsForFirstSyn(const ServiceConnection& connection, ServiceEnd end);
/// What to tell this end. `other` is the session of the other one, with the address that the broker
/// sees; `firstSyn` is the IST port of an end that waited, else 0.
[[nodiscard]] InstructMessage MakeInstruct(const ServiceConnection& connection,
                                           ServiceEnd end,
                                           const BrokerSession& other,
                                           const IsbSettings& settings,
                                           uint16_t firstSyn);

/// Is there sense in trying another way after this failure?
[[nodiscard]] bool IsRetried(IsbCode code);

} // namespace isb

#endif
