// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_WORLD_WORLD_CARRIER_H
#define ISB_TESTS_CORE_WORLD_WORLD_CARRIER_H

#include "model/core/ist/ist-server.h"
#include "tests/core/world/world-machine.h"

#include <array>
#include <map>
#include <optional>

namespace isb::test
{

/// Carries the splices of an IstServer as simply as can be: holds a connection at each of the two
/// IST ports and makes them one; forwards datagrams between two registered users. All methods look
/// alike, but Pure without agreed port opens the second port when the first side has come, and
/// Active, where the IST itself would connect, is refused.
class WorldCarrier : public NetUser
{
  public:
    WorldCarrier(WorldClock& clock, WorldNetwork& network, HostId host, WorldMachine& driver);

    /// Works for this server from now on.
    void Serve(IstServer& server);
    void Do(const CarrierOrder& order);
    /// Every splice ends, with resets or silently, and the server hears nothing more.
    void Stop(bool silently);

    [[nodiscard]] size_t
    Splices() const
    {
        return m_splices.size();
    }

    /// Says "ready" and opens nothing.
    bool lies = false;

    void OnConnected(NetId end, Endpoint local) override;
    void OnFailed(NetId end, std::string_view why) override;
    void OnReadable(NetId end) override;
    void OnSent(NetId end, size_t bytes) override;
    void OnAccepted(NetId listener, NetId end, Endpoint local, Endpoint peer) override;
    void OnHeld(NetId listener, NetId syn, Endpoint peer) override;
    void OnDatagram(NetId socket, Endpoint from, const std::vector<uint8_t>& bytes) override;

  private:
    struct Side
    {
        uint16_t port = 0;
        std::optional<IpAddress> allowed;
        NetId socket = 0; ///< listener, UDP socket
        NetId syn = 0;    ///< TCP: held
        Endpoint peer;    ///< port 0: has not come
    };

    struct Splice
    {
        Protocol protocol = Protocol::Tcp;
        bool pure = false;
        bool refused = false; ///< no port is opened
        std::array<Side, 2> sides;
        uint64_t joined = 0; ///< the network's number
        uint64_t bytes = 0;  ///< UDP
    };

    void Open(uint64_t id, Splice splice);
    [[nodiscard]] bool OpenSide(Splice& splice, size_t side);
    void Came(uint64_t id, size_t side, Endpoint peer);
    void Tell(uint64_t id, CarrierNews news);
    void Watch(uint64_t id);
    void Close(uint64_t id, bool silently);
    [[nodiscard]] std::optional<std::pair<uint64_t, size_t>> Find(NetId socket) const;

    WorldClock& m_clock;
    WorldNetwork& m_network;
    HostId m_host;
    WorldMachine& m_driver;
    IstServer* m_server = nullptr;
    uint64_t m_life = 0; ///< of the server
    std::map<uint64_t, Splice> m_splices;
};

} // namespace isb::test

#endif
