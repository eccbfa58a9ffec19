// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/ist-forwarder.h"

#include "model/ns3/sim-time.h"

#include "ns3/ipv4.h"
#include "ns3/node.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <utility>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(IstForwarder);

TypeId
IstForwarder::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::IstForwarder")
            .SetParent<PacketHook>()
            .SetGroupName("Isb")
            .AddConstructor<IstForwarder>()
            .AddAttribute(
                "MaxSplices",
                "Splices of all states at once.",
                UintegerValue(65536),
                MakeUintegerAccessor(&IstForwarder::SetMaxSplices, &IstForwarder::GetMaxSplices),
                MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("UnmatchedTimeout",
                          "How long ports wait for their users; a first SYN is held that long.",
                          TimeValue(Seconds(30)),
                          MakeTimeAccessor(&IstForwarder::SetUnmatchedTimeout,
                                           &IstForwarder::GetUnmatchedTimeout),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute(
                "IdleTimeout",
                "An established splice without any packet ends (RFC 5382 REQ-5).",
                TimeValue(Minutes(124)),
                MakeTimeAccessor(&IstForwarder::SetIdleTimeout, &IstForwarder::GetIdleTimeout),
                MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("UdpIdleTimeout",
                          "A UDP splice without any packet ends (RFC 4787 REQ-5).",
                          TimeValue(Minutes(5)),
                          MakeTimeAccessor(&IstForwarder::SetUdpIdleTimeout,
                                           &IstForwarder::GetUdpIdleTimeout),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("TimeWait",
                          "IST_TIME_WAIT, 2 MSL (thesis 5.2).",
                          TimeValue(Seconds(60)),
                          MakeTimeAccessor(&IstForwarder::SetTimeWait, &IstForwarder::GetTimeWait),
                          MakeTimeChecker(MilliSeconds(1)));
    return tid;
}

IstForwarder::IstForwarder() = default;
IstForwarder::~IstForwarder() = default;

void
IstForwarder::SetSettings(const isb::IstSettings& settings)
{
    m_settings = settings;
}

const isb::IstSettings&
IstForwarder::GetSettings() const
{
    return m_settings;
}

void
IstForwarder::Install(Ptr<Node> node, uint64_t seed)
{
    PacketHook::Install(node);
    m_settings.addresses.clear();
    for (uint32_t i = 1; i < m_ipv4->GetNInterfaces(); ++i) // 0 is the loopback
    {
        for (uint32_t j = 0; j < m_ipv4->GetNAddresses(i); ++j)
        {
            m_settings.addresses.emplace_back(isb::Ipv4{m_ipv4->GetAddress(i, j).GetLocal().Get()});
        }
    }
    m_rng = std::make_unique<isb::SeededRng>(seed);
    m_engine = std::make_unique<isb::IstEngine>(m_settings, *m_rng, &m_trace);
}

isb::Result<uint64_t>
IstForwarder::Add(const isb::IstPair& pair)
{
    isb::Result<uint64_t> id = m_engine->Add(SimulatedNow(), pair);
    Settle();
    return id;
}

bool
IstForwarder::Remove(uint64_t id)
{
    const bool known = m_engine->Remove(SimulatedNow(), id);
    Settle();
    return known;
}

void
IstForwarder::SetNewsCallback(std::function<void(const isb::CarrierNews&)> callback)
{
    m_news = std::move(callback);
}

void
IstForwarder::Forget()
{
    AbandonAll();
    // The generator goes on: no two lives draw the same.
    m_engine = std::make_unique<isb::IstEngine>(m_settings, *m_rng, &m_trace);
}

bool
IstForwarder::WantsPreRouting(const Ipv4Header& header, const Ptr<const NetDevice>&) const
{
    return !header.GetDestination().IsLocalhost(); // the node talks to itself
}

const isb::IstEngine&
IstForwarder::Engine() const
{
    return *m_engine;
}

uint64_t
IstForwarder::Misdirected() const
{
    return m_misdirected;
}

bool
IstForwarder::IsOwn(Ipv4Address address) const
{
    const auto& own = m_settings.addresses;
    return std::find(own.begin(), own.end(), isb::Ipv4{address.Get()}) != own.end();
}

PacketHook::Fate
IstForwarder::PreRouting(HeaderImage& image,
                         const Ptr<const Packet>& packet,
                         const Ipv4Header& header,
                         const Ptr<const NetDevice>& device)
{
    const isb::IstVerdict verdict =
        m_engine->Process(SimulatedNow(), image.Bytes(), image.PacketLength());
    Fate fate = Fate::Taken;
    switch (verdict.action)
    {
    case isb::IstVerdict::Forward:
        fate = Fate::Changed;
        break;
    case isb::IstVerdict::NotOurs:
        if (IsOwn(header.GetDestination()))
        {
            fate = Fate::Pass;
        }
        else
        {
            DropMisdirected(header, image);
        }
        break;
    case isb::IstVerdict::Hold:
        Hold(verdict.ticket, {packet, header, device});
        break;
    case isb::IstVerdict::Consumed:
    case isb::IstVerdict::Drop:
        break;
    }
    Settle();
    return fate;
}

void
IstForwarder::DropMisdirected(const Ipv4Header& header, const HeaderImage& image)
{
    ++m_misdirected;
    isb::TraceEvent event;
    event.when = SimulatedNow();
    event.kind = isb::TraceKind::PacketDropped;
    event.flow.protocol = static_cast<isb::Protocol>(header.GetProtocol());
    event.flow.source.address.value = header.GetSource().Get();
    event.flow.destination.address.value = header.GetDestination().Get();
    event.reason = "ist.not-a-router";
    event.rule = "RFC 1122 section 3.3.1";
    event.bytes = static_cast<uint32_t>(image.PacketLength());
    m_trace.Emit(event);
}

void
IstForwarder::Settle()
{
    for (const auto& bytes : m_engine->TakeEmitted())
    {
        SendCrafted(bytes);
    }
    for (const uint64_t ticket : m_engine->TakeReleased())
    {
        Release(ticket);
    }
    for (const uint64_t ticket : m_engine->TakeAbandoned())
    {
        Abandon(ticket);
    }
    WakeAt(m_engine->NextTimeout());
    for (const isb::CarrierNews& news : m_engine->TakeNotices())
    {
        if (m_news)
        {
            m_news(news);
        }
    }
}

void
IstForwarder::OnTimeout(isb::TimePoint now)
{
    m_engine->Timeout(now);
    Settle();
}

void
IstForwarder::SetUnmatchedTimeout(Time value)
{
    m_settings.unmatchedTimeout = ToDuration(value);
}

Time
IstForwarder::GetUnmatchedTimeout() const
{
    return ToTime(m_settings.unmatchedTimeout);
}

void
IstForwarder::SetIdleTimeout(Time value)
{
    m_settings.idleTimeout = ToDuration(value);
    m_settings.halfCloseTimeout = ToDuration(value);
}

Time
IstForwarder::GetIdleTimeout() const
{
    return ToTime(m_settings.idleTimeout);
}

void
IstForwarder::SetUdpIdleTimeout(Time value)
{
    m_settings.udpIdleTimeout = ToDuration(value);
}

Time
IstForwarder::GetUdpIdleTimeout() const
{
    return ToTime(m_settings.udpIdleTimeout);
}

void
IstForwarder::SetTimeWait(Time value)
{
    m_settings.timeWait = ToDuration(value);
}

Time
IstForwarder::GetTimeWait() const
{
    return ToTime(m_settings.timeWait);
}

void
IstForwarder::SetMaxSplices(uint32_t count)
{
    m_settings.maxSplices = count;
}

uint32_t
IstForwarder::GetMaxSplices() const
{
    return static_cast<uint32_t>(m_settings.maxSplices);
}

} // namespace ns3
