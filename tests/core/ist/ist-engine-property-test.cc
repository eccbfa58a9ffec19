// SPDX-License-Identifier: GPL-2.0-or-later
// Random orders, packets and pauses: IstEngine answers as a naive model that walks a list.
#include "tests/core/ist/ist-fixture.h"

#include <array>
#include <optional>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

constexpr size_t MAX_SPLICES = 4;

/// What one packet does.
struct Answer
{
    IstVerdict::Action action = IstVerdict::NotOurs;
    Packet forwarded;
};

/// The IST as its description reads, for registrations, datagrams, SYNs with a fixed ISN a user,
/// and ACKs: one list, searched from its begin.
class NaiveIst
{
  public:
    struct Pair
    {
        uint64_t id = 0;
        Protocol protocol = Protocol::Tcp;
        std::array<uint16_t, 2> port{};
        std::array<std::optional<Endpoint>, 2> user;
        std::array<bool, 2> proven{};
        TimePoint added{0};
        TimePoint active{0};

        [[nodiscard]] bool
        IsPaired() const
        {
            return user[0] && user[1];
        }

        [[nodiscard]] bool
        IsEstablished() const
        {
            return IsPaired() && (protocol == Protocol::Udp || (proven[0] && proven[1]));
        }
    };

    explicit NaiveIst(const IstSettings& settings)
        : m_settings(settings)
    {
    }

    [[nodiscard]] bool
    MayAdd(Protocol protocol, uint16_t a, uint16_t b) const
    {
        return a != 0 && b != 0 && a != b && pairs.size() < m_settings.maxSplices &&
               !WaitingAt(protocol, a) && !WaitingAt(protocol, b);
    }

    void
    Expire(TimePoint now)
    {
        pairs.erase(std::remove_if(pairs.begin(),
                                   pairs.end(),
                                   [&](const Pair& pair) { return EndOf(pair) <= now; }),
                    pairs.end());
    }

    /// A SYN, or a registration datagram: whoever takes a side.
    Answer
    Arrive(TimePoint now, Protocol protocol, const Endpoint& user, uint16_t port)
    {
        if (const auto [pair, side] = FlowOf(protocol, user, port); pair)
        {
            pair->active = protocol == Protocol::Udp ? now : pair->active;
            return {IstVerdict::Consumed, {}};
        }
        for (Pair& pair : pairs)
        {
            for (const size_t side : {size_t{0}, size_t{1}})
            {
                if (pair.protocol != protocol || pair.IsPaired() || pair.port[side] != port)
                {
                    continue;
                }
                if (pair.user[side] && *pair.user[side] != user)
                {
                    return {IstVerdict::Drop, {}};
                }
                pair.user[side] = user;
                pair.active = now;
                return {IstVerdict::Consumed, {}};
            }
        }
        return {};
    }

    /// An ACK or datagram, and what it is when it passes.
    template <typename Build>
    Answer
    Data(TimePoint now, Protocol protocol, const Endpoint& user, uint16_t port, const Build& build)
    {
        const auto [pair, side] = FlowOf(protocol, user, port);
        if (!pair)
        {
            RefreshWaiting(now, protocol, user, port);
            return {WaitingAt(protocol, port) ? IstVerdict::Drop : IstVerdict::NotOurs, {}};
        }
        pair->proven[side] = true;
        if (!pair->IsEstablished())
        {
            return {IstVerdict::Consumed, {}};
        }
        pair->active = now;
        return {IstVerdict::Forward,
                build(Endpoint{IST_WEST, pair->port[1 - side]}, *pair->user[1 - side])};
    }

    /// The paired splice to which the user's packets belong, and his side.
    std::pair<Pair*, size_t>
    FlowOf(Protocol protocol, const Endpoint& user, uint16_t port)
    {
        for (Pair& pair : pairs)
        {
            for (const size_t side : {size_t{0}, size_t{1}})
            {
                if (pair.protocol == protocol && pair.IsPaired() && pair.port[side] == port &&
                    *pair.user[side] == user)
                {
                    return {&pair, side};
                }
            }
        }
        return {nullptr, 0};
    }

    std::vector<Pair> pairs;

  private:
    [[nodiscard]] bool
    WaitingAt(Protocol protocol, uint16_t port) const
    {
        return std::any_of(pairs.begin(),
                           pairs.end(),
                           [&](const Pair& pair)
                           {
                               return pair.protocol == protocol && !pair.IsPaired() &&
                                      (pair.port[0] == port || pair.port[1] == port);
                           });
    }

    /// Early datagrams of a registered user are dropped, but show that he is there.
    void
    RefreshWaiting(TimePoint now, Protocol protocol, const Endpoint& user, uint16_t port)
    {
        for (Pair& pair : pairs)
        {
            for (const size_t side : {size_t{0}, size_t{1}})
            {
                if (protocol == Protocol::Udp && pair.protocol == protocol && !pair.IsPaired() &&
                    pair.port[side] == port && pair.user[side] == user)
                {
                    pair.active = now;
                }
            }
        }
    }

    [[nodiscard]] TimePoint
    EndOf(const Pair& pair) const
    {
        if (!pair.IsPaired())
        {
            return std::min(pair.active + m_settings.unmatchedTimeout,
                            pair.added + m_settings.unmatchedLimit);
        }
        if (pair.protocol == Protocol::Udp)
        {
            return pair.active + m_settings.udpIdleTimeout;
        }
        // Repeats after 1, 2, 4, 8 and 16 s, given up 32 s later.
        return pair.active + (pair.IsEstablished() ? m_settings.idleTimeout : Duration(63s));
    }

    IstSettings m_settings;
};

