// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/splice-cases/case-run.h"

#include "tests/splice-cases/case-lists.h"

#include <algorithm>

namespace isb::cases
{
namespace
{

using Packets = std::vector<std::pair<IstSide, Bytes>>;

const char*
ToText(Fate fate)
{
    switch (fate)
    {
    case Fate::Passes:
        return "passes";
    case Fate::Consumed:
        return "consumed";
    case Fate::Forwarded:
        return "forwarded";
    case Fate::Dropped:
        return "dropped";
    }
    return "?";
}

std::string
ToText(const Packets& packets)
{
    std::string text;
    for (const auto& [to, packet] : packets)
    {
        text += std::string("\n  to ") + (to == IstSide::A ? "A " : "B ") + Show(packet);
    }
    return text.empty() ? ", nothing leaves" : text;
}

/// Reads the numbers that an IST chose from what it sends (Active only).
void
Learn(const Packets& sent, Numbers& numbers)
{
    for (const auto& [to, packet] : sent)
    {
        const size_t tcp = packet.at(0) >> 4 == 4 ? size_t{packet[0] & 0xfU} * 4 : 40;
        const uint8_t protocol = packet.at(0) >> 4 == 4 ? packet.at(9) : packet.at(6);
        if (protocol != TCP || packet.size() < tcp + 20 || (packet[tcp + 13] & SYN) == 0)
        {
            continue;
        }
        const uint32_t seq = uint32_t{packet[tcp + 4]} << 24 | uint32_t{packet[tcp + 5]} << 16 |
                             uint32_t{packet[tcp + 6]} << 8 | packet[tcp + 7];
        (to == IstSide::A ? numbers.shownToA : numbers.shownToB) = seq;
    }
}

/// Ready to be compared: checksums complete, what the IST may choose set to zero, in order.
Packets
Comparable(Packets packets, bool crossesFamilies)
{
    for (auto& [to, packet] : packets)
    {
        const bool whole = packet.at(0) >> 4 == 4 && packet.at(6) == 0 && packet.at(7) == 0;
        if (crossesFamilies && whole)
        {
            packet[4] = packet[5] = 0;
        }
        packet = Complete(std::move(packet));
    }
    std::sort(packets.begin(), packets.end());
    return packets;
}

/// What a step must give on a carrier that can hold packets, or not, and did `got`.
Outcome
Wanted(const Step& step, bool holds, Fate got, const Numbers& numbers)
{
    Outcome wanted;
    wanted.fate = step.fate;
    wanted.reason = step.reason;
    std::vector<Sent> sent = step.out;
    if (holds)
    {
        sent.insert(sent.end(), step.released.begin(), step.released.end());
        wanted.fate = step.overtakes ? Fate::Consumed : step.fate;
    }
    else if (step.overtakes && got == Fate::Passes)
    {
        wanted.fate = Fate::Passes;
    }
    for (const Sent& one : sent)
    {
        wanted.out.emplace_back(one.to, one.packet(numbers));
    }
    return wanted;
}

bool
SameFate(const Outcome& wanted, const Outcome& got)
{
    if (got.tellsReasons || wanted.fate == Fate::Passes || wanted.fate == Fate::Forwarded)
    {
        return wanted.fate == got.fate;
    }
    return got.fate == Fate::Consumed || got.fate == Fate::Dropped;
}

/// Gives the packet of a step; what is wrong with what comes of it, "" if nothing.
std::string
Difference(CaseCarrier& carrier, const Step& step, bool crosses, Numbers& numbers)
{
    const Bytes in = step.in(numbers);
    const Outcome got = carrier.Give(step.at, in);
    Learn(got.out, numbers);
    Outcome wanted = Wanted(step, carrier.HoldsFragments(), got.fate, numbers);
    wanted.out = Comparable(std::move(wanted.out), crosses);
    const Packets out = Comparable(got.out, crosses);
    const bool reasonDiffers =
        got.tellsReasons && wanted.fate == Fate::Dropped && got.reason != wanted.reason;
    if (SameFate(wanted, got) && !reasonDiffers && out == wanted.out)
    {
        return {};
    }
    return std::string("wanted: ") + ToText(wanted.fate) + ' ' + wanted.reason +
           ToText(wanted.out) + "\ngot: " + ToText(got.fate) + ' ' + got.reason + ToText(out) +
           "\nof " + Show(in);
}

} // namespace

void
RunCase(CaseCarrier& carrier, const SpliceCase& wanted)
{
    Numbers numbers;
    for (size_t i = 0; i < wanted.steps.size(); ++i)
    {
        for (const auto& [before, pair] : wanted.pairs)
        {
            if (before == i)
            {
                ASSERT_EQ(carrier.Open(pair), "");
            }
        }
        const Step& step = wanted.steps[i];
        const std::string difference = Difference(carrier, step, wanted.crossesFamilies, numbers);
        if (!difference.empty())
        {
            ADD_FAILURE() << "step " << i + 1 << " at " << (step.at == IstSide::A ? "A: " : "B: ")
                          << step.what << '\n'
                          << difference;
            return; // later steps build on this one
        }
    }
}

std::string
CaseName(const testing::TestParamInfo<const SpliceCase*>& info)
{
    return info.param->name;
}

const std::vector<SpliceCase>&
AllCases()
{
    static const std::vector<SpliceCase> ALL = []
    {
        std::vector<SpliceCase> cases;
        for (const Families& families : AllFamilies())
        {
            AddHandshakeCases(families, cases);
            AddDataCases(families, cases);
            AddCloseCases(families, cases);
            AddMethodCases(families, cases);
            AddUdpCases(families, cases);
            AddFragmentCases(families, cases);
            AddIcmpCases(families, cases);
            AddForeignCases(families, cases);
        }
        return cases;
    }();
    return ALL;
}

} // namespace isb::cases
