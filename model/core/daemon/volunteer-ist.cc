// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/volunteer-ist.h"

#include "model/wire/registration.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

/// The smaller of two bounds of which 0 is none.
uint64_t
Bound(uint64_t a, uint64_t b)
{
    return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
}

} // namespace

VolunteerIst::VolunteerIst(DaemonHost& host, BrokerLink& link, ListenPort& listenPort)
    : m_host(host),
      m_link(link),
      m_listenPort(listenPort)
{
}

void
VolunteerIst::OnOffer(TimePoint now, const VolunteerOfferMessage& message)
{
    const DaemonSettings& settings = m_host.settings;
    VolunteerAnswerMessage answer;
    answer.accepted = settings.volunteer && message.connections > 0;
    if (answer.accepted)
    {
        answer.rateBps = Bound(message.rateBps, settings.volunteerRate.bitsPerSecond);
        answer.connections =
            static_cast<uint32_t>(Bound(message.connections, settings.volunteerConnections));
        m_serving = true;
        m_most = answer.connections;
        m_meter = VolunteerMeter(answer.rateBps);
        m_link.SetHelloInterval(now, message.helloInterval);
    }
    m_link.Send(now, answer);
}

void
VolunteerIst::OnSplice(TimePoint now, const VolunteerSpliceMessage& message)
{
    IsbCode code = IsbCode::None;
    if (!m_serving)
    {
        code = IsbCode::Refused;
    }
    else if (StateSize() >= m_most)
    {
        code = IsbCode::Overloaded;
    }
    else if (m_splices.count(message.splice) != 0 || m_flows.count(message.splice) != 0 ||
             message.subscriber == message.provider)
    {
        code = IsbCode::Duplicate;
    }
    if (code != IsbCode::None)
    {
        m_link.Send(now, FaultMessage{code, message.splice, "volunteer"});
        return;
    }
    SpliceReadyMessage ready;
    ready.splice = message.splice;
    ready.method = ForwardingMethod::Proxy;
    m_link.Send(now, ready);
    m_host.journal.Volunteer(now, message.splice, message.protocol, {}, "ready", {});
    if (message.protocol == Protocol::Udp)
    {
        AddFlow(now, message);
        return;
    }
    auto made = std::make_unique<VolunteerSplice>(m_host, m_listenPort, m_meter, message, *this);
    VolunteerSplice& splice = *made;
    m_splices.emplace(message.splice, std::move(made));
    splice.Start(now);
}

void
VolunteerIst::OnCancel(TimePoint now, const SpliceCancelMessage& message)
{
    const auto found = m_splices.find(message.splice);
    if (found != m_splices.end())
    {
        found->second->Cut();
        m_host.over.push_back(std::move(found->second));
        m_splices.erase(found);
        m_host.journal
            .Volunteer(now, message.splice, Protocol::Tcp, {}, "ended", "volunteer.cancelled");
        return;
    }
    if (m_flows.count(message.splice) != 0)
    {
        EndFlow(now, message.splice, SpliceNews::Ended, IsbCode::Cancelled, "volunteer.cancelled");
    }
}

void
VolunteerIst::OnSessionOver()
{
    m_serving = false;
}

void
VolunteerIst::Stop()
{
    m_serving = false;
    for (auto& [number, splice] : std::exchange(m_splices, {}))
    {
        splice->Cut();
    }
    m_flows.clear();
    m_tokens.clear();
    m_peers.clear();
}

void
VolunteerIst::OnPaired(TimePoint now, uint64_t splice)
{
    SpliceEventMessage event;
    event.splice = splice;
    event.news = SpliceNews::Paired;
    m_link.Send(now, event);
    const Protocol protocol = m_flows.count(splice) != 0 ? Protocol::Udp : Protocol::Tcp;
    m_host.journal.Volunteer(now, splice, protocol, "ready", "paired", {});
}

void
VolunteerIst::OnOver(TimePoint now,
                     uint64_t splice,
                     SpliceNews news,
                     IsbCode code,
                     uint64_t bytes,
                     std::string_view reason)
{
    SpliceEventMessage event;
    event.splice = splice;
    event.news = news;
    event.code = code;
    event.bytes = bytes;
    m_link.Send(now, event);
    const auto found = m_splices.find(splice);
    const Protocol protocol = found == m_splices.end() ? Protocol::Udp : Protocol::Tcp;
    m_host.journal.Volunteer(now, splice, protocol, {}, "ended", reason);
    if (found != m_splices.end())
    {
        m_host.over.push_back(std::move(found->second));
        m_splices.erase(found);
    }
}

size_t
VolunteerIst::StateSize() const
{
    return m_splices.size() + m_flows.size();
}

// --- datagrams -------------------------------------------------------------------------------

void
VolunteerIst::AddFlow(TimePoint now, const VolunteerSpliceMessage& message)
{
    auto made = std::make_unique<Flow>(m_host.timers,
                                       [this, splice = message.splice](TimePoint later)
                                       { OnFlowTimer(later, splice); });
    made->order = message;
    made->meter = VolunteerMeter(message.limits.rateBps);
    made->begun = now;
    made->timer.Set(now + message.patience);
    m_tokens[message.subscriber] = {message.splice, 0};
    m_tokens[message.provider] = {message.splice, 1};
    m_flows.emplace(message.splice, std::move(made));
}

