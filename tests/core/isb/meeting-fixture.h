// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_ISB_MEETING_FIXTURE_H
#define ISB_TESTS_CORE_ISB_MEETING_FIXTURE_H

#include "tests/core/isb/broker-fixture.h"

namespace isb
{

inline constexpr const char* ANN = "203.0.113.1";
inline constexpr const char* BOB = "203.0.113.2";
inline constexpr const char* IST = "203.0.113.9";

/// ann subscribes to bob/web; who is public is up to the test.
class MeetingFixture : public BrokerFixture
{
  protected:
    void
    Meet(const LoginOptions& annOptions,
         const LoginOptions& bobOptions,
         Protocol protocol = Protocol::Tcp)
    {
        ann = &User("ann", ANN, annOptions);
        bob = &User("bob", BOB, bobOptions);
        Announce(*bob, "web", protocol);
        subscription = Subscribe(*ann, *bob, "web");
    }

    OpenMessage
    MakeOpen(ForwardingMethod method = ForwardingMethod::Passive)
    {
        OpenMessage open;
        open.request = nextRequest++;
        open.subscription = subscription;
        open.method = method;
        return open;
    }

    /// Both ends are instructed.
    void
    TakeInstructs()
    {
        toAnn = Take<InstructMessage>(*ann);
        toBob = Take<InstructMessage>(*bob);
    }

    void
    Establish()
    {
        Report(*ann, toAnn, ConnectionPhase::Established);
        Report(*bob, toBob, ConnectionPhase::Established);
    }

    BrokerPeer* ann = nullptr;
    BrokerPeer* bob = nullptr;
    uint64_t subscription = 0;
    InstructMessage toAnn;
    InstructMessage toBob;
};

} // namespace isb

#endif
