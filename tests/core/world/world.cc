// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/world/world.h"

#include "model/core/stun/stun-server.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace isb::test
{

using namespace std::chrono_literals;

namespace
{

constexpr Ipv4 BROKER_ADDRESS{0xc0000201};      // 192.0.2.1
constexpr Ipv4 ALTERNATE_ADDRESS{0xc0000202};   // 192.0.2.2
constexpr uint32_t IST_ADDRESSES = 0xc6336400;  // 198.51.100.0
constexpr uint32_t USER_ADDRESSES = 0xcb007100; // 203.0.113.0
constexpr uint16_t FIRST_SERVER_PORT = 8000;
constexpr uint16_t FIRST_LOCAL_PORT = 9000;
constexpr Duration LOGIN_TIME = 4s;
constexpr Duration LOGOUT_TIME = 300s;

NetHost
PublicHost(const std::string& name, Ipv4 address)
{
    NetHost host;
    host.name = name;
    host.address = address;
    return host;
}

std::pair<std::string, std::string>
SplitTarget(const std::string& target)
{
    const size_t slash = target.find('/');
    return {target.substr(0, slash), target.substr(slash + 1)};
}

} // namespace

/// Prints one host's events when ISB_WORLD_TRACE is set: to see why a story fails.
class World::Journal : public TraceSink
{
  public:
    explicit Journal(std::string name)
        : m_name(std::move(name))
    {
    }

    void
    Emit(const TraceEvent& event) override
    {
        if (m_prints)
        {
            std::puts(ToJson(event, m_name).c_str());
        }
    }

  private:
    std::string m_name;
    bool m_prints = std::getenv("ISB_WORLD_TRACE") != nullptr;
};

WorldParty::WorldParty(World& world, HostId where)
    : host(where),
      machine(world.clock, world.network, where),
      m_world(world)
{
}

void
WorldParty::Vanishes(Vanish how)
{
    how == Vanish::Silently ? machine.Crash() : machine.Kill();
}

void
WorldParty::LogsOut()
{
    m_loggedOut = true;
    machine.Input([this](TimePoint now) { machine.Life().Stop(now); });
}

bool
WorldParty::HasLoggedOut() const
{
    return m_loggedOut;
}

WorldBroker::WorldBroker(World& world)
    : WorldParty(world, world.network.AddHost(PublicHost("isb", BROKER_ADDRESS)))
{
}

void
WorldBroker::Starts()
{
    auto life =
        std::make_unique<IsbBroker>(settings, m_world.mac, m_world.random, &m_world.TraceOf(host));
    m_life = life.get();
    machine.Boot(std::move(life));
}

size_t
WorldBroker::StateSize() const
{
    return IsAlive() ? m_life->StateSize() : 0;
}

WorldIst::WorldIst(World& world, std::string name, Duration delay)
    : WorldParty(world,
                 world.network.AddHost(PublicHost(
                     name,
                     Ipv4{IST_ADDRESSES + static_cast<uint32_t>(world.ists.size()) + 1}))),
      carrier(world.clock, world.network, host, machine)
{
    settings.name = name;
    settings.secret = "secret of " + name;
    settings.broker = {BROKER_ADDRESS, 7470};
    world.network.Host(host).delay = delay;
    world.broker.settings.profiles[name] = {settings.secret, true, {}};
}

void
WorldIst::Starts()
{
    auto life =
        std::make_unique<IstServer>(settings, m_world.mac, m_world.random, &m_world.TraceOf(host));
    m_life = life.get();
    carrier.Serve(*m_life);
    machine.afterInput = [this]
    {
        for (const CarrierOrder& order : m_life->TakeCarrierOrders())
        {
            carrier.Do(order);
        }
    };
    machine.Boot(std::move(life));
}

void
WorldIst::Vanishes(Vanish how)
{
    WorldParty::Vanishes(how);
    carrier.Stop(how == Vanish::Silently);
}

size_t
WorldIst::StateSize() const
{
    return (IsAlive() ? m_life->StateSize() : 0) + carrier.Splices();
}

WorldUser::WorldUser(World& world, const std::string& name, NetHost where)
    : WorldParty(world, world.network.AddHost(std::move(where)))
{
    settings.user = name;
    settings.secret = "secret of " + name;
    settings.broker = {BROKER_ADDRESS, 7470};
    world.broker.settings.profiles[name] = {settings.secret, false, {}};
}

void
WorldUser::Starts()
{
    auto life =
        std::make_unique<UserDaemon>(settings, m_world.mac, m_world.random, &m_world.TraceOf(host));
    m_life = life.get();
    machine.Boot(std::move(life));
    for (const auto& [service, server] : m_servers)
    {
        server->Closes(); // a host that was dark lost them
        server->Opens();
    }
}

void
WorldUser::Vanishes(Vanish how)
{
    WorldParty::Vanishes(how);
    if (how == Vanish::Silently)
    {
        m_clients.clear();
    }
}

size_t
WorldUser::StateSize() const
{
    return IsAlive() ? m_life->StateSize() : 0;
}

WorldUser&
WorldUser::Offers(const std::string& service, Protocol protocol)
{
    ServiceRecord record;
    record.name = service;
    record.protocol = protocol;
    Offers(record);
    return *this;
}

WorldUser&
WorldUser::OffersOnly(const std::string& service, const std::vector<std::string>& allowed)
{
    ServiceRecord record;
    record.name = service;
    record.open = false;
    record.allowed = allowed;
    Offers(record);
    return *this;
}

void
WorldUser::Offers(const ServiceRecord& record)
{
    const auto port = static_cast<uint16_t>(FIRST_SERVER_PORT + m_servers.size());
    const Endpoint local{Ipv4{0x7f000001}, port};
    m_servers[record.name] =
        std::make_unique<WorldServer>(m_world.network, host, record.protocol, local);
    const ProvidedService provided{record, local};
    settings.provides.push_back(provided);
    machine.Input([&](TimePoint now) { m_life->Announce(now, provided); });
}

void
WorldUser::Withdraws(const std::string& service)
{
    auto& provides = settings.provides;
    provides.erase(std::remove_if(provides.begin(),
                                  provides.end(),
                                  [&](const ProvidedService& p)
                                  { return p.record.name == service; }),
                   provides.end());
    machine.Input([&](TimePoint now) { m_life->Withdraw(now, service); });
}

WantedService&
WorldUser::Wants(const std::string& target, Protocol protocol)
{
    WantedService wanted;
    std::tie(wanted.provider, wanted.service) = SplitTarget(target);
    wanted.protocol = protocol;
    wanted.method = protocol == Protocol::Tcp ? ForwardingMethod::Passive : ForwardingMethod::Udp;
    wanted.localPort = static_cast<uint16_t>(FIRST_LOCAL_PORT + settings.wants.size());
    settings.wants.push_back(wanted);
    machine.Input([&](TimePoint now) { m_life->Subscribe(now, wanted); });
    return settings.wants.back();
}

WantedService&
WorldUser::Find(const std::string& target)
{
    const auto [provider, service] = SplitTarget(target);
    for (WantedService& wanted : settings.wants)
    {
        if (wanted.provider == provider && wanted.service == service)
        {
            return wanted;
        }
    }
    throw std::logic_error("nobody wants " + target);
}

WorldClient&
WorldUser::Connects(const std::string& target)
{
    const WantedService& wanted = Find(target);
    return *m_clients.emplace_back(
        std::make_unique<WorldClient>(m_world.network,
                                      host,
                                      wanted.protocol,
                                      Endpoint{Ipv4{0x7f000001}, wanted.localPort}));
}

WorldServer&
WorldUser::Server(const std::string& service)
{
    return *m_servers.at(service);
}

WantedReport
WorldUser::Report(const std::string& target) const
{
    const auto [provider, service] = SplitTarget(target);
    for (const WantedReport& report : m_life->Wanted())
    {
        if (report.provider == provider && report.service == service)
        {
            return report;
        }
    }
    return {};
}

World::World(uint64_t seed)
    : random(seed),
      network(clock, random),
      broker(*this)
{
}

World::~World() = default;

WorldUser&
World::AddUser(const std::string& name, Behind behind)
{
    const Ipv4 outside{USER_ADDRESSES + ++m_lastSite};
    NetHost host = PublicHost(name, outside);
    if (behind == Behind::Nat)
    {
        host.outside = outside;
        host.address = Ipv4{0x0a000002 + (m_lastSite << 8)};
        host.site = name;
    }
    host.firewall = behind == Behind::Firewall;
    return *users.emplace_back(std::make_unique<WorldUser>(*this, name, host));
}

WorldUser&
World::AddUserBeside(const std::string& name, const WorldUser& other)
{
    NetHost host = network.Host(other.host);
    host.name = name;
    host.address.value += static_cast<uint32_t>(users.size());
    return *users.emplace_back(std::make_unique<WorldUser>(*this, name, host));
}

WorldUser&
World::AddUserBehindGate(const std::string& name,
                         const std::function<std::shared_ptr<WorldGate>(Ipv4 outside)>& make)
{
    const Ipv4 outside{USER_ADDRESSES + ++m_lastSite};
    NetHost host = PublicHost(name, outside);
    std::shared_ptr<WorldGate> gate = make(outside);
    if (gate->Owns(outside))
    {
        host.outside = outside;
        host.address = Ipv4{0x0a000002 + (m_lastSite << 8)};
    }
    WorldUser& user = *users.emplace_back(std::make_unique<WorldUser>(*this, name, host));
    network.PutBehind(user.host, std::move(gate));
    return user;
}

void
World::AddStun()
{
    const HostId second = network.AddHost(PublicHost("stun", ALTERNATE_ADDRESS));
    for (const HostId at : {broker.host, second})
    {
        StunServerSettings settings;
        settings.primary = network.Host(at).address;
        broker.settings.stunServers.push_back({settings.primary, settings.port});
        broker.settings.stunServers.push_back({settings.primary, settings.otherPort});
        WorldMachine& machine =
            *stuns.emplace_back(std::make_unique<WorldMachine>(clock, network, at));
        machine.Boot(std::make_unique<StunServer>(settings, &TraceOf(at)));
    }
}

WorldIst&
World::AddIst(const std::string& name, Duration delay)
{
    return *ists.emplace_back(std::make_unique<WorldIst>(*this, name, delay));
}

std::vector<WorldParty*>
World::Parties()
{
    std::vector<WorldParty*> all{&broker};
    for (const auto& ist : ists)
    {
        all.push_back(ist.get());
    }
    for (const auto& user : users)
    {
        all.push_back(user.get());
    }
    return all;
}

void
World::Start()
{
    for (WorldParty* party : Parties())
    {
        if (!party->IsAlive())
        {
            party->Starts();
        }
    }
    Run(LOGIN_TIME);
}

void
World::Run(Duration duration)
{
    clock.Run(duration);
}

std::string
World::LeftAfterLogout()
{
    std::string left;
    const auto note = [&](const WorldParty& party)
    {
        if (party.StateSize() != 0)
        {
            left += network.Host(party.host).name + ": " + std::to_string(party.StateSize()) + "; ";
        }
    };
    for (WorldParty* party : Parties())
    {
        if (party != &broker)
        {
            party->LogsOut();
        }
    }
    Run(LOGOUT_TIME);
    for (WorldParty* party : Parties())
    {
        note(*party);
    }
    broker.LogsOut();
    Run(LOGOUT_TIME);
    for (WorldParty* party : Parties())
    {
        if (party->IsAlive() && !party->machine.Life().IsIdle())
        {
            left += network.Host(party->host).name +
                    " is not idle: " + network.Describe(party->machine);
        }
    }
    return left;
}

TraceSink&
World::TraceOf(HostId host)
{
    auto& journal = m_journals[host];
    if (!journal)
    {
        journal = std::make_unique<Journal>(network.Host(host).name);
    }
    return *journal;
}

} // namespace isb::test
