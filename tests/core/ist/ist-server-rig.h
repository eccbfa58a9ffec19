// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_IST_IST_SERVER_RIG_H
#define ISB_TESTS_CORE_IST_IST_SERVER_RIG_H

#include "model/core/ist/ist-engine.h"
#include "model/core/ist/ist-server.h"
#include "model/wire/isb-codec.h"
#include "model/wire/registration.h"
#include "tests/core/ist/recorded-trace.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace isb::test
{

inline constexpr Ipv4 IST_ADDRESS{0xcb007101}; ///< 203.0.113.1
inline constexpr Ipv4 SUBSCRIBER{0xc6336401};  ///< 198.51.100.1
inline constexpr Ipv4 PROVIDER{0xc6336402};    ///< 198.51.100.2
inline constexpr Endpoint BROKER{{0xcb007109}, 7470};
inline constexpr Endpoint CONTROL{IST_ADDRESS, 50123}; ///< own end of the session's connection

inline IstServerSettings
ServerSettings()
{
    IstServerSettings settings;
    settings.name = "ist";
    settings.secret = "secret";
    settings.broker = BROKER;
    settings.address = IST_ADDRESS;
    return settings;
}

/// An IstServer with both of its carriers, and the ISB's side of its session played by hand.
class IstServerRig
{
  public:
    explicit IstServerRig(IstServerSettings wanted = ServerSettings(), uint64_t seed = 1)
        : settings(std::move(wanted)),
          random(seed),
          server(settings, mac, random, &trace),
          engine(EngineSettings(), random, &trace),
          proxy({}, &trace)
    {
    }

    void
    Start()
    {
        server.Start(now);
        Drain();
    }

    /// The connection comes up, the ISB greets, the IST logs in, the ISB accepts.
    void
    Register(Duration hello = std::chrono::seconds(1), Endpoint local = CONTROL)
    {
        Accept(local);
        HelloMessage greeting;
        greeting.challenge = Token{7};
        greeting.observed = CONTROL;
        greeting.broker = "isb";
        Say(greeting);
        Say(LoggedInMessage{77, hello});
    }

    void
    Accept(Endpoint local = CONTROL)
    {
        ASSERT_NE(session, 0U) << "nothing to accept";
        lastSequence = 0;
        heard = {};
        deframer = IsbDeframer();
        server.Connected(now, session, local);
        Drain();
    }

    void
    Say(IsbMessage message)
    {
        const auto bytes = EncodeFrame({++lastSequence, std::move(message)});
        server.Received(now, session, bytes);
        Drain();
    }

    /// The oldest message of this kind; those before it are dropped.
    template <typename M>
    std::optional<M>
    Hear()
    {
        while (!heard.empty())
        {
            const IsbMessage message = heard.front();
            heard.pop_front();
            if (const auto* wanted = std::get_if<M>(&message))
            {
                return *wanted;
            }
        }
        return std::nullopt;
    }

    /// Lets time pass; timers of server and carriers run when they are due.
    void
    Pass(Duration duration)
    {
        const TimePoint end = now + duration;
        while (true)
        {
            const TimePoint next =
                std::min({server.NextTimeout(), engine.NextTimeout(), proxy.NextTimeout()});
            if (next > end)
            {
                break;
            }
            now = std::max(now, next);
            engine.Timeout(now);
            proxy.Timeout(now);
            server.Timeout(now);
            Drain();
        }
        now = end;
    }

    /// One packet to the IST's network layer; what became of it.
    IstVerdict
    Packet(std::vector<uint8_t>& bytes)
    {
        const IstVerdict verdict = engine.Process(now, bytes, bytes.size());
        (void)engine.TakeEmitted();
        Drain();
        return verdict;
    }

    static SpliceRequestMessage
    Request(uint64_t splice, ForwardingMethod method = ForwardingMethod::Passive)
    {
        SpliceRequestMessage request;
        request.splice = splice;
        request.method = method;
        request.protocol = method == ForwardingMethod::Udp ? Protocol::Udp : Protocol::Tcp;
        request.subscriber = SUBSCRIBER;
        request.provider = PROVIDER;
        return request;
    }

    /// Orders a splice and returns the answer.
    SpliceReadyMessage
    Ready(const SpliceRequestMessage& request)
    {
        Say(request);
        const auto ready = Hear<SpliceReadyMessage>();
        EXPECT_TRUE(ready);
        return ready.value_or(SpliceReadyMessage{});
    }

    IsbCode
    Refusal(const SpliceRequestMessage& request)
    {
        Say(request);
        const auto fault = Hear<FaultMessage>();
        EXPECT_TRUE(fault && fault->request == request.splice);
        return fault ? fault->code : IsbCode::None;
    }

    void
    Drain()
    {
        bool more = true;
        while (more)
        {
            more = false;
            for (const MachineOrder& order : server.TakeOrders())
            {
                Do(order);
                more = true;
            }
            for (const CarrierOrder& order : server.TakeCarrierOrders())
            {
                if (carrierWaits)
                {
                    waiting.push_back(order);
                    continue;
                }
                Do(order);
                more = true;
            }
            for (const CarrierNews& news : engine.TakeNotices())
            {
                server.CarrierNotice(now, news.label, news);
                more = true;
            }
            for (const CarrierNews& news : proxy.TakeNotices())
            {
                server.CarrierNotice(now, news.label, news);
                more = true;
            }
        }
    }

    IstServerSettings settings;
    SimulatedMac mac;
    SeededRng random;
    RecordedTrace trace;
    IstServer server;
    IstEngine engine;
    IstProxy proxy;
    TimePoint now{std::chrono::seconds(1)};

    SocketId session = 0; ///< the connection to the ISB, or the attempt
    SocketId ping = 0;
    unsigned int connects = 0;
    unsigned int closes = 0;
    std::deque<IsbMessage> heard; ///< by the ISB, not yet taken
    std::vector<SendToOrder> echoes;
    std::vector<EngineOrder> engineOrders;
    std::vector<ProxyOrder> proxyOrders;
    bool carrierWaits = false; ///< orders are put into `waiting` instead of done
    std::vector<CarrierOrder> waiting;
    std::string carrierSays = "tcp port 1 is taken";
    unsigned int carrierRefuses = 0; ///< so many of the next orders cannot be done
    uint64_t lastSequence = 0;
    IsbDeframer deframer;

  private:
    static IstSettings
    EngineSettings()
    {
        IstSettings chosen;
        chosen.addresses = {IST_ADDRESS};
        return chosen;
    }

    void
    Do(const MachineOrder& order)
    {
        if (const auto* connect = std::get_if<ConnectOrder>(&order))
        {
            EXPECT_EQ(connect->to, BROKER);
            session = connect->socket;
            ++connects;
        }
        else if (const auto* listen = std::get_if<ListenOrder>(&order))
        {
            EXPECT_EQ(listen->protocol, Protocol::Udp);
            ping = listen->socket;
            server.Listening(now, ping, listen->local);
        }
        else if (const auto* send = std::get_if<SendOrder>(&order))
        {
            deframer.Push(send->bytes);
            while (auto frame = deframer.Next())
            {
                heard.push_back(frame->message);
            }
            EXPECT_EQ(deframer.Fault(), IsbCode::None);
            if (reads)
            {
                server.Sent(now, send->socket, send->bytes.size());
            }
        }
        else if (const auto* close = std::get_if<CloseOrder>(&order))
        {
            ++closes;
            session = close->socket == session ? 0 : session;
            ping = close->socket == ping ? 0 : ping;
        }
        else if (const auto* echo = std::get_if<SendToOrder>(&order))
        {
            echoes.push_back(*echo);
        }
    }

    void
    Do(const CarrierOrder& order)
    {
        if (const auto* packets = std::get_if<EngineOrder>(&order))
        {
            engineOrders.push_back(*packets);
            Answer(packets->splice, engineIds, [&] { return engine.Add(now, packets->pair); });
        }
        else if (const auto* connections = std::get_if<ProxyOrder>(&order))
        {
            proxyOrders.push_back(*connections);
            Answer(connections->splice,
                   proxyIds,
                   [&] { return proxy.Add(now, connections->pair); });
        }
        else
        {
            const uint64_t splice = std::get<EndOrder>(order).splice;
            EXPECT_EQ(engineIds.count(splice) + proxyIds.count(splice), 1U);
            (void)engine.Remove(now, engineIds[splice]);
            (void)proxy.Remove(now, proxyIds[splice]);
        }
    }

    template <typename Add>
    void
    Answer(uint64_t splice, std::map<uint64_t, uint64_t>& ids, Add add)
    {
        if (carrierRefuses > 0)
        {
            --carrierRefuses;
            server.CarrierOpened(now, splice, false, carrierSays);
            return;
        }
        const Result<uint64_t> id = add();
        if (id)
        {
            ids[splice] = *id;
        }
        server.CarrierOpened(now, splice, static_cast<bool>(id), id ? "" : id.Why());
    }

  public:
    std::map<uint64_t, uint64_t> engineIds; ///< by splice
    std::map<uint64_t, uint64_t> proxyIds;
    bool reads = true; ///< what is sent goes to the transport
};

} // namespace isb::test

#endif
