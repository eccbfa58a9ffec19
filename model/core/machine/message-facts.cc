// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/machine/message-facts.h"

namespace isb
{

namespace
{

/// Writes the facts of one message.
class FactWriter
{
  public:
    FactWriter(TraceEvent& event, std::string& text)
        : m_event(event),
          m_text(text)
    {
    }

    void
    operator()(const HelloMessage& message)
    {
        Address("observed", message.observed);
    }

    void
    operator()(const LoginMessage& message)
    {
        Word("role", message.role == IsbRole::Ist ? "ist" : "");
        Address("local", message.local);
        Number("listen", message.listenPort);
        Flag("can-choose", message.canChoosePort);
        Flag("punch", message.abilities.punch);
        Flag("predict", message.abilities.predict);
        Flag("login-port", message.abilities.loginPort);
        Flag("nat-test", message.abilities.natTest);
        Flag("volunteer", message.abilities.volunteer);
    }

    void
    operator()(const LoggedInMessage& message)
    {
        m_event.session = message.session;
        Time("hello", message.helloInterval);
        Addresses("stun", message.stun.endpoints);
    }

    void
    operator()(const PingMessage& /*message*/)
    {
    }

    void
    operator()(const PongMessage& /*message*/)
    {
    }

    void
    operator()(const ByeMessage& message)
    {
        Reason(message.code);
    }

    void
    operator()(const FaultMessage& message)
    {
        m_event.id = message.request;
        Reason(message.code);
        m_event.detail = message.text;
    }

    void
    operator()(const ProbeMessage& /*message*/)
    {
    }

    void
    operator()(const ProbeSeenMessage& /*message*/)
    {
    }

    void
    operator()(const NatStatusMessage& message)
    {
        Word("reachability", ToString(message.reachability));
        Address("observed", message.observed);
    }

    void
    operator()(const AnnounceMessage& message)
    {
        m_event.id = message.request;
        m_event.service = message.service.name;
        Word("protocol", ToString(message.service.protocol));
        if (!message.service.open)
        {
            std::string names;
            for (const std::string& name : message.service.allowed)
            {
                names.append(names.empty() ? "" : ",").append(name);
            }
            Word("allowed", names.empty() ? "nobody" : names);
        }
    }

    void
    operator()(const AnnouncedMessage& message)
    {
        m_event.id = message.request;
    }

    void
    operator()(const WithdrawMessage& message)
    {
        m_event.service = message.service;
    }

    void
    operator()(const ListMessage& message)
    {
        m_event.id = message.request;
        m_event.peer = message.afterProvider;
        m_event.service = message.afterService;
        Number("most", message.most);
    }

    void
    operator()(const ListingMessage& message)
    {
        m_event.id = message.request;
        Number("entries", message.entries.size());
        Flag("more", message.more);
    }

    void
    operator()(const SubscribeMessage& message)
    {
        m_event.id = message.request;
        m_event.peer = message.provider;
        m_event.service = message.service;
    }

    void
    operator()(const OfferMessage& message)
    {
        m_event.id = message.subscription;
        m_event.peer = message.subscriber;
        m_event.service = message.service;
    }

    void
    operator()(const AnswerMessage& message)
    {
        m_event.id = message.subscription;
        Reason(message.code);
        Flag(message.accepted ? "accepted" : "refused", true);
    }

    void
    operator()(const SubscribedMessage& message)
    {
        m_event.id = message.request;
        Word("protocol", ToString(message.protocol));
    }

    void
    operator()(const UnsubscribeMessage& message)
    {
        m_event.id = message.subscription;
    }

    void
    operator()(const SubscriptionEndedMessage& message)
    {
        m_event.id = message.subscription;
        Reason(message.code);
    }

    void
    operator()(const OpenMessage& message)
    {
        m_event.id = message.request;
        m_event.method = ToString(message.method);
        Number("chosen", message.chosenPort);
        Flag("prepared", message.prepared);
        Flag("require-ist", message.requireIst);
        Number("udp", message.udp.port);
        std::string ways;
        for (const ServicePath way : message.wishes.ways)
        {
            ways.append(ways.empty() ? "" : ",").append(ToString(way));
        }
        Word("ways", ways);
        Flag("predict", message.wishes.predict);
    }

    void
    operator()(const PrepareMessage& message)
    {
        m_event.connection = message.connection;
        Path(message.path, message.method);
        Number("peer-port", message.peerPort);
        Number("attempt", message.attempt);
        Flag("prepared", message.prepared);
    }

    void
    operator()(const ReadyMessage& message)
    {
        m_event.connection = message.connection;
        Number("listen", message.listenPort);
        Number("chosen", message.chosenPort);
        Number("attempt", message.attempt);
    }

    void
    operator()(const InstructMessage& message)
    {
        m_event.id = message.request;
        m_event.connection = message.connection;
        m_event.ist = message.ist;
        Path(message.path, message.method);
        Word("role", message.role == ConnectRole::Connect ? "connect" : "await");
        Address("target", message.target);
        Number("from", message.localPort);
        Number("attempt", message.attempt);
        Addresses("also", message.punch.endpoints);
    }

