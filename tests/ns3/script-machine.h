// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_NS3_SCRIPT_MACHINE_H
#define ISB_TESTS_NS3_SCRIPT_MACHINE_H

#include "model/core/machine/machine.h"
#include "model/ns3/machine-application.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ns3test
{

/// A machine that writes down what it is told, and orders what a test wants.
class ScriptMachine : public isb::Machine
{
  public:
    std::vector<isb::MachineOrder> orders;
    std::vector<std::string> log;
    std::map<isb::SocketId, std::string> bytes; ///< received
    std::map<isb::SocketId, size_t> sent;
    std::map<isb::SocketId, isb::Endpoint> locals;
    std::vector<isb::SocketId> accepted;
    std::vector<std::pair<uint64_t, size_t>> relayed;
    isb::TimePoint next = isb::TIME_NEVER;
    bool idle = true;
    /// What to do when a connection was accepted, or when an input was written down.
    std::function<void(isb::SocketId)> onAccepted;
    std::function<void(const std::string&)> onLog;

    template <class Order>
    void
    Do(Order order)
    {
        orders.emplace_back(std::move(order));
    }

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
        Note("accepted " + std::to_string(listener) + " " + peer.address.ToString());
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
        locals[socket + 100'000] = from;
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
        relayed.emplace_back(relay, count);
        Note(outwards ? "relayed-out" : "relayed-in");
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
        EXPECT_GE(now, next);
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
        if (onLog)
        {
            onLog(line);
        }
        m_inside = false;
    }

    bool m_inside = false;
};

/// Runs ScriptMachines; keeps the current one at hand.
class ScriptApplication : public ns3::MachineApplication
{
  public:
    ScriptMachine* machine = nullptr;                      ///< of this life
    std::function<void(ScriptMachine&, isb::Rng&)> onMake; ///< at the begin of each life
    int lives = 0;

    static ns3::Ptr<ScriptApplication>
    On(ns3::Ptr<ns3::Node> node, uint64_t seed)
    {
        ns3::Ptr<ScriptApplication> application = ns3::CreateObject<ScriptApplication>();
        application->SetSeed(seed);
        application->SetTuning(ns3::CreateObject<ns3::TcpTuning>());
        application->SetDriver(node->GetObject<ns3::BoxDriver>());
        node->AddApplication(application);
        return application;
    }

    /// Gives orders as if an input had made the machine give them.
    template <class Order>
    void
    Do(Order order)
    {
        Feed([order](isb::Machine& any, isb::TimePoint)
             { static_cast<ScriptMachine&>(any).Do(order); });
    }

    bool
    IsAlive() const
    {
        return Current() != nullptr;
    }

  private:
    std::unique_ptr<isb::Machine>
    MakeMachine(isb::Rng& random) override
    {
        auto made = std::make_unique<ScriptMachine>();
        machine = made.get();
        ++lives;
        if (onMake)
        {
            onMake(*made, random);
        }
        return made;
    }
};

} // namespace ns3test

#endif
