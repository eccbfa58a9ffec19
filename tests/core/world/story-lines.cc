// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/world/story-lines.h"

namespace isb::test
{

namespace
{

/// A message as a line, without tokens; empty for those that are not compared.
struct LineWriter
{
    template <typename M>
    std::string
    operator()(const M& /*message*/) const
    {
        return {};
    }

    std::string
    operator()(const ByeMessage& m) const
    {
        return "bye " + std::string(ToString(m.code));
    }

    std::string
    operator()(const FaultMessage& m) const
    {
        return "fault " + std::to_string(m.request) + " " + std::string(ToString(m.code));
    }

    std::string
    operator()(const AnnouncedMessage& m) const
    {
        return "announced " + std::to_string(m.request);
    }

    std::string
    operator()(const ListingMessage& m) const
    {
        std::string line = "listing " + std::to_string(m.request);
        for (const ListingEntry& entry : m.entries)
        {
            line += " " + entry.provider + "/" + entry.service;
        }
        return line + (m.more ? " more" : "");
    }

    std::string
    operator()(const OfferMessage& m) const
    {
        return "offer " + IdText('s', m.subscription) + " " + m.subscriber + " " + m.service;
    }

    std::string
    operator()(const SubscribedMessage& m) const
    {
        return "subscribed " + std::to_string(m.request) + " " + IdText('s', m.subscription);
    }

    std::string
    operator()(const SubscriptionEndedMessage& m) const
    {
        return "subscription-ended " + IdText('s', m.subscription) + " " +
               std::string(ToString(m.code));
    }

    std::string
    operator()(const PrepareMessage& m) const
    {
        return "prepare " + IdText('c', m.connection) + " " + std::to_string(m.attempt) + " " +
               IdText('s', m.subscription) + " " + std::string(ToString(m.path)) +
               (m.path == ServicePath::Translated ? " " + std::string(ToString(m.method)) : "") +
               (m.prepared ? " prepared" : "");
    }

    std::string
    operator()(const InstructMessage& m) const
    {
        return "instruct " + std::to_string(m.request) + " " + IdText('c', m.connection) + " " +
               std::to_string(m.attempt) + " " + std::string(ToString(m.path)) + " " +
               (m.role == ConnectRole::Connect ? m.target.ToString() : "await") + " " + m.ist;
    }

    std::string
    operator()(const StatusMessage& m) const
    {
        return "status " + IdText('c', m.connection) + " " + std::string(ToString(m.phase));
    }

    std::string
    operator()(const ConnectionEndedMessage& m) const
    {
        return "connection-ended " + IdText('c', m.connection) + " " +
               std::string(ToString(m.code));
    }

    std::string
    operator()(const SpliceRequestMessage& m) const
    {
        return "splice-request " + IdText('x', m.splice) + " " + std::string(ToString(m.method)) +
               " " + m.subscriber.ToString() + " " + m.provider.ToString();
    }

    std::string
    operator()(const SpliceCancelMessage& m) const
    {
        return "splice-cancel " + IdText('x', m.splice);
    }
};

} // namespace

std::string
IdText(char kind, uint64_t number)
{
    return std::string("#") + kind + std::to_string(number);
}

std::string
LineOf(const IsbMessage& message)
{
    return std::visit(LineWriter(), message);
}

} // namespace isb::test
