// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_NETNS_PROGRAMS_H
#define ISB_EMULATION_LAB_NETNS_PROGRAMS_H

#include "emulation/carrier/splice-carrier.h"
#include "emulation/io/machine-driver.h"
#include "emulation/lab/event-printer.h"
#include "emulation/lab/lab-wiring.h"
#include "emulation/lab/translator-machine.h"
#include "model/core/daemon/user-daemon.h"
#include "model/core/isb/isb-broker.h"
#include "model/core/stun/stun-server.h"
#include "model/lab/lab-result.h"

#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace isb
{

/// Broker, translators and users of a Lab, each a machine on sockets of its host.
class NetnsPrograms
{
  public:
    /// What the programs share; all must outlive them.
    struct World
    {
        asio::io_context& context;
        const RunClock& clock;
        const Lab& lab;
        LabWiring& wiring;
        EventPrinter& events;
        uint64_t seed;
    };

    explicit NetnsPrograms(const World& world);
    ~NetnsPrograms();

    /// Broker and translators now, users when they are to.
    void Start();

    [[nodiscard]] std::vector<SubscriptionResult> Subscriptions() const;
    [[nodiscard]] std::vector<NamedCounters> Brokers() const;
    [[nodiscard]] std::vector<NamedCounters> Translators() const;

  private:
    struct Program
    {
        std::unique_ptr<Rng> random;
        std::unique_ptr<Machine> machine;
        std::unique_ptr<MachineDriver> driver;
        std::unique_ptr<asio::steady_timer> start;
        std::unique_ptr<asio::posix::stream_descriptor> news; ///< of a translator's kernel carrier
    };

    struct Translator
    {
        std::string name;
        std::map<std::string, uint64_t> orders; ///< "splices", "splices.proxy"
        std::unique_ptr<SpliceCarrier> kernel;  ///< null: this machine has none
        const TranslatorMachine* machine = nullptr;
    };

    void AddBroker(size_t index);
    void AddStun(size_t host, const std::vector<Endpoint>& endpoints);
    void AddTranslator(const IstServerSettings& settings, size_t host);
    void AwaitNews(asio::posix::stream_descriptor& news,
                   MachineDriver& driver,
                   TranslatorMachine& machine);
    void AddUser(size_t index);
    Program& Add(size_t host, std::unique_ptr<Rng> random, std::unique_ptr<Machine> machine);
    [[nodiscard]] std::unique_ptr<Rng> MakeRandom();
    void CountMethod(const TraceEvent& event);

    World m_world;
    SimulatedMac m_mac;
    SeededRng m_seeds;
    std::vector<std::unique_ptr<Translator>> m_translators; ///< outlive their programs
    std::vector<Program> m_programs;
    std::vector<const IsbBroker*> m_brokers;
    std::vector<const UserDaemon*> m_users;
    /// Translated connections by method; of subscriber, provider, service.
    std::map<std::array<std::string, 3>, std::map<std::string, uint64_t>> m_methods;
};

} // namespace isb

#endif
