// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/nat-udp-tests.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

constexpr StunChange BOTH{true, true};
constexpr StunChange PORT_ONLY{false, true};

/// The mapped endpoint of a success; nothing without one.
std::optional<Endpoint>
MappedOf(const StunReply* reply)
{
    if (reply == nullptr || reply->message.kind != StunClass::Success)
    {
        return std::nullopt;
    }
    return reply->message.Mapped();
}

} // namespace

NatUdpTests::NatUdpTests(NatTestBench& bench, OnDone done)
    : m_bench(bench),
      m_done(std::move(done))
{
}

void
NatUdpTests::Run()
{
    m_bench.OpenUdp(m_bench.settings.local.port,
                    [this](TimePoint now, SocketId socket, Endpoint local)
                    { First(now, socket, local); });
}

bool
NatUdpTests::IsTranslated(Endpoint local, Endpoint mapped) const
{
    return m_bench.settings.local.address != mapped.address || local.port != mapped.port;
}

void
NatUdpTests::First(TimePoint now, SocketId socket, Endpoint local)
{
    if (local.port == 0)
    {
        m_bench.Note("the local UDP port cannot be opened");
        m_done(now);
        return;
    }
    m_bench.report.local = {m_bench.settings.local.address, local.port};
    m_bench.Ask(now,
                socket,
                m_bench.settings.server,
                {},
                [this, socket, local](TimePoint later, const StunReply* reply)
                {
                    if (reply == nullptr)
                    {
                        m_bench.report.classic = ClassicNatType::Blocked;
                        m_bench.Note("the server does not answer");
                        m_done(later);
                        return;
                    }
                    Learn(later, socket, local, *reply);
                });
}

void
NatUdpTests::Learn(TimePoint now, SocketId socket, Endpoint local, const StunReply& reply)
{
    NatTypeReport& report = m_bench.report;
    const std::optional<Endpoint> mapped = MappedOf(&reply);
    if (!mapped)
    {
        m_bench.Note("the server's answer has no address");
        m_done(now);
        return;
    }
    report.mapped = *mapped;
    m_bench.Saw(local.port, *mapped);
    if (m_bench.settings.local.address.value == 0)
    {
        m_bench.Note("the own address is not known: translation cannot be seen by it");
    }
    else
    {
        report.translated = IsTranslated(local, *mapped) ? FoundAnswer::Yes : FoundAnswer::No;
    }
    if (report.alternate.port == 0)
    {
        const auto other = reply.message.Address(StunType::OtherAddress);
        const auto changed = reply.message.Address(StunType::ChangedAddress);
        report.alternate = other ? *other : changed.value_or(Endpoint{});
    }
    const bool hasAlternate = m_bench.HasAlternate();
    if (!hasAlternate)
    {
        m_bench.Note("the server has no other address: mapping and type are not told");
    }
    ++m_running; // until all are begun
    if (m_bench.settings.mapping && hasAlternate)
    {
        MappingII(now, socket);
    }
    if (m_bench.settings.filtering)
    {
        FilteringI();
    }
    if (m_bench.settings.classic && hasAlternate)
    {
        ClassicI();
    }
    if (m_bench.settings.hairpin)
    {
        HairpinOpen();
    }
    End(now);
}

void
NatUdpTests::Begin()
{
    ++m_running;
}

void
NatUdpTests::End(TimePoint now)
{
    --m_running;
    if (m_running > 0)
    {
        return;
    }
    if (m_bench.settings.lifetime && !m_lifetimeDone)
    {
        m_lifetimeDone = true;
        LifetimeOpen();
        return;
    }
    Finish(now);
}

void
NatUdpTests::Finish(TimePoint now)
{
    NatTypeReport& report = m_bench.report;
    const bool reachable = report.mapping == FoundBehaviour::EndpointIndependent ||
                           report.filtering == FoundBehaviour::EndpointIndependent;
    if (m_hairpinHeard)
    {
        report.hairpin = FoundAnswer::Yes;
    }
    else if (m_hairpinRan && reachable)
    {
        report.hairpin = FoundAnswer::No;
    }
    else if (m_hairpinRan)
    {
        m_bench.Note("hairpin: the mappings towards each other are not known, the filters drop");
    }
    m_done(now);
}

// --- mapping ---------------------------------------------------------------------------------

