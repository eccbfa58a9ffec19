// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/netns-programs.h"

#include "emulation/lab/kernel-ist.h"
#include "emulation/sys/system-error.h"

#include <set>
#include <unistd.h>
#include <utility>

namespace isb
{

namespace
{

constexpr uint32_t LOOPBACK_NET = 127;

template <typename Counts>
void
AddCounts(std::map<std::string, uint64_t>& sum,
          const Counts& counts,
          const std::string& prefix = "")
{
    for (const auto& [name, count] : counts)
    {
        sum[prefix + std::string(name)] += count;
    }
}

} // namespace

NetnsPrograms::NetnsPrograms(const World& world)
    : m_world(world),
      m_seeds(world.seed)
{
    const Lab& lab = world.lab;
    for (size_t i = 0; i < lab.brokers.size(); ++i)
    {
        AddBroker(i);
    }
    for (const LabTranslator& translator : lab.translators)
    {
        AddTranslator(translator.settings, translator.host);
    }
    for (const LabBroker& broker : lab.brokers)
    {
        if (broker.own)
        {
            AddTranslator(*broker.own, broker.host);
        }
    }
    for (size_t i = 0; i < lab.users.size(); ++i)
    {
        AddUser(i);
    }
}

NetnsPrograms::~NetnsPrograms() = default;

std::unique_ptr<Rng>
NetnsPrograms::MakeRandom()
{
    return std::make_unique<SeededRng>(m_seeds.Next());
}

NetnsPrograms::Program&
NetnsPrograms::Add(size_t host, std::unique_ptr<Rng> random, std::unique_ptr<Machine> machine)
{
    Program program;
    program.random = std::move(random);
    program.machine = std::move(machine);
    program.driver = std::make_unique<MachineDriver>(m_world.context,
                                                     m_world.clock,
                                                     *program.machine,
                                                     &m_world.wiring.Host(host));
    m_programs.push_back(std::move(program));
    return m_programs.back();
}

void
NetnsPrograms::AddBroker(size_t index)
{
    const LabBroker& broker = m_world.lab.brokers[index];
    TraceSink* trace = m_world.events.Of(m_world.lab.hosts[broker.host].name,
                                         [this](const TraceEvent& event) { CountMethod(event); });
    auto random = MakeRandom();
    auto machine = std::make_unique<IsbBroker>(broker.settings, m_mac, *random, trace);
    m_brokers.push_back(machine.get());
    Add(broker.host, std::move(random), std::move(machine));
    if (!broker.settings.stunServers.empty())
    {
        AddStun(broker.host, broker.settings.stunServers);
    }
}

/// `endpoints`: primary address with both ports, then the alternate address with both.
void
NetnsPrograms::AddStun(size_t host, const std::vector<Endpoint>& endpoints)
{
    StunServerSettings settings;
    settings.primary = endpoints[0].address;
    settings.port = endpoints[0].port;
    settings.otherPort = 0;
    for (const Endpoint& endpoint : endpoints)
    {
        if (endpoint.port != settings.port)
        {
            settings.otherPort = endpoint.port;
        }
        if (endpoint.address != settings.primary)
        {
            settings.alternate = endpoint.address;
        }
    }
    TraceSink* trace = m_world.events.Of(m_world.lab.hosts[host].name);
    Add(host, nullptr, std::make_unique<StunServer>(settings, trace));
}

void
NetnsPrograms::AddTranslator(const IstServerSettings& wanted, size_t host)
{
    IstServerSettings settings = wanted;
    if (settings.address.value == 0 && settings.broker.address.value >> 24U == LOOPBACK_NET)
    {
        settings.address = m_world.lab.hosts[host].port.address;
    }
    auto translator = std::make_unique<Translator>();
    translator->name = settings.name;
    TraceSink* trace = m_world.events.Of(m_world.lab.hosts[host].name,
                                         [&orders = translator->orders](const TraceEvent& event)
                                         {
                                             if (event.kind == TraceKind::SpliceOrdered)
                                             {
                                                 ++orders["splices"];
                                                 ++orders["splices." + std::string(event.method)];
                                             }
                                         });
    auto kernel = AttachKernelIst(m_world.wiring.Host(host),
                                  "ist" + std::to_string(m_translators.size()),
                                  "eth0",
                                  settings.capacity);
    translator->kernel = kernel ? std::move(*kernel) : nullptr;
    auto random = MakeRandom();
    auto machine = std::make_unique<TranslatorMachine>(settings,
                                                       translator->kernel.get(),
                                                       m_mac,
                                                       *random,
                                                       trace);
    TranslatorMachine& added = *machine;
    translator->machine = &added;
    Program& program = Add(host, std::move(random), std::move(machine));
    if (translator->kernel)
    {
        const int descriptor = dup(translator->kernel->NewsDescriptor());
        if (descriptor < 0)
        {
            throw SystemError("dup(news of the kernel's IST)");
        }
        program.news =
            std::make_unique<asio::posix::stream_descriptor>(m_world.context, descriptor);
        AwaitNews(*program.news, *program.driver, added);
    }
    m_translators.push_back(std::move(translator));
}

void
NetnsPrograms::AwaitNews(asio::posix::stream_descriptor& news,
                         MachineDriver& driver,
                         TranslatorMachine& machine)
{
    news.async_wait(asio::posix::stream_descriptor::wait_read,
                    [this, &news, &driver, &machine](const std::error_code& error)
                    {
                        if (!error)
                        {
                            driver.Feed([&machine](Machine& /*same*/, TimePoint now)
                                        { machine.KernelNews(now); });
                            AwaitNews(news, driver, machine);
                        }
                    });
}

void
NetnsPrograms::AddUser(size_t index)
{
    const LabUser& user = m_world.lab.users[index];
    TraceSink* trace = m_world.events.Of(m_world.lab.hosts[user.host].name);
    auto random = MakeRandom();
    auto machine = std::make_unique<UserDaemon>(user.settings, m_mac, *random, trace);
    m_users.push_back(machine.get());
    Program& program = Add(user.host, std::move(random), std::move(machine));
    program.start = std::make_unique<asio::steady_timer>(m_world.context);
}

void
NetnsPrograms::Start()
{
    size_t user = 0;
    for (Program& program : m_programs)
    {
        if (!program.start)
        {
            program.driver->Start();
            continue;
        }
        program.start->expires_at(m_world.clock.AtClock(m_world.lab.users[user++].start));
        program.start->async_wait(
            [driver = program.driver.get()](const std::error_code& error)
            {
                if (!error)
                {
                    driver->Start();
                }
            });
    }
}

void
NetnsPrograms::CountMethod(const TraceEvent& event)
{
    if (event.kind == TraceKind::ConnectionState && event.to == "established" && !event.ist.empty())
    {
        const std::array<std::string, 3> subscription = {std::string(event.user),
                                                         std::string(event.peer),
                                                         std::string(event.service)};
        ++m_methods[subscription][std::string(event.method)];
    }
}

std::vector<SubscriptionResult>
NetnsPrograms::Subscriptions() const
{
    std::vector<SubscriptionResult> results;
    for (size_t i = 0; i < m_users.size(); ++i)
    {
        for (const WantedReport& report : m_users[i]->Wanted())
        {
            SubscriptionResult result;
            result.user = m_world.lab.users[i].settings.user;
            result.provider = report.provider;
            result.service = report.service;
            result.state = report.state;
            result.asked = report.asked;
            result.established = report.established;
            result.failed = report.failed;
            result.fromPrepared = report.fromPrepared;
            AddCounts(result.paths, report.paths);
            AddCounts(result.ists, report.ists);
            AddCounts(result.codes, report.codes);
            const auto found = m_methods.find({result.user, result.provider, result.service});
            if (found != m_methods.end())
            {
                result.methods = found->second;
            }
            results.push_back(std::move(result));
        }
    }
    return results;
}

std::vector<NamedCounters>
NetnsPrograms::Brokers() const
{
    std::vector<NamedCounters> results;
    for (size_t i = 0; i < m_brokers.size(); ++i)
    {
        const IsbCounters& counters = m_brokers[i]->Counters();
        std::map<std::string, uint64_t> counts = {{"logins", counters.logins},
                                                  {"messages", counters.messages},
                                                  {"subscriptions", counters.subscriptions},
                                                  {"connections", counters.connections},
                                                  {"fallbacks", counters.fallbacks},
                                                  {"users", m_brokers[i]->Users()},
                                                  {"ists", m_brokers[i]->Ists()},
                                                  {"services", m_brokers[i]->Services()},
                                                  {"state", m_brokers[i]->StateSize()}};
        AddCounts(counts, counters.ended, "ended.");
        AddCounts(counts, counters.refused, "refused.");
        results.push_back({m_world.lab.brokers[i].settings.name, std::move(counts)});
    }
    return results;
}

std::vector<NamedCounters>
NetnsPrograms::Translators() const
{
    std::vector<NamedCounters> results;
    for (const auto& translator : m_translators)
    {
        const IstCounters counters = translator->machine->Counters();
        std::map<std::string, uint64_t> counts = {
            {"paired", counters.paired},
            {"fallbacks", counters.fallbacks},
            {"forwarded-bytes", counters.forwardedBytes},
            {"splices", 0},
            {"state", translator->machine->Server().StateSize()}};
        AddCounts(counts, counters.drops, "drops.");
        AddCounts(counts, translator->orders);
        results.push_back({translator->name, std::move(counts)});
    }
    return results;
}

} // namespace isb
