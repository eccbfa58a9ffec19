// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_WORLD_WORLD_MACHINE_H
#define ISB_TESTS_CORE_WORLD_WORLD_MACHINE_H

#include "model/core/machine/machine.h"
#include "tests/core/world/world-network.h"

#include <functional>
#include <map>
#include <memory>

namespace isb::test
{

/// Drives one sans-I/O machine on a host of the world: does its orders, tells it what happens. The
/// process can die and start again.
class WorldMachine : public NetUser
{
  public:
    WorldMachine(WorldClock& clock, WorldNetwork& network, HostId host);

    /// A new life.
    void Boot(std::unique_ptr<Machine> machine);
    /// The process dies; the kernel resets its connections.
    void Kill();
    /// The host goes dark with all that is on it.
    void Crash();

    [[nodiscard]] bool
    IsAlive() const
    {
        return m_machine != nullptr;
    }

    /// The machine of this life. Only while alive.
    [[nodiscard]] Machine&
    Life()
    {
        return *m_machine;
    }

    /// Gives the machine an input and does what it orders. Nothing when it is dead.
    void Input(const std::function<void(TimePoint now)>& input);

    /// Called after every input, for orders that are not the network's.
    std::function<void()> afterInput;

    void OnConnected(NetId end, Endpoint local) override;
    void OnFailed(NetId end, std::string_view why) override;
    void OnReadable(NetId end) override;
    void OnSent(NetId end, size_t bytes) override;
    void OnAccepted(NetId listener, NetId end, Endpoint local, Endpoint peer) override;
    void OnHeld(NetId listener, NetId syn, Endpoint peer) override;
    void OnDatagram(NetId socket, Endpoint from, const std::vector<uint8_t>& bytes) override;

  private:
    struct Stream
    {
        NetId id = 0;
        uint64_t budget = 0;  ///< bytes still to deliver
        bool endTold = false; ///< EndOfStream() was delivered, or the FIN passed on
        SocketId joined = 0;  ///< its partner
        uint64_t moved = 0;   ///< bytes passed on to the partner
        bool closed = false;  ///< by JoinOrder's end
    };

    void Do(const ListenOrder& order);
    void Do(const ConnectOrder& order);
    void Do(const ReadOrder& order);
    void Do(const SendOrder& order);
    void Do(const SendToOrder& order);
    void Do(const JoinOrder& order);
    void Do(const RelayOrder& order);
    void Do(const UnrelayOrder& order);
    void Do(const ShutdownOrder& order);
    void Do(const CloseOrder& order);
    void Drain();
    void Arm();
    void Later(std::function<void()> event);
    void Deliver(SocketId socket);
    void PumpJoin(SocketId from);
    void EndJoin(SocketId socket, bool reset);
    [[nodiscard]] bool Relay(SocketId socket, Endpoint from, const std::vector<uint8_t>& bytes);
    [[nodiscard]] SocketId SocketOf(NetId id) const;
    void Forget(SocketId socket);

    WorldClock& m_clock;
    WorldNetwork& m_network;
    HostId m_host;
    std::unique_ptr<Machine> m_machine;
    std::shared_ptr<int> m_life; ///< events of an earlier life find it gone
    TimePoint m_armed = TIME_NEVER;
    TimePoint m_lastTimeout{-1};
    uint64_t m_timeoutsAtOnce = 0;
    std::map<SocketId, Stream> m_streams;
    std::map<SocketId, NetId> m_others; ///< listeners, UDP sockets
    std::map<NetId, SocketId> m_sockets;
    std::map<uint64_t, RelayOrder> m_relays;
};

} // namespace isb::test

#endif
