// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_SERVICE_CONNECTION_H
#define ISB_CORE_ISB_SERVICE_CONNECTION_H

#include "model/wire/isb-message.h"
#include "model/wire/units.h"

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// The two ends of a service connection.
enum class ServiceEnd : uint8_t
{
    Subscriber = 0,
    Provider = 1,
};

[[nodiscard]] inline ServiceEnd
OtherEnd(ServiceEnd end)
{
    return end == ServiceEnd::Subscriber ? ServiceEnd::Provider : ServiceEnd::Subscriber;
}

enum class ConnectionStage : uint8_t
{
    Asked,       ///< provider and IST are asked
    Instructed,  ///< the ends are told how to connect
    Established, ///< both ends have each other's preface
    Started,     ///< a prepared one is in use
};

/// Who can choose a source port that an IST sees unchanged (Fig 4.7).
enum class PortChooser : uint8_t
{
    Nobody,     ///< no Pure splice
    Both,       ///< the subscriber has chosen beforehand: nothing waits
    Provider,   ///< connects second, from the port where the subscriber connected to
    Subscriber, ///< the mirror image
};

/// One end, as the broker sees it.
struct ServiceParty
{
    std::string user;
    uint64_t bootId = 0;             ///< of the daemon that holds the connection
    bool attached = true;            ///< that daemon is logged in
    bool knows = false;              ///< was told the connection's number
    bool instructed = false;         ///< in this attempt
    bool established = false;        ///< in this attempt: it has the other's preface
    bool closed = false;             ///< said Closed before the other was established
    bool gathers = false;            ///< asked, in this attempt, where it is seen outside
    std::vector<Endpoint> endpoints; ///< where it may be, as it answered and as far as believed
    Token token{};                   ///< that it sends
};

/// One service connection that is being made or runs.
struct ServiceConnection
{
    uint64_t id = 0;
    uint64_t subscription = 0;
    std::string service;
    Protocol protocol = Protocol::Tcp;
    OpenMessage open;
    std::array<ServiceParty, 2> parties; ///< by ServiceEnd

    ConnectionStage stage = ConnectionStage::Asked;
    uint32_t attempt = 0;
    ServicePath path = ServicePath::Translated;
    ForwardingMethod method = ForwardingMethod::Passive; ///< path Translated
    PortChooser chooser = PortChooser::Nobody;           ///< method Pure
    bool pureFailed = false;
    std::optional<ReadyMessage> ready;             ///< the provider's, of this attempt
    std::optional<SpliceReadyMessage> spliceReady; ///< the IST's

    uint64_t splice = 0;            ///< 0: none
    std::string ist;                ///< of the splice
    bool paired = false;            ///< both ends reached the IST
    bool started = false;           ///< prepared: the subscriber took it
    std::vector<ServicePath> ways;  ///< not tried yet, next first
    std::set<std::string> refused;  ///< ISTs that could not carry it
    TimePoint entered = TIME_NEVER; ///< in the deadlines of ConnectionTable

    [[nodiscard]] ServiceParty&
    Party(ServiceEnd end)
    {
        return parties[static_cast<size_t>(end)];
    }

    [[nodiscard]] const ServiceParty&
    Party(ServiceEnd end) const
    {
        return parties[static_cast<size_t>(end)];
    }

    [[nodiscard]] const std::string&
    User(ServiceEnd end) const
    {
        return Party(end).user;
    }

    /// Which end this user is; nothing for a stranger.
    [[nodiscard]] std::optional<ServiceEnd>
    EndOf(std::string_view user) const
    {
        if (User(ServiceEnd::Subscriber) == user)
        {
            return ServiceEnd::Subscriber;
        }
        return User(ServiceEnd::Provider) == user ? std::optional(ServiceEnd::Provider)
                                                  : std::nullopt;
    }

    [[nodiscard]] bool
    IsUp() const
    {
        return stage == ConnectionStage::Established || stage == ConnectionStage::Started;
    }
};

} // namespace isb

#endif
