// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_WORLD_WORLD_H
#define ISB_TESTS_CORE_WORLD_WORLD_H

#include "model/core/daemon/user-daemon.h"
#include "model/core/isb/isb-broker.h"
#include "model/core/ist/ist-server.h"
#include "tests/core/world/world-carrier.h"
#include "tests/core/world/world-client.h"
#include "tests/core/world/world-machine.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace isb::test
{

class World;

/// How a party leaves without a word.
enum class Vanish
{
    Silently,  ///< its host goes dark
    WithReset, ///< its process dies, the kernel resets what it had open
};

/// What the parties of a world have in common.
class WorldParty
{
  public:
    WorldParty(World& world, HostId host);
    virtual ~WorldParty() = default;

    /// Starts, or starts again after it vanished or logged out.
    virtual void Starts() = 0;
    virtual void Vanishes(Vanish how);
    /// Ends in good order.
    void LogsOut();
    /// It did so, and has not started since.
    [[nodiscard]] bool HasLoggedOut() const;

    [[nodiscard]] bool
    IsAlive() const
    {
        return machine.IsAlive();
    }

    /// Entries of all tables of its machine; 0 when dead.
    [[nodiscard]] virtual size_t StateSize() const = 0;

    const HostId host;
    WorldMachine machine;

  protected:
    World& m_world;
    bool m_loggedOut = false;
};

class WorldBroker : public WorldParty
{
  public:
    explicit WorldBroker(World& world);
    void Starts() override;
    [[nodiscard]] size_t StateSize() const override;

    /// Only while alive.
    [[nodiscard]] IsbBroker&
    Life() const
    {
        return *m_life;
    }

    IsbSettings settings;

  private:
    IsbBroker* m_life = nullptr;
};

class WorldIst : public WorldParty
{
  public:
    WorldIst(World& world, std::string name, Duration delay);
    void Starts() override;
    void Vanishes(Vanish how) override;
    [[nodiscard]] size_t StateSize() const override;

    [[nodiscard]] IstServer&
    Life() const
    {
        return *m_life;
    }

    IstServerSettings settings;
    WorldCarrier carrier;

  private:
    IstServer* m_life = nullptr;
};

/// How a user's host is joined to the internet.
enum class Behind
{
    Nothing,
    Nat,
    Firewall,
};

class WorldUser : public WorldParty
{
  public:
    WorldUser(World& world, const std::string& name, NetHost host);
    void Starts() override;
    void Vanishes(Vanish how) override;
    [[nodiscard]] size_t StateSize() const override;

    [[nodiscard]] UserDaemon&
    Life() const
    {
        return *m_life;
    }

    /// Offers a service with an echo server behind it: from the next start, or at once.
    WorldUser& Offers(const std::string& service, Protocol protocol = Protocol::Tcp);
    /// As Offers(), for these users only.
    WorldUser& OffersOnly(const std::string& service, const std::vector<std::string>& allowed);
    void Withdraws(const std::string& service);
    /// Wants "provider/service": from the next start, or at once. The settings can be changed
    /// before.
    WantedService& Wants(const std::string& target, Protocol protocol = Protocol::Tcp);

    /// A program on this host that connects to the local port of a wanted service.
    WorldClient& Connects(const std::string& target);
    [[nodiscard]] WorldServer& Server(const std::string& service);
    /// What became of a wanted service in this life.
    [[nodiscard]] WantedReport Report(const std::string& target) const;

    DaemonSettings settings;

  private:
    void Offers(const ServiceRecord& record);
    [[nodiscard]] WantedService& Find(const std::string& target);

    UserDaemon* m_life = nullptr;
    std::map<std::string, std::unique_ptr<WorldServer>> m_servers;
    std::deque<std::unique_ptr<WorldClient>> m_clients;
};

/// A broker, ISTs and users, coupled in memory in virtual time: everything between the machines is
/// simulated plainly (world-network.h), the machines are the real ones.
///
///     World world;
///     WorldUser& bob = world.AddUser("bob", Behind::Nat).Offers("web");
///     WorldUser& ann = world.AddUser("ann", Behind::Nat);
///     ann.Wants("bob/web");
///     world.AddIst("ist");
///     world.Start();
///     WorldClient& client = ann.Connects("bob/web");
///     client.Says("hello");
///     world.Run(1s);
///     EXPECT_EQ(client.Heard(), "hello");
class World
{
  public:
    explicit World(uint64_t seed = 1);
    ~World();

    WorldUser& AddUser(const std::string& name, Behind behind = Behind::Nothing);
    /// Behind the same NAT as another.
    WorldUser& AddUserBeside(const std::string& name, const WorldUser& other);
    /// Behind a box that judges packets.
    WorldUser& AddUserBehindGate(
        const std::string& name,
        const std::function<std::shared_ptr<WorldGate>(Ipv4 outside)>& make);
    /// STUN servers at the broker's address and at another one, two ports each.
    void AddStun();
    WorldIst& AddIst(const std::string& name, Duration delay = std::chrono::milliseconds(5));

    /// Starts the broker, ISTs and users that are not alive, and gives them time to log in.
    void Start();
    void Run(Duration duration);
    /// Everybody who is alive ends in good order; then what is left: sums of state, by name.
    [[nodiscard]] std::string LeftAfterLogout();

    WorldClock clock;
    SeededRng random;
    WorldNetwork network;
    SimulatedMac mac;
    WorldBroker broker;
    std::deque<std::unique_ptr<WorldIst>> ists;
    std::deque<std::unique_ptr<WorldUser>> users;
    std::deque<std::unique_ptr<WorldMachine>> stuns;

    /// Broker, ISTs, users.
    [[nodiscard]] std::vector<WorldParty*> Parties();
    /// Where a party's events go.
    [[nodiscard]] TraceSink& TraceOf(HostId host);

  private:
    class Journal;

    std::map<HostId, std::unique_ptr<Journal>> m_journals;
    uint32_t m_lastSite = 0;
};

} // namespace isb::test

#endif