class IstEngineProperty : public testing::TestWithParam<int>
{
  protected:
    static IstSettings
    Settings()
    {
        IstSettings settings;
        settings.addresses = {IST_WEST};
        settings.maxSplices = MAX_SPLICES;
        settings.idleTimeout = 10min;
        return settings;
    }

    uint64_t
    Below(uint64_t bound)
    {
        return dice.Below(bound);
    }

    /// Few users and ports, so that they meet; two of the users share an address.
    Endpoint
    SomeUser()
    {
        constexpr Endpoint USERS[] = {{{1}, 10}, {{1}, 11}, {{2}, 10}, {{3}, 12}};
        return USERS[Below(std::size(USERS))];
    }

    uint16_t
    SomePort()
    {
        return static_cast<uint16_t>(100 + Below(4));
    }

    Protocol
    SomeProtocol()
    {
        return Below(2) == 0 ? Protocol::Tcp : Protocol::Udp;
    }

    static uint32_t
    IsnOf(const Endpoint& user, uint16_t port)
    {
        return user.address.value * 1000 + user.port * 10U + port;
    }

    void
    AddOrRemove()
    {
        if (Below(6) == 0 && !naive.pairs.empty())
        {
            const size_t victim = Below(naive.pairs.size());
            EXPECT_TRUE(engine.Remove(now, naive.pairs[victim].id));
            naive.pairs.erase(naive.pairs.begin() + static_cast<std::ptrdiff_t>(victim));
            return;
        }
        const Protocol protocol = SomeProtocol();
        IstPair pair;
        pair.method = protocol == Protocol::Tcp ? SpliceMethod::Passive : SpliceMethod::Udp;
        pair.portA = SomePort();
        pair.portB = SomePort();
        const auto id = engine.Add(now, pair);
        ASSERT_EQ(bool(id), naive.MayAdd(protocol, pair.portA, pair.portB));
        if (id)
        {
            naive.pairs.push_back({*id, protocol, {pair.portA, pair.portB}, {}, {}, now, now});
        }
    }

    void
    Arrive()
    {
        const Protocol protocol = SomeProtocol();
        const Endpoint user = SomeUser();
        const uint16_t port = SomePort();
        const User sender{user, {IST_WEST, port}, IsnOf(user, port)};
        Compare(protocol == Protocol::Tcp ? Syn(sender) : Registration(sender),
                naive.Arrive(now, protocol, user, port));
    }

    void
    SendData()
    {
        const Protocol protocol = SomeProtocol();
        const Endpoint user = SomeUser();
        const uint16_t port = SomePort();
        const Packet payload(Below(5), 0x77);
        uint32_t ack = 1;
        if (const auto [pair, side] = naive.FlowOf(protocol, user, port); pair)
        {
            ack = IsnOf(*pair->user[1 - side], pair->port[1 - side]) + 1;
        }
        const auto build = [&](const Endpoint& from, const Endpoint& to)
        {
            return protocol == Protocol::Udp ? BuildUdp(from, to, payload)
                                             : Tcp(from, to, TCP_ACK, IsnOf(user, port) + 1, ack);
        };
        Compare(build(user, {IST_WEST, port}), naive.Data(now, protocol, user, port, build));
    }

    void
    Compare(Packet packet, const Answer& expected)
    {
        const IstVerdict verdict = engine.Process(now, packet, packet.size());
        ASSERT_EQ(verdict.action, expected.action) << verdict.reason;
        if (expected.action == IstVerdict::Forward)
        {
            ASSERT_EQ(packet, expected.forwarded);
        }
        (void)engine.TakeEmitted();
    }

    void
    Pause()
    {
        const TimePoint target = now + Duration(1s) * static_cast<int64_t>(Below(25));
        while (engine.NextTimeout() <= target)
        {
            now = std::max(now, engine.NextTimeout());
            engine.Timeout(now);
        }
        now = target;
        naive.Expire(now);
        (void)engine.TakeEmitted();
    }

    void
    CompareLists()
    {
        const auto list = engine.List();
        ASSERT_EQ(list.size(), naive.pairs.size());
        for (size_t i = 0; i < list.size(); ++i)
        {
            const NaiveIst::Pair& pair = naive.pairs[i];
            ASSERT_EQ(list[i].id, pair.id);
            ASSERT_EQ(list[i].state == "ESTABLISHED", pair.IsEstablished());
            for (const size_t side : {size_t{0}, size_t{1}})
            {
                ASSERT_EQ(list[i].side[side].peer, pair.user[side].value_or(Endpoint{}));
            }
        }
    }

    SeededRng dice{static_cast<uint64_t>(GetParam())};
    SeededRng random{1};
    IstEngine engine{Settings(), random, nullptr};
    NaiveIst naive{Settings()};
    TimePoint now{1s};
};

TEST_P(IstEngineProperty, AnswersAsTheNaiveModel)
{
    for (int step = 0; step < 2000; ++step)
    {
        SCOPED_TRACE(step);
        const uint64_t choice = Below(10);
        if (choice == 0)
        {
            AddOrRemove();
        }
        else if (choice == 1)
        {
            Pause();
        }
        else if (choice < 5)
        {
            Arrive();
        }
        else
        {
            SendData();
        }
        if (HasFatalFailure())
        {
            return;
        }
        CompareLists();
    }
    while (engine.NextTimeout() != TIME_NEVER)
    {
        now = std::max(now, engine.NextTimeout());
        engine.Timeout(now);
    }
    EXPECT_EQ(engine.StateSize(), 0U);
    EXPECT_GT(engine.Counters().forwarded, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, IstEngineProperty, testing::Range(1, 101));

} // namespace
} // namespace isb
