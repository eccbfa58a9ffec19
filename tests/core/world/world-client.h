// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_WORLD_WORLD_CLIENT_H
#define ISB_TESTS_CORE_WORLD_WORLD_CLIENT_H

#include "tests/core/world/world-network.h"

#include <map>
#include <string>
#include <string_view>

namespace isb::test
{

/// An unmodified program: knows sockets, and nothing of brokers. This one has none yet.
class WorldProgram : public NetUser
{
  public:
    explicit WorldProgram(WorldNetwork& network)
        : m_network(network)
    {
    }

    void
    OnConnected(NetId /*end*/, Endpoint /*local*/) override
    {
    }

    void
    OnFailed(NetId /*end*/, std::string_view /*why*/) override
    {
    }

    void
    OnReadable(NetId /*end*/) override
    {
    }

    void
    OnSent(NetId /*end*/, size_t /*bytes*/) override
    {
    }

    void
    OnAccepted(NetId /*listener*/, NetId end, Endpoint /*local*/, Endpoint /*peer*/) override
    {
        m_network.Close(end, true);
    }

    void
    OnHeld(NetId /*listener*/, NetId syn, Endpoint /*peer*/) override
    {
        m_network.Refuse(syn);
    }

    void
    OnDatagram(NetId /*socket*/, Endpoint /*from*/, const std::vector<uint8_t>& /*bytes*/) override
    {
    }

  protected:
    WorldNetwork& m_network;
};

/// Connects to a local port, talks, and remembers what it heard.
class WorldClient : public WorldProgram
{
  public:
    WorldClient(WorldNetwork& network, HostId host, Protocol protocol, Endpoint server)
        : WorldProgram(network),
          m_server(server)
    {
        if (protocol == Protocol::Tcp)
        {
            m_end = network.Connect(host, *this, Endpoint{}, server);
            return;
        }
        m_udp = network.OpenUdp(host, *this, Endpoint{})->first;
        m_state = "connected";
    }

    ~WorldClient() override
    {
        m_network.Kill(*this);
    }

    WorldClient(const WorldClient&) = delete;
    WorldClient& operator=(const WorldClient&) = delete;

    void
    Says(std::string_view text)
    {
        const std::vector<uint8_t> bytes(text.begin(), text.end());
        if (m_udp != 0)
        {
            m_network.SendTo(m_udp, m_server, bytes);
            return;
        }
        m_network.Send(m_end, bytes);
    }

    /// Half closes: has no more to say.
    void
    Finishes()
    {
        m_network.Shutdown(m_end);
    }

    void
    Leaves()
    {
        m_network.Close(m_end, false);
        m_network.Close(m_udp, false);
        m_state = "left";
    }

    [[nodiscard]] const std::string&
    Heard() const
    {
        return m_heard;
    }

    /// "connecting", "connected", "ended" (the other side's FIN), "left", or why it failed.
    [[nodiscard]] std::string_view
    State() const
    {
        return m_state;
    }

    void
    OnConnected(NetId /*end*/, Endpoint /*local*/) override
    {
        m_state = "connected";
    }

    void
    OnFailed(NetId /*end*/, std::string_view why) override
    {
        m_state = why;
    }

    void
    OnReadable(NetId end) override
    {
        const auto bytes = m_network.Take(end, SIZE_MAX);
        m_heard.append(bytes.begin(), bytes.end());
        if (m_network.AtEnd(end))
        {
            m_state = "ended";
        }
    }

    void
    OnDatagram(NetId /*socket*/, Endpoint /*from*/, const std::vector<uint8_t>& bytes) override
    {
        m_heard.append(bytes.begin(), bytes.end());
    }

  private:
    Endpoint m_server;
    NetId m_end = 0;
    NetId m_udp = 0;
    std::string m_heard;
    std::string_view m_state = "connecting";
};

/// Repeats what it hears to whoever says it; ends when the client does.
class WorldServer : public WorldProgram
{
  public:
    WorldServer(WorldNetwork& network, HostId host, Protocol protocol, Endpoint local)
        : WorldProgram(network),
          m_host(host),
          m_protocol(protocol),
          m_local(local)
    {
        Opens();
    }

    void
    Opens()
    {
        const auto opened = m_protocol == Protocol::Tcp ? m_network.Listen(m_host, *this, m_local)
                                                        : m_network.OpenUdp(m_host, *this, m_local);
        m_socket = opened ? opened->first : 0;
    }

    /// Takes no more clients.
    void
    Closes()
    {
        m_network.Close(m_socket, false);
    }

    /// Bytes of all clients.
    [[nodiscard]] const std::string&
    Heard() const
    {
        return m_heard;
    }

    /// Clients that came, and those that are here.
    [[nodiscard]] size_t
    Clients() const
    {
        return m_clients;
    }

    [[nodiscard]] size_t
    Connections() const
    {
        return m_open;
    }

    void
    OnAccepted(NetId /*listener*/, NetId /*end*/, Endpoint /*local*/, Endpoint /*peer*/) override
    {
        ++m_clients;
        ++m_open;
    }

    void
    OnFailed(NetId /*end*/, std::string_view /*why*/) override
    {
        --m_open;
    }

    void
    OnReadable(NetId end) override
    {
        const auto bytes = m_network.Take(end, SIZE_MAX);
        m_heard.append(bytes.begin(), bytes.end());
        m_network.Send(end, bytes);
        if (m_network.AtEnd(end))
        {
            m_network.Close(end, false);
            --m_open;
        }
    }

    void
    OnDatagram(NetId socket, Endpoint from, const std::vector<uint8_t>& bytes) override
    {
        m_heard.append(bytes.begin(), bytes.end());
        m_network.SendTo(socket, from, bytes);
    }

  private:
    HostId m_host;
    Protocol m_protocol;
    Endpoint m_local;
    NetId m_socket = 0;
    size_t m_clients = 0;
    size_t m_open = 0;
    std::string m_heard;
};

} // namespace isb::test

#endif