void
VolunteerIst::OnDatagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes)
{
    if (IsRegistrationDatagram(bytes))
    {
        return; // it opens the sender's NAT; who it is, only the preface tells
    }
    if (const std::optional<Token> token = ReadServicePreface(bytes))
    {
        OnPreface(now, socket, from, *token);
        return;
    }
    const auto place = m_peers.find(from);
    if (place == m_peers.end())
    {
        Drop(now, from, bytes.size, "volunteer.unknown-peer");
        return;
    }
    Forward(now, socket, from, bytes, place->second);
}

void
VolunteerIst::OnPreface(TimePoint now, SocketId socket, Endpoint from, const Token& token)
{
    const auto found = m_tokens.find(token);
    if (found == m_tokens.end())
    {
        Drop(now, from, SERVICE_PREFACE_SIZE, "volunteer.bad-token");
        return;
    }
    const Place place = found->second;
    Flow& flow = *m_flows.at(place.splice);
    Endpoint& peer = flow.peers[place.side];
    const auto taken = m_peers.find(from);
    const bool another = taken != m_peers.end() &&
                         (taken->second.splice != place.splice || taken->second.side != place.side);
    if ((peer.port != 0 && peer != from) || another)
    {
        Drop(now, from, SERVICE_PREFACE_SIZE, "volunteer.side-taken");
        return;
    }
    peer = from;
    m_peers[from] = place;
    flow.active = now;
    const Endpoint other = flow.peers[1 - place.side];
    if (other.port == 0)
    {
        return;
    }
    if (!std::exchange(flow.paired, true))
    {
        flow.begun = now;
        OnFlowTimer(now, place.splice);
        OnPaired(now, place.splice);
    }
    if (!Passes(now, flow, from, SERVICE_PREFACE_SIZE))
    {
        return; // it is repeated
    }
    const auto preface = MakeServicePreface(token);
    m_host.sockets.SendTo(socket, other, {preface.begin(), preface.end()});
}

bool
VolunteerIst::Passes(TimePoint now, Flow& flow, Endpoint from, size_t bytes)
{
    if (!m_meter.Admits(now) || !flow.meter.Admits(now))
    {
        Drop(now, from, bytes, "volunteer.rate-limit");
        return false;
    }
    m_meter.Charge(now, bytes);
    flow.meter.Charge(now, bytes);
    return true;
}

void
VolunteerIst::Forward(TimePoint now, SocketId socket, Endpoint from, ByteView bytes, Place place)
{
    Flow& flow = *m_flows.at(place.splice);
    if (!flow.paired)
    {
        Drop(now, from, bytes.size, "volunteer.unpaired");
        return;
    }
    if (!Passes(now, flow, from, bytes.size))
    {
        return;
    }
    flow.bytes += bytes.size;
    flow.active = now;
    if (flow.order.limits.bytes != 0 && flow.bytes > flow.order.limits.bytes)
    {
        EndFlow(now,
                place.splice,
                SpliceNews::Ended,
                IsbCode::LimitReached,
                "volunteer.byte-limit");
        return;
    }
    m_host.sockets.SendTo(socket,
                          flow.peers[1 - place.side],
                          {bytes.data, bytes.data + bytes.size});
}

void
VolunteerIst::OnFlowTimer(TimePoint now, uint64_t splice)
{
    Flow& flow = *m_flows.at(splice);
    const Duration lifetime = flow.order.limits.lifetime;
    if (flow.paired && lifetime > Duration(0) && now >= flow.begun + lifetime)
    {
        EndFlow(now, splice, SpliceNews::Ended, IsbCode::LimitReached, "volunteer.lifetime");
        return;
    }
    const TimePoint due = flow.active + m_host.settings.udpIdle;
    if (flow.paired && now < due)
    {
        flow.timer.Set(lifetime > Duration(0) ? std::min(due, flow.begun + lifetime) : due);
        return;
    }
    EndFlow(now,
            splice,
            flow.paired ? SpliceNews::Ended : SpliceNews::Failed,
            IsbCode::TimedOut,
            flow.paired ? "volunteer.idle" : "volunteer.unmatched");
}

void
VolunteerIst::EndFlow(TimePoint now,
                      uint64_t splice,
                      SpliceNews news,
                      IsbCode code,
                      std::string_view reason)
{
    const auto found = m_flows.find(splice);
    const uint64_t bytes = found->second->bytes;
    m_tokens.erase(found->second->order.subscriber);
    m_tokens.erase(found->second->order.provider);
    for (const Endpoint& peer : found->second->peers)
    {
        m_peers.erase(peer);
    }
    m_flows.erase(found);
    OnOver(now, splice, news, code, bytes, reason);
}

void
VolunteerIst::OnSocketLost(TimePoint now)
{
    while (!m_flows.empty())
    {
        EndFlow(now,
                m_flows.begin()->first,
                SpliceNews::Failed,
                IsbCode::ConnectFailed,
                "volunteer.socket-lost");
    }
}

void
VolunteerIst::Drop(TimePoint now, Endpoint from, size_t bytes, std::string_view reason)
{
    m_host.journal.Drop(now, FlowKey{Protocol::Udp, from, Endpoint{}}, bytes, reason);
}

} // namespace isb
