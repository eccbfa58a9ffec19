// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_WORLD_BROKER_RIG_H
#define ISB_TESTS_CORE_WORLD_BROKER_RIG_H

#include "model/core/isb/isb-broker.h"
#include "model/core/machine/isb-channel.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace isb::test
{

class BrokerRig;

/// A peer of the broker that says what it is told to say, right or wrong. Messages arrive at once.
class Puppet
{
  public:
    Puppet(BrokerRig& rig, SocketId socket, Endpoint address);

    /// Logs in, from behind a NAT, with the right proof for `name`; true when it worked.
    bool LogIn(const std::string& name, IsbRole role = IsbRole::User);
    bool LogIn(LoginMessage login);

    void Say(IsbMessage message);
    /// Bytes as they are.
    void SayBytes(const std::vector<uint8_t>& bytes);
    /// The bytes that Say() would send next; nothing is sent.
    [[nodiscard]] std::vector<uint8_t> Encode(IsbMessage message);
    /// Closes its end.
    void Finish();
    /// Its connection breaks.
    void Break();

    /// The oldest message not yet taken.
    [[nodiscard]] std::optional<IsbMessage> Hear();

    /// The oldest of this kind not yet taken; those before it are dropped.
    template <typename M>
    [[nodiscard]] std::optional<M>
    HearA()
    {
        while (const auto message = Hear())
        {
            if (const auto* wanted = std::get_if<M>(&*message))
            {
                return *wanted;
            }
        }
        return std::nullopt;
    }

    void
    ForgetHeard()
    {
        inbox.clear();
    }

    [[nodiscard]] bool
    IsOpen() const
    {
        return open;
    }

    const SocketId socket;
    const Endpoint address;
    std::string name;
    HelloMessage hello;
    std::deque<IsbMessage> inbox;
    std::deque<IsbMessage> unheard; ///< sent to it while it did not read
    bool open = true;               ///< the broker has not closed it
    bool reset = false;             ///< it closed it by RST
    bool reads = true;              ///< takes what is sent; else it stays with the broker
    size_t unread = 0;

  private:
    friend class BrokerRig;

    BrokerRig& m_rig;
    IsbChannel m_channel;
    std::vector<MachineOrder> m_scratch;
};

/// An IsbBroker driven by hand: no network, no latency.
class BrokerRig
{
  public:
    explicit BrokerRig(IsbSettings settings, uint64_t seed = 1);

    /// Settings with users u0, u1, ... and ISTs i0, i1, ...
    [[nodiscard]] static IsbSettings SettingsFor(size_t users, size_t ists);
    [[nodiscard]] static std::string SecretOf(const std::string& name);

    Puppet& Connect(Endpoint from);
    /// From an address of its own.
    Puppet& Connect();
    /// Connects and logs in from an address of its own, behind a NAT.
    Puppet& User(const std::string& name);
    Puppet& Ist(const std::string& name);
    /// As User(), and the probe of its listen port arrives.
    Puppet& PublicUser(const std::string& name);

    /// Lets time pass, the broker's timers run.
    void Pass(Duration duration);
    /// Every puppet that is open says Ping, half an interval passes, ...
    void PassWithHellos(Duration duration);
    /// All that is open breaks, time-outs pass: how much state is left.
    [[nodiscard]] size_t LeftWhenAllAreGone();

    /// Acts on the broker's orders.
    void Drain();

    /// Sessions ended with this code so far.
    [[nodiscard]] uint64_t Ended(IsbCode code) const;

    SeededRng random;
    SimulatedMac mac;
    TimePoint now{0};
    IsbBroker broker;
    const IsbSettings settings;
    std::deque<std::unique_ptr<Puppet>> puppets;
    uint64_t bootId = 1;       ///< of whoever logs in next
    bool probesArrive = false; ///< the broker's probes find the listen port

  private:
    void Do(const MachineOrder& order);
    void DoConnect(const ConnectOrder& order);
    [[nodiscard]] Puppet* Find(SocketId socket);

    SocketId m_listener = 0;
    uint32_t m_lastAddress = 0x0a000000;
    std::map<SocketId, Puppet*> m_bySocket;
    std::map<SocketId, Endpoint> m_probes;
};

} // namespace isb::test

#endif
