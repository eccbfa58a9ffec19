// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/ist-application.h"

#include "model/ns3/setting-accessor.h"

#include "ns3/ipv4.h"
#include "ns3/node.h"

#include <algorithm>
#include <numeric>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(IstApplication);

TypeId
IstApplication::GetTypeId()
{
    static const isb::IstServerSettings defaults;
    static TypeId tid = TypeId("ns3::IstApplication")
                            .SetParent<MachineApplication>()
                            .SetGroupName("Isb")
                            .AddConstructor<IstApplication>()
                            .AddAttribute("Name",
                                          "Its name at the ISB.",
                                          StringValue(defaults.name),
                                          MakeSettingAccessor(&IstApplication::m_settings,
                                                              &isb::IstServerSettings::name),
                                          MakeStringChecker())
                            .AddAttribute("Secret",
                                          "Shared with the ISB.",
                                          StringValue(defaults.secret),
                                          MakeSettingAccessor(&IstApplication::m_settings,
                                                              &isb::IstServerSettings::secret),
                                          MakeStringChecker())
                            .AddAttribute("Capacity",
                                          "Splices at once, as told to the ISB.",
                                          UintegerValue(defaults.capacity),
                                          MakeSettingAccessor(&IstApplication::m_settings,
                                                              &isb::IstServerSettings::capacity),
                                          MakeUintegerChecker<uint32_t>(1))
                            .AddAttribute("PingPort",
                                          "UDP port that echoes, for nearness.",
                                          UintegerValue(defaults.pingPort),
                                          MakeSettingAccessor(&IstApplication::m_settings,
                                                              &isb::IstServerSettings::pingPort),
                                          MakeUintegerChecker<uint16_t>(0))
                            .AddAttribute("PortFirst",
                                          "First of the ports that it gives out.",
                                          UintegerValue(defaults.portFirst),
                                          MakeSettingAccessor(&IstApplication::m_settings,
                                                              &isb::IstServerSettings::portFirst),
                                          MakeUintegerChecker<uint16_t>(1024))
                            .AddAttribute("PortLast",
                                          "Last of the ports that it gives out.",
                                          UintegerValue(defaults.portLast),
                                          MakeSettingAccessor(&IstApplication::m_settings,
                                                              &isb::IstServerSettings::portLast),
                                          MakeUintegerChecker<uint16_t>(1024))
                            .AddAttribute("RetryFirst",
                                          "Wait before registering again; doubles each time.",
                                          TimeValue(ToTime(defaults.retryFirst)),
                                          MakeSettingAccessor(&IstApplication::m_settings,
                                                              &isb::IstServerSettings::retryFirst),
                                          MakeTimeChecker(MilliSeconds(1)))
                            .AddAttribute("RetryMost",
                                          "The longest such wait.",
                                          TimeValue(ToTime(defaults.retryMost)),
                                          MakeSettingAccessor(&IstApplication::m_settings,
                                                              &isb::IstServerSettings::retryMost),
                                          MakeTimeChecker(MilliSeconds(1)));
    return tid;
}

IstApplication::IstApplication() = default;
IstApplication::~IstApplication() = default;

void
IstApplication::SetSettings(const isb::IstServerSettings& settings)
{
    m_settings = settings;
}

const isb::IstServerSettings&
IstApplication::GetSettings() const
{
    return m_settings;
}

void
IstApplication::SetCarriers(Ptr<IstForwarder> forwarder, Ptr<ProxyApplication> proxy)
{
    m_forwarder = forwarder;
    m_proxy = proxy;
    if (m_forwarder)
    {
        m_forwarder->SetNewsCallback([this](const isb::CarrierNews& news) { Tell(news); });
    }
    if (m_proxy)
    {
        m_proxy->SetNewsCallback([this](const isb::CarrierNews& news) { Tell(news); });
    }
}

Ptr<IstForwarder>
IstApplication::Forwarder() const
{
    return m_forwarder;
}

Ptr<ProxyApplication>
IstApplication::Proxy() const
{
    return m_proxy;
}