void
NatUdpTests::MappingII(TimePoint now, SocketId socket)
{
    NatTypeReport& report = m_bench.report;
    if (report.translated == FoundAnswer::No)
    {
        report.mapping = FoundBehaviour::EndpointIndependent; // RFC 5780 section 4.3, test I
        return;
    }
    Begin();
    m_bench.Ask(now,
                socket,
                {report.alternate.address, report.server.port},
                {},
                [this, socket](TimePoint later, const StunReply* reply)
                {
                    const std::optional<Endpoint> second = MappedOf(reply);
                    if (!second)
                    {
                        m_bench.Note("mapping: no answer of the alternate address");
                        End(later);
                        return;
                    }
                    m_bench.report.seen.push_back(*second);
                    if (*second == m_bench.report.mapped)
                    {
                        m_bench.report.mapping = FoundBehaviour::EndpointIndependent;
                        End(later);
                        return;
                    }
                    MappingIII(later, socket, *second);
                });
}

void
NatUdpTests::MappingIII(TimePoint now, SocketId socket, Endpoint second)
{
    m_bench.Ask(now,
                socket,
                m_bench.report.alternate,
                {},
                [this, second](TimePoint later, const StunReply* reply)
                {
                    if (const std::optional<Endpoint> third = MappedOf(reply))
                    {
                        m_bench.report.seen.push_back(*third);
                        m_bench.report.mapping = *third == second
                                                     ? FoundBehaviour::AddressDependent
                                                     : FoundBehaviour::AddressAndPortDependent;
                    }
                    else
                    {
                        m_bench.Note("mapping: no answer of the alternate port");
                    }
                    End(later);
                });
}

// --- filtering -------------------------------------------------------------------------------

void
NatUdpTests::AskChanged(TimePoint now,
                        SocketId socket,
                        StunChange change,
                        std::function<void(TimePoint now, FoundAnswer came)> then)
{
    const Endpoint asked = m_bench.settings.server;
    m_bench.Ask(
        now,
        socket,
        asked,
        {MakeStunChange(StunType::ChangeRequest, change)},
        [this, asked, change, then = std::move(then)](TimePoint later, const StunReply* reply)
        {
            if (reply == nullptr)
            {
                then(later, FoundAnswer::No);
                return;
            }
            // An answer from where it was asked for shows nothing about strangers.
            const bool changed = (!change.address || reply->from.address != asked.address) &&
                                 (!change.port || reply->from.port != asked.port);
            if (reply->message.kind != StunClass::Success || !changed)
            {
                m_bench.Note(reply->message.kind != StunClass::Success
                                 ? "the server refuses CHANGE-REQUEST"
                                 : "the server does not obey CHANGE-REQUEST");
                then(later, FoundAnswer::Unknown);
                return;
            }
            then(later, FoundAnswer::Yes);
        });
}

void
NatUdpTests::FilteringI()
{
    Begin();
    m_bench.OpenUdp(0,
                    [this](TimePoint now, SocketId socket, Endpoint local)
                    {
                        m_bench.Ask(now,
                                    socket,
                                    m_bench.settings.server,
                                    {},
                                    [this, socket, local](TimePoint later, const StunReply* reply)
                                    {
                                        if (const auto mapped = MappedOf(reply))
                                        {
                                            m_bench.Saw(local.port, *mapped);
                                            FilteringII(later, socket);
                                            return;
                                        }
                                        m_bench.Note("filtering: no answer");
                                        End(later);
                                    });
                    });
}

void
NatUdpTests::FilteringII(TimePoint now, SocketId socket)
{
    if (!m_bench.HasAlternate())
    {
        FilteringIII(now, socket);
        return;
    }
    AskChanged(now,
               socket,
               BOTH,
               [this, socket](TimePoint later, FoundAnswer came)
               {
                   if (came != FoundAnswer::No)
                   {
                       m_bench.report.filtering = came == FoundAnswer::Yes
                                                      ? FoundBehaviour::EndpointIndependent
                                                      : FoundBehaviour::Unknown;
                       End(later);
                       return;
                   }
                   FilteringIII(later, socket);
               });
}

void
NatUdpTests::FilteringIII(TimePoint now, SocketId socket)
{
    const bool twoAddresses = m_bench.HasAlternate();
    AskChanged(now,
               socket,
               PORT_ONLY,
               [this, twoAddresses](TimePoint later, FoundAnswer came)
               {
                   if (came == FoundAnswer::No)
                   {
                       m_bench.report.filtering = FoundBehaviour::AddressAndPortDependent;
                   }
                   else if (came == FoundAnswer::Yes && twoAddresses)
                   {
                       m_bench.report.filtering = FoundBehaviour::AddressDependent;
                   }
                   else if (came == FoundAnswer::Yes)
                   {
                       m_bench.Note("filtering: not by port; with one address more is not told");
                   }
                   End(later);
               });
}

