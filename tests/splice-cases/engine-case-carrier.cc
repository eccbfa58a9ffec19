// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/splice-cases/engine-case-carrier.h"

namespace isb::cases
{

EngineCaseCarrier::EngineCaseCarrier(const IstSettings& settings)
    : m_engine(settings, m_random, nullptr)
{
}

std::string
EngineCaseCarrier::Open(const IstPair& pair)
{
    const auto id = m_engine.Add(m_now, pair);
    return id ? std::string() : id.Why();
}

Outcome
EngineCaseCarrier::Give(IstSide, const Bytes& packet)
{
    Bytes edited = packet;
    const IstVerdict verdict =
        m_engine.Process(m_now, {edited.data(), edited.size()}, edited.size());
    Outcome outcome;
    switch (verdict.action)
    {
    case IstVerdict::NotOurs:
        EXPECT_TRUE(edited == packet) << "a foreign packet was changed: " << Show(edited);
        break;
    case IstVerdict::Consumed:
        outcome.fate = Fate::Consumed;
        break;
    case IstVerdict::Drop:
        outcome.fate = Fate::Dropped;
        outcome.reason = verdict.reason;
        break;
    case IstVerdict::Hold:
        outcome.fate = Fate::Consumed;
        m_held[verdict.ticket] = packet;
        break;
    case IstVerdict::Forward:
        outcome.fate = Fate::Forwarded;
        edited =
            Bytes(verdict.header.begin(), verdict.header.end()) +
            Bytes(edited.begin() + static_cast<std::ptrdiff_t>(verdict.replaced), edited.end());
        outcome.out.emplace_back(SideOfDestination(edited), edited);
        break;
    }
    Drain(outcome);
    return outcome;
}

void
EngineCaseCarrier::Drain(Outcome& outcome)
{
    for (const auto& packet : m_engine.TakeEmitted())
    {
        outcome.out.emplace_back(SideOfDestination(packet), packet);
    }
    for (const uint64_t ticket : m_engine.TakeReleased())
    {
        const Outcome later = Give(IstSide::A, m_held.at(ticket));
        outcome.out.insert(outcome.out.end(), later.out.begin(), later.out.end());
        m_held.erase(ticket);
    }
    for (const uint64_t ticket : m_engine.TakeAbandoned())
    {
        m_held.erase(ticket);
    }
}

bool
EngineCaseCarrier::HoldsFragments() const
{
    return true;
}

IstSide
SideOfDestination(const Bytes& packet)
{
    const bool ipv4 = packet.at(0) >> 4 == 4;
    const uint8_t third = ipv4 ? packet.at(18) : packet.at(29);
    return third == 2 ? IstSide::B : IstSide::A;
}

} // namespace isb::cases