    void
    operator()(const StatusMessage& message)
    {
        m_event.connection = message.connection;
        Reason(message.code);
        Word("phase", ToString(message.phase));
        Number("attempt", message.attempt);
        Number("sent", message.sentBytes);
        Number("received", message.receivedBytes);
    }

    void
    operator()(const ConnectionEndedMessage& message)
    {
        m_event.connection = message.connection;
        Reason(message.code);
    }

    void
    operator()(const IstListMessage& message)
    {
        std::string names;
        for (const IstListEntry& entry : message.entries)
        {
            names.append(names.empty() ? "" : ",").append(entry.name);
        }
        Word("ists", names);
    }

    void
    operator()(const NearnessMessage& message)
    {
        for (const NearnessEntry& entry : message.entries)
        {
            Time(entry.ist, entry.roundTrip, ",");
        }
    }

    void
    operator()(const SpliceRequestMessage& message)
    {
        m_event.splice = message.splice;
        m_event.method = ToString(message.method);
        Word("a", std::to_string(message.portA));
        Word("b", std::to_string(message.portB));
        Flag("provider-first", message.providerFirst);
        Address("active-target", message.activeTarget);
    }

    void
    operator()(const SpliceReadyMessage& message)
    {
        m_event.splice = message.splice;
        m_event.method = ToString(message.method);
        Address("subscriber", message.subscriber);
        Address("provider", message.provider);
    }

    void
    operator()(const SpliceEventMessage& message)
    {
        m_event.splice = message.splice;
        Reason(message.code);
        Word("news", ToString(message.news));
        Number("port", message.peerPort);
        Number("forwarded", message.bytes);
    }

    void
    operator()(const SpliceCancelMessage& message)
    {
        m_event.splice = message.splice;
    }

    void
    operator()(const LoadMessage& message)
    {
        Number("splices", message.splices);
        Number("forwarded", message.forwardedBytes);
        Number("drops", message.drops);
    }

    void
    operator()(const GatherMessage& message)
    {
        m_event.id = message.request;
        m_event.connection = message.connection;
        m_event.path = ToString(message.path);
        Number("attempt", message.attempt);
        Flag("predict", message.predict);
    }

    void
    operator()(const GatheredMessage& message)
    {
        m_event.connection = message.connection;
        Reason(message.code);
        Number("attempt", message.attempt);
        Flag("dependent", message.dependent);
        Addresses("at", message.endpoints);
    }

    void
    operator()(const NatProbeMessage& message)
    {
        Word("protocol", ToString(message.protocol));
    }

    void
    operator()(const NatReportMessage& message)
    {
        Flag("probe-came", message.token != Token{});
        Address("udp", message.udp);
    }

    void
    operator()(const VolunteerOfferMessage& message)
    {
        Number("rate", message.rateBps);
        Number("connections", message.connections);
        if (message.helloInterval > Duration(0))
        {
            Time("hello-interval", message.helloInterval);
        }
    }

    void
    operator()(const VolunteerAnswerMessage& message)
    {
        Flag(message.accepted ? "accepted" : "refused", true);
        Number("rate", message.rateBps);
        Number("connections", message.connections);
    }

    void
    operator()(const VolunteerSpliceMessage& message)
    {
        m_event.splice = message.splice;
        Word("protocol", ToString(message.protocol));
    }

    void
    operator()(const ProbeOrderMessage& message)
    {
        Word("protocol", ToString(message.protocol));
        Address("at", message.target);
    }

  private:
    void
    Addresses(std::string_view key, const std::vector<Endpoint>& endpoints)
    {
        std::string text;
        for (const Endpoint& endpoint : endpoints)
        {
            text.append(text.empty() ? "" : ",").append(endpoint.ToString());
        }
        Word(key, text);
    }

    void
    Reason(IsbCode code)
    {
        if (code != IsbCode::None)
        {
            m_event.reason = ToString(code);
        }
    }

    void
    Path(ServicePath path, ForwardingMethod method)
    {
        m_event.path = ToString(path);
        if (path == ServicePath::Translated)
        {
            m_event.method = ToString(method);
        }
    }

    void
    Word(std::string_view key, std::string_view value, std::string_view separator = " ")
    {
        if (!value.empty())
        {
            m_text.append(m_text.empty() ? "" : separator).append(key).append("=").append(value);
        }
    }

    void
    Flag(std::string_view key, bool set)
    {
        if (set)
        {
            m_text.append(m_text.empty() ? "" : " ").append(key);
        }
    }

    void
    Number(std::string_view key, uint64_t value)
    {
        if (value != 0)
        {
            Word(key, std::to_string(value));
        }
    }

    void
    Address(std::string_view key, const Endpoint& endpoint)
    {
        if (endpoint != Endpoint{})
        {
            Word(key, endpoint.ToString());
        }
    }

    void
    Time(std::string_view key, Duration value, std::string_view separator = " ")
    {
        std::string text = FormatDuration(value); // "10 ms": without its blank
        text.erase(text.find(' '), 1);
        Word(key, text, separator);
    }

    TraceEvent& m_event;
    std::string& m_text;
};

} // namespace

void
DescribeMessage(const IsbMessage& message, TraceEvent& event, std::string& text)
{
    text.clear();
    std::visit(FactWriter(event, text), message);
    if (!text.empty())
    {
        event.detail = text;
    }
}

} // namespace isb
