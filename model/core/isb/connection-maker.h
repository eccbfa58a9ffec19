// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_CONNECTION_MAKER_H
#define ISB_CORE_ISB_CONNECTION_MAKER_H

#include "model/core/isb/broker-desk.h"
#include "model/core/isb/connection-closer.h"
#include "model/core/isb/connection-table.h"
#include "model/core/isb/ist-registry.h"
#include "model/core/isb/session-table.h"
#include "model/core/isb/subscription-table.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace isb
{

/// Makes service connections (thesis 3.3, 4.4): decides the path, asks provider and IST in
/// parallel, instructs both ends when both answered, and tries the next way when one fails.
///
///     Direct, Reversed  --failed-->  Punched, where both allow it
///                       --failed-->  Translated: Pure  --failed-->  Translated: Passive
///     an IST that refuses, is silent or is lost  -->  the next best IST
///
/// Every try is an attempt with its own number, tokens and splice.
class ConnectionMaker
{
  public:
    /// The ends give up by themselves after Instruct.patience; the broker so much later.
    static constexpr Duration BACKSTOP = std::chrono::milliseconds(500);

    /// All must outlive the maker.
    ConnectionMaker(BrokerDesk& desk,
                    SessionTable& sessions,
                    const SubscriptionTable& subscriptions,
                    IstRegistry& registry,
                    ConnectionTable& connections,
                    const HalfClosedBook& halfClosed,
                    ConnectionCloser& closer);

    void Open(BrokerSession& session, const OpenMessage& message);
    /// From the provider.
    void Ready(ServiceConnection& connection, const ReadyMessage& message);
    /// From an end that was to learn where it is seen outside.
    void Gathered(ServiceConnection& connection, ServiceEnd end, const GatheredMessage& message);
    /// From its IST.
    void SpliceReady(ServiceConnection& connection,
                     BrokerSession& ist,
                     const SpliceReadyMessage& message);
    void SpliceRefused(ServiceConnection& connection, IsbCode code);
    void FirstSyn(ServiceConnection& connection, uint16_t port);
    void FellBack(ServiceConnection& connection);

    /// The attempt came to nothing: the next way, or the end. `speaker`: who said so.
    void AttemptFailed(ServiceConnection& connection,
                       IsbCode code,
                       std::optional<ServiceEnd> speaker);
    /// The splice is lost with its IST: another one.
    void IstLost(ServiceConnection& connection);

    void Timeout();

  private:
    [[nodiscard]] IsbCode Check(const BrokerSession& session,
                                const OpenMessage& message,
                                const Subscription* subscription) const;
    void Ask(ServiceConnection& connection,
             ServicePath path,
             std::string_view reason,
             std::string_view detail);
    /// The next of the ways that can be tried, or the end.
    void TryNextWay(ServiceConnection& connection,
                    IsbCode code,
                    std::optional<ServiceEnd> speaker,
                    std::string_view detail);
    void AskToGather(ServiceConnection& connection,
                     ServiceEnd end,
                     BrokerSession& user,
                     const BrokerSession& other);
    /// Method, IST and splice of a translated attempt; false when there is none, which ends it.
    [[nodiscard]] bool PlanSplice(ServiceConnection& connection,
                                  const BrokerSession& subscriber,
                                  const BrokerSession& provider);
    void InstructIfReady(ServiceConnection& connection);
    void Instruct(ServiceConnection& connection, ServiceEnd end, uint16_t firstSyn);
    void EmitFallback(const ServiceConnection& connection,
                      ForwardingMethod wanted,
                      std::string_view reason);

    BrokerDesk& m_desk;
    SessionTable& m_sessions;
    const SubscriptionTable& m_subscriptions;
    IstRegistry& m_registry;
    ConnectionTable& m_connections;
    const HalfClosedBook& m_halfClosed;
    ConnectionCloser& m_closer;
};

} // namespace isb

#endif
