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

} // namespace

NatUdpTests::NatUdpTests(NatTestBench& bench, OnDone done)
    : m_bench(bench),
      m_done(std::move(done)),
      m_hairpin(bench, [this](TimePoint now) { End(now); }),
      m_lifetime(bench, [this](TimePoint now) { End(now); })
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
    if (m_bench.settings.hairpin && report.translated == FoundAnswer::No)
    {
        m_bench.Note("hairpin: nothing is translated");
    }
    else if (m_bench.settings.hairpin)
    {
        Begin();
        m_hairpin.Run();
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
        Begin();
        m_lifetime.Run();
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
    if (m_hairpin.WasHeard())
    {
        report.hairpin = FoundAnswer::Yes;
    }
    else if (m_hairpin.HasRun() && reachable)
    {
        report.hairpin = FoundAnswer::No;
    }
    else if (m_hairpin.HasRun())
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

} // namespace isb
