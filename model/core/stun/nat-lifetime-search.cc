// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/nat-lifetime-search.h"

#include <algorithm>
#include <utility>

namespace isb
{

NatLifetimeSearch::NatLifetimeSearch(NatTestBench& bench, OnDone done)
    : m_bench(bench),
      m_done(std::move(done))
{
}

void
NatLifetimeSearch::Run()
{
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
                                                    Rest(later);
                                                });
                                        });
                    });
}

void
NatLifetimeSearch::Rest(TimePoint now)
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
                        m_done(later);
                        return;
                    }
                    m_restTrip = reply->roundTrip;
                    const TimePoint asked = later - reply->roundTrip;
                    m_bench.At(std::max(later, asked + m_guess),
                               [this, resting = *mapped](TimePoint due) { Probe(due, resting); });
                });
}

void
NatLifetimeSearch::Probe(TimePoint now, Endpoint resting)
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
                m_done(later);
                return;
            }
            Found(later, reply != nullptr);
        },
        m_resting);
}

void
NatLifetimeSearch::Found(TimePoint now, bool alive)
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
            m_done(now);
            return;
        }
        m_guess = std::min(low * 2, settings.lifetimeMost);
    }
    else
    {
        if (high - low <= std::max(settings.lifetimePrecision, m_restTrip * 2))
        {
            m_done(now);
            return;
        }
        m_guess = low + (high - low) / 2;
    }
    Rest(now);
}

} // namespace isb
