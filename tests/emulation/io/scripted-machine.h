// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_EMULATION_IO_SCRIPTED_MACHINE_H
#define ISB_TESTS_EMULATION_IO_SCRIPTED_MACHINE_H

#include "emulation/io/machine-driver.h"

#include <algorithm>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace isbtest
{

/// A machine that writes down what it is told, and orders what a test wants.
class ScriptedMachine : public isb::Machine
{
  public:
    std::vector<isb::MachineOrder> orders;
    std::vector<std::string> log;
    std::map<isb::SocketId, std::string> bytes; ///< received
    std::map<isb::SocketId, size_t> sent;
    std::map<isb::SocketId, isb::Endpoint> locals;
    std::map<isb::SocketId, isb::Endpoint> peers;
    std::vector<isb::SocketId> accepted;
    isb::TimePoint next = isb::TIME_NEVER;
    bool idle = true;
    std::function<void(isb::SocketId)> onAccepted;

    bool
    Has(const std::string& line) const
    {
        return std::find(log.begin(), log.end(), line) != log.end();
    }

    void
    Start(isb::TimePoint) override
    {
        Note("start");
    }

    void
    Stop(isb::TimePoint) override
    {
        Note("stop");
    }

    void
    Listening(isb::TimePoint, isb::SocketId socket, isb::Endpoint local) override
    {
        locals[socket] = local;
        Note("listening " + std::to_string(socket));
    }

    isb::SocketId
    Accepted(isb::TimePoint,
             isb::SocketId listener,
             isb::Endpoint local,
             isb::Endpoint peer) override
    {
        const isb::SocketId id = 1000 + accepted.size();
        accepted.push_back(id);
        locals[id] = local;
        peers[id] = peer;
        Note("accepted " + std::to_string(listener));
        if (onAccepted)
        {
            onAccepted(id);
        }
        return id;
    }

    void
    Connected(isb::TimePoint, isb::SocketId socket, isb::Endpoint local) override
    {
        locals[socket] = local;
        Note("connected " + std::to_string(socket));
    }

    void
    Failed(isb::TimePoint, isb::SocketId socket, std::string_view why) override
    {
        Note("failed " + std::to_string(socket) + " " + std::string(why));
    }

    void
    Received(isb::TimePoint, isb::SocketId socket, isb::ByteView view) override
    {
        bytes[socket].append(reinterpret_cast<const char*>(view.data), view.size);
        Note("received");
    }

    void
    EndOfStream(isb::TimePoint, isb::SocketId socket) override
    {
        Note("end " + std::to_string(socket));
    }

    void
    Sent(isb::TimePoint, isb::SocketId socket, size_t count) override
    {
        sent[socket] += count;
        Note("sent");
    }

    void
    Datagram(isb::TimePoint, isb::SocketId socket, isb::Endpoint from, isb::ByteView view) override
    {
        bytes[socket].append(reinterpret_cast<const char*>(view.data), view.size);
        peers[socket] = from;
        Note("datagram " + std::to_string(socket));
    }

    void
    JoinEnded(isb::TimePoint,
              isb::SocketId a,
              isb::SocketId b,
              uint64_t fromA,
              uint64_t fromB,
              bool reset) override
    {
        Note("join-ended " + std::to_string(a) + " " + std::to_string(b) + " " +
             std::to_string(fromA) + " " + std::to_string(fromB) + (reset ? " reset" : ""));
    }

    void
    Relayed(isb::TimePoint, uint64_t relay, size_t count, bool outwards) override
    {
        Note("relayed " + std::to_string(relay) + " " + std::to_string(count) +
             (outwards ? " out" : " in"));
    }

    std::vector<isb::MachineOrder>
    TakeOrders() override
    {
        return std::exchange(orders, {});
    }

    isb::TimePoint
    NextTimeout() const override
    {
        return next;
    }

    void
    Timeout(isb::TimePoint now) override
    {
        EXPECT_GE(now, next) << "a timeout came early";
        next = isb::TIME_NEVER;
        Note("timeout");
    }

    bool
    IsIdle() const override
    {
        return idle;
    }

  private:
    void
    Note(const std::string& line)
    {
        EXPECT_FALSE(m_inside) << "entered twice: " << line;
        m_inside = true;
        log.push_back(line);
        m_inside = false;
    }

    bool m_inside = false;
};

/// A scripted machine and its driver.
struct ScriptedHost
{
    explicit ScriptedHost(asio::io_context& context,
                          const isb::RunClock& clock,
                          const isb::NetworkNamespace* space = nullptr)
        : driver(context, clock, machine, space)
    {
        driver.Start();
    }

    /// Gives orders as if an input had made the machine give them.
    template <class... Orders>
    void
    Do(Orders... order)
    {
        driver.Feed([&](isb::Machine&, isb::TimePoint)
                    { (machine.orders.emplace_back(std::move(order)), ...); });
    }

    ScriptedMachine machine;
    isb::MachineDriver driver;
};

/// An event loop under a watchdog.
class LoopTest : public testing::Test
{
  protected:
    /// Turns the loop until `done`; fails after 20 s.
    void
    Until(const std::function<bool()>& done)
    {
        const auto watchdog = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!done())
        {
            context.restart();
            if (context.run_one_until(watchdog) == 0 &&
                std::chrono::steady_clock::now() >= watchdog)
            {
                FAIL() << "the watchdog barked";
            }
        }
    }

    /// The loop comes to rest: nothing that stays as it is keeps it busy.
    void
    ExpectRest()
    {
        for (int turns = 0; turns < 1000; ++turns)
        {
            context.restart();
            if (context.poll() == 0)
            {
                return;
            }
        }
        FAIL() << "the loop spins";
    }

    asio::io_context context;
    isb::RunClock clock;
};

inline std::vector<uint8_t>
Bytes(const std::string& text)
{
    return {text.begin(), text.end()};
}

/// `size` bytes in which every place can be told from its neighbours.
inline std::string
Pattern(size_t size)
{
    std::string text(size, 0);
    uint32_t state = 1;
    for (char& one : text)
    {
        state = state * 1664525 + 1013904223;
        one = static_cast<char>(state >> 24U);
    }
    return text;
}

} // namespace isbtest

#endif