// --- RFC 3489's tree -------------------------------------------------------------------------

void
NatUdpTests::ClassicI()
{
    Begin();
    m_bench.OpenUdp(0,
                    [this](TimePoint now, SocketId socket, Endpoint local)
                    {
                        m_bench.Ask(now,
                                    socket,
                                    m_bench.settings.server,
                                    {},
                                    [this, socket, local](TimePoint later, const StunReply* reply)
                                    {
                                        if (const auto mapped = MappedOf(reply))
                                        {
                                            m_bench.Saw(local.port, *mapped);
                                            ClassicII(later, socket, local, *mapped);
                                            return;
                                        }
                                        m_bench.Note("classic: no answer");
                                        End(later);
                                    });
                    });
}

void
NatUdpTests::ClassicII(TimePoint now, SocketId socket, Endpoint local, Endpoint mapped)
{
    AskChanged(now,
               socket,
               BOTH,
               [this, socket, local, mapped](TimePoint later, FoundAnswer came)
               {
                   ClassicNatType& type = m_bench.report.classic;
                   const bool known = m_bench.settings.local.address.value != 0;
                   if (came == FoundAnswer::Unknown)
                   {
                       End(later);
                       return;
                   }
                   if (known && !IsTranslated(local, mapped))
                   {
                       type = came == FoundAnswer::Yes ? ClassicNatType::Open
                                                       : ClassicNatType::SymmetricFirewall;
                       End(later);
                       return;
                   }
                   if (came == FoundAnswer::Yes)
                   {
                       type = known ? ClassicNatType::FullCone : ClassicNatType::Unknown;
                       End(later);
                       return;
                   }
                   ClassicAgain(later, socket, mapped);
               });
}

void
NatUdpTests::ClassicAgain(TimePoint now, SocketId socket, Endpoint mapped)
{
    m_bench.Ask(now,
                socket,
                m_bench.report.alternate,
                {},
                [this, socket, mapped](TimePoint later, const StunReply* reply)
                {
                    const std::optional<Endpoint> again = MappedOf(reply);
                    if (!again)
                    {
                        m_bench.Note("classic: no answer of the alternate address");
                        End(later);
                        return;
                    }
                    if (*again != mapped)
                    {
                        m_bench.report.classic = ClassicNatType::Symmetric;
                        End(later);
                        return;
                    }
                    ClassicIII(later, socket);
                });
}

void
NatUdpTests::ClassicIII(TimePoint now, SocketId socket)
{
    AskChanged(now,
               socket,
               PORT_ONLY,
               [this](TimePoint later, FoundAnswer came)
               {
                   // Without the own address these could as well be firewalls.
                   const bool known = m_bench.settings.local.address.value != 0;
                   if (known && came != FoundAnswer::Unknown)
                   {
                       m_bench.report.classic = came == FoundAnswer::Yes
                                                    ? ClassicNatType::RestrictedCone
                                                    : ClassicNatType::PortRestrictedCone;
                   }
                   End(later);
               });
}

// --- hairpin ---------------------------------------------------------------------------------

void
NatUdpTests::HairpinOpen()
{
    if (m_bench.report.translated == FoundAnswer::No)
    {
        m_bench.Note("hairpin: nothing is translated");
        return;
    }
    Begin();
    m_bench.ListenForOthers([this](TimePoint now, SocketId socket, const StunMessage& message)
                            { HairpinHeard(now, socket, message); });
    for (int i = 0; i < 2; ++i)
    {
        m_bench.OpenUdp(0,
                        [this](TimePoint now, SocketId socket, Endpoint local)
                        { HairpinLearn(now, socket, local); });
    }
}

void
NatUdpTests::HairpinLearn(TimePoint now, SocketId socket, Endpoint local)
{
    m_bench.Ask(now,
                socket,
                m_bench.settings.server,
                {},
                [this, socket, local](TimePoint later, const StunReply* reply)
                {
                    const std::optional<Endpoint> mapped = MappedOf(reply);
                    if (mapped)
                    {
                        m_bench.Saw(local.port, *mapped);
                    }
                    m_sides.push_back({socket, mapped.value_or(Endpoint{})});
                    if (m_sides.size() < 2)
                    {
                        return;
                    }
                    if (m_sides[0].mapped.port == 0 || m_sides[1].mapped.port == 0)
                    {
                        m_bench.Note("hairpin: no answer");
                        End(later);
                        return;
                    }
                    m_hairpinRan = true;
                    HairpinSend(later, 0);
                });
}

