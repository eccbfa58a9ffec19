// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_BROKER_SESSION_H
#define ISB_CORE_ISB_BROKER_SESSION_H

#include "model/core/isb/isb-settings.h"
#include "model/core/isb/message-budget.h"
#include "model/core/isb/volunteer-state.h"
#include "model/core/machine/isb-channel.h"
#include "model/wire/endpoint.h"
#include "model/wire/isb-message.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace isb
{

/// One control connection at the broker, before and after its login.
struct BrokerSession
{
    BrokerSession(SocketId socketId, TraceSink* trace)
        : channel(socketId, trace)
    {
    }

    IsbChannel channel;
    uint64_t id = 0;
    Endpoint observed; ///< the peer as seen here
    Endpoint local;    ///< own end
    Token challenge{};
    bool proven = false; ///< logged in; what follows is then known
    bool ended = false;  ///< closed; only kept until the current input is worked off

    LoginMessage login;
    const IsbProfile* profile = nullptr;
    MessageBudget budget;
    size_t awaited = 0; ///< answers to what the broker asked: not charged to the budget
    Reachability reachability = Reachability::Unknown; ///< users
    std::map<std::string, Duration> nearness;          ///< users: round trip to each IST
    std::map<std::string, TimePoint> avoided;          ///< users: ISTs that failed, until then
    uint64_t istListVersion = 0;                       ///< users: newest list sent
    VolunteerState volunteer;                          ///< users

    TimePoint accepted{0};
    TimePoint lastHeard{0};
    TimePoint entered = TIME_NEVER; ///< in the deadlines of SessionTable

    [[nodiscard]] SocketId
    Socket() const
    {
        return channel.Socket();
    }

    [[nodiscard]] const std::string&
    Name() const
    {
        return login.name;
    }

    /// May it have splices of its own? A user who volunteers has them from before it logged in
    /// again too. A name that may be an IST's has none as a user.
    [[nodiscard]] bool
    MayCarry() const
    {
        return login.role == IsbRole::Ist ||
               (login.abilities.volunteer && profile != nullptr && !profile->mayBeIst);
    }
};

} // namespace isb

#endif