const isb::IstServer*
IstApplication::Server() const
{
    return static_cast<const isb::IstServer*>(Current());
}

void
IstApplication::DoDispose()
{
    m_forwarder = nullptr;
    m_proxy = nullptr;
    MachineApplication::DoDispose();
}

isb::Ipv4
IstApplication::OwnAddress() const
{
    const Ptr<Ipv4> ipv4 = GetNode()->GetObject<Ipv4>();
    return {ipv4->GetNInterfaces() > 1 ? ipv4->GetAddress(1, 0).GetLocal().Get() : 0};
}

std::unique_ptr<isb::Machine>
IstApplication::MakeMachine(isb::Rng& random)
{
    isb::IstServerSettings settings = m_settings;
    constexpr uint8_t loopback = 127;
    if (settings.address == isb::Ipv4{} && settings.broker.address.value >> 24 == loopback)
    {
        settings.address = OwnAddress();
    }
    auto& methods = settings.methods;
    const auto cannot = [this](isb::ForwardingMethod method)
    { return method == isb::ForwardingMethod::Proxy ? !m_proxy : !m_forwarder; };
    methods.erase(std::remove_if(methods.begin(), methods.end(), cannot), methods.end());
    return std::make_unique<isb::IstServer>(settings, m_mac, random, &m_trace);
}

void
IstApplication::Settle(isb::TimePoint)
{
    auto& server = static_cast<isb::IstServer&>(*Current());
    for (;;)
    {
        const std::vector<isb::CarrierOrder> orders = server.TakeCarrierOrders();
        if (orders.empty())
        {
            break;
        }
        for (const isb::CarrierOrder& order : orders)
        {
            std::visit([this](const auto& one) { Carry(one); }, order);
        }
    }
    const auto sum = [](const std::map<std::string_view, uint64_t>& drops)
    {
        return std::accumulate(drops.begin(),
                               drops.end(),
                               uint64_t{0},
                               [](uint64_t all, const auto& one) { return all + one.second; });
    };
    server.CarrierLoad((m_forwarder ? sum(m_forwarder->Engine().Counters().drops) : 0) +
                       (m_proxy ? sum(m_proxy->Proxy().GetCounters().drops) : 0));
}

void
IstApplication::Carry(const isb::EngineOrder& order)
{
    Opened(order.splice, m_forwarder->Add(order.pair), false);
}

void
IstApplication::Carry(const isb::ProxyOrder& order)
{
    Opened(order.splice, m_proxy->Add(order.pair), true);
}

void
IstApplication::Opened(uint64_t splice, const isb::Result<uint64_t>& id, bool byProxy)
{
    if (id)
    {
        m_carried[splice] = {*id, byProxy};
    }
    Feed([splice,
          opened = static_cast<bool>(id),
          why = id ? std::string() : id.Why()](isb::Machine& machine, isb::TimePoint now)
         { static_cast<isb::IstServer&>(machine).CarrierOpened(now, splice, opened, why); });
}

void
IstApplication::Carry(const isb::EndOrder& order)
{
    const auto found = m_carried.find(order.splice);
    if (found == m_carried.end())
    {
        return; // ended by itself meanwhile
    }
    const Carried carried = found->second;
    m_carried.erase(found);
    if (carried.byProxy)
    {
        m_proxy->Remove(carried.id);
    }
    else
    {
        m_forwarder->Remove(carried.id);
    }
}

void
IstApplication::Tell(const isb::CarrierNews& news)
{
    if (news.kind == isb::CarrierNews::Ended)
    {
        m_carried.erase(news.label);
    }
    Feed([news](isb::Machine& machine, isb::TimePoint now)
         { static_cast<isb::IstServer&>(machine).CarrierNotice(now, news.label, news); });
}

void
IstApplication::HaltParts()
{
    m_carried.clear();
    if (m_forwarder)
    {
        m_forwarder->Forget();
    }
    if (m_proxy)
    {
        m_proxy->Forget();
    }
}

} // namespace ns3