void
NatUdpTests::HairpinSend(TimePoint now, uint32_t times)
{
    if (m_hairpinOver)
    {
        return;
    }
    // Each side sends before the other's can come through its filter: so twice at least.
    if (times > std::max<uint32_t>(m_bench.settings.transmissions, 2))
    {
        m_hairpinOver = true;
        End(now);
        return;
    }
    for (size_t i = 0; i < 2; ++i)
    {
        const StunId id = m_bench.NewId();
        m_hairpinIds.insert(id);
        m_bench.orders.emplace_back(
            SendToOrder{m_sides[i].socket, m_sides[1 - i].mapped, m_bench.MakeRequest(id, {})});
    }
    m_bench.At(now + m_bench.settings.firstRto,
               [this, times](TimePoint later) { HairpinSend(later, times + 1); });
}

void
NatUdpTests::HairpinHeard(TimePoint now, SocketId socket, const StunMessage& message)
{
    const bool mine = std::any_of(m_sides.begin(),
                                  m_sides.end(),
                                  [socket](const HairpinSide& s) { return s.socket == socket; });
    if (mine && !m_hairpinOver && m_hairpinIds.count(message.id) != 0)
    {
        m_hairpinHeard = true;
        m_hairpinOver = true;
        End(now);
    }
}

// --- lifetime --------------------------------------------------------------------------------

void
NatUdpTests::LifetimeOpen()
{
    Begin();
    m_guess = std::min(m_bench.settings.lifetimeFirst, m_bench.settings.lifetimeMost);
    m_bench.OpenUdp(0,
                    [this](TimePoint /*now*/, SocketId resting, Endpoint /*local*/)
                    {
                        m_resting = resting;
                        m_bench.OpenUdp(0,
                                        [this](TimePoint now, SocketId asking, Endpoint /*local*/)
                                        {
                                            m_asking = asking;
                                            m_bench.Ask(
                                                now,
                                                asking,
                                                m_bench.settings.server,
                                                {},
                                                [this](TimePoint later, const StunReply* reply)
                                                {
                                                    m_askingMapped =
                                                        MappedOf(reply).value_or(Endpoint{});
                                                    LifetimeRest(later);
                                                });
                                        });
                    });
}

void
NatUdpTests::LifetimeRest(TimePoint now)
{
    m_bench.Ask(now,
                m_resting,
                m_bench.settings.server,
                {},
                [this](TimePoint later, const StunReply* reply)
                {
                    const std::optional<Endpoint> mapped = MappedOf(reply);
                    if (!mapped || mapped->address != m_askingMapped.address)
                    {
                        m_bench.Note(mapped ? "lifetime: two sockets have two external addresses"
                                            : "lifetime: no answer");
                        End(later);
                        return;
                    }
                    m_restTrip = reply->roundTrip;
                    const TimePoint asked = later - reply->roundTrip;
                    m_bench.At(std::max(later, asked + m_guess),
                               [this, resting = *mapped](TimePoint due)
                               { LifetimeProbe(due, resting); });
                });
}

void
NatUdpTests::LifetimeProbe(TimePoint now, Endpoint resting)
{
    m_bench.Ask(
        now,
        m_asking,
        m_bench.settings.server,
        {MakeStunPort(resting.port)},
        [this](TimePoint later, const StunReply* reply)
        {
            if (reply != nullptr && reply->at != m_resting)
            {
                m_bench.Note("lifetime: the server refuses RESPONSE-PORT");
                End(later);
                return;
            }
            LifetimeFound(later, reply != nullptr);
        },
        m_resting);
}

void
NatUdpTests::LifetimeFound(TimePoint now, bool alive)
{
    NatTypeReport& report = m_bench.report;
    const NatTypeSettings& settings = m_bench.settings;
    if (alive)
    {
        report.lifetimeAtLeast = m_guess;
    }
    else
    {
        // The answer would have come in about a round trip later.
        report.lifetimeAtMost = m_guess + m_restTrip;
    }
    const Duration low = report.lifetimeAtLeast;
    const Duration high = report.lifetimeAtMost;
    if (high == Duration(0))
    {
        if (low >= settings.lifetimeMost)
        {
            End(now);
            return;
        }
        m_guess = std::min(low * 2, settings.lifetimeMost);
    }
    else
    {
        if (high - low <= std::max(settings.lifetimePrecision, m_restTrip * 2))
        {
            End(now);
            return;
        }
        m_guess = low + (high - low) / 2;
    }
    LifetimeRest(now);
}

} // namespace isb
