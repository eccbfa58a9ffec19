// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_WORLD_WORLD_GATE_H
#define ISB_TESTS_CORE_WORLD_WORLD_GATE_H

#include "model/core/nat/nat-box.h"
#include "model/core/nat/stateful-filter.h"
#include "model/wire/packet-view.h"
#include "model/wire/units.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace isb::test
{

/// A box between hosts and the internet that judges packets.
class WorldGate
{
  public:
    enum class Verdict : uint8_t
    {
        Passes, ///< to the other side
        Turns,  ///< hairpin: back to the side where it came from
        Ends,
    };

    virtual ~WorldGate() = default;
    /// May change the packet.
    [[nodiscard]] virtual Verdict Judge(TimePoint now,
                                        NatSide from,
                                        std::vector<uint8_t>& packet) = 0;
    /// Is this an address of the box itself, that hosts are seen by?
    [[nodiscard]] virtual bool Owns(Ipv4 address) const = 0;
    /// What the box itself has to say since the last call.
    [[nodiscard]] virtual std::vector<NatEmitted> TakeEmitted() = 0;

    /// Packets that ended here, by reason.
    std::map<std::string, int> drops;
};

/// A NAT.
class NatGate : public WorldGate
{
  public:
    NatGate(const NatSettings& settings, Rng& random)
        : m_box(settings, random, nullptr)
    {
    }

    Verdict
    Judge(TimePoint now, NatSide from, std::vector<uint8_t>& packet) override
    {
        const NatVerdict verdict =
            m_box.Process(now, from, {packet.data(), packet.size()}, packet.size());
        switch (verdict.action)
        {
        case NatVerdict::Action::Forward:
            return Verdict::Passes;
        case NatVerdict::Action::Hairpin:
            return Verdict::Turns;
        default:
            ++drops[std::string(verdict.reason)];
            return Verdict::Ends;
        }
    }

    [[nodiscard]] bool
    Owns(Ipv4 address) const override
    {
        return m_box.Settings().IsExternal(address);
    }

    std::vector<NatEmitted>
    TakeEmitted() override
    {
        return m_box.TakeEmitted();
    }

  private:
    NatBox m_box;
};

/// A firewall: nothing comes in that does not answer.
class FilterGate : public WorldGate
{
  public:
    explicit FilterGate(Rng& random)
        : m_filter(FilterSettings{}, random, nullptr)
    {
    }

    Verdict
    Judge(TimePoint now, NatSide from, std::vector<uint8_t>& packet) override
    {
        const FilterVerdict verdict =
            m_filter.Process(now, from, {packet.data(), packet.size()}, packet.size());
        if (verdict.action == FilterVerdict::Action::Pass)
        {
            return Verdict::Passes;
        }
        ++drops[std::string(verdict.reason)];
        return Verdict::Ends;
    }

    [[nodiscard]] bool
    Owns(Ipv4 /*address*/) const override
    {
        return false;
    }

    std::vector<NatEmitted>
    TakeEmitted() override
    {
        return {};
    }

  private:
    StatefulFilter m_filter;
};

} // namespace isb::test

#endif
