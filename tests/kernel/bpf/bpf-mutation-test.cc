// SPDX-License-Identifier: GPL-2.0-or-later
// Malformed headers and options: packets of the list of cases, changed by chance (the same chance
// in every run), given to the eBPF programs by BPF_PROG_TEST_RUN and to IstEngine. Both forward the
// same ones, as the same bytes; afterwards the cases themselves still go as they should.
//
// ISB_MUTATIONS=N: so many packets a program instead of the quick number.
#include "emulation/sys/capabilities.h"
#include "tests/kernel/bpf/bpf-case-carrier.h"
#include "tests/splice-cases/engine-case-carrier.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>

namespace isb::cases
{
namespace
{

constexpr size_t QUICK = 5000;
/// Bytes in which headers lie, and changes matter most.
constexpr size_t HEADERS = 72;
constexpr size_t SHORTEST = 20;
/// BPF_PROG_TEST_RUN refuses what is shorter than an IPv6 header and calls itself IPv6.
constexpr size_t SHORTEST_IPV6 = 40;

size_t
MutationCount()
{
    const char* wanted = std::getenv("ISB_MUTATIONS");
    return wanted ? std::strtoul(wanted, nullptr, 10) : QUICK;
}

/// One change to a packet.
void
Mutate(Bytes& packet, Rng& random)
{
    const size_t at = random.Below(std::min(packet.size(), HEADERS));
    switch (random.Below(8))
    {
    case 0: // one bit
    case 1:
        packet[at] = static_cast<uint8_t>(packet[at] ^ 1U << random.Below(8));
        break;
    case 2: // one byte
        packet[at] = static_cast<uint8_t>(random.Next());
        break;
    case 3: // a header length or data offset
        packet[random.Below(2) == 0 || packet.size() < 33 ? 0 : 32] ^=
            static_cast<uint8_t>(random.Below(256));
        break;
    case 4: // a length
        packet[2 + random.Below(4)] = static_cast<uint8_t>(random.Next());
        break;
    case 5: // the end is missing
        packet.resize(std::max(SHORTEST, random.Below(packet.size()) + 1));
        break;
    case 6: // something follows
        packet.resize(packet.size() + 1 + random.Below(64), static_cast<uint8_t>(random.Next()));
        break;
    default: // noise over a header
        for (size_t i = at; i < std::min(packet.size(), at + 12); ++i)
        {
            packet[i] = static_cast<uint8_t>(random.Next());
        }
    }
}

/// Fragments are left out of the comparison: eBPF cannot hold the early ones.
bool
IsFragment(const Bytes& packet)
{
    if (packet[0] >> 4 == 4)
    {
        return (packet[6] & 0x3fU) != 0 || packet[7] != 0;
    }
    return std::count(packet.begin() + 6, packet.begin() + SHORTEST, 44) > 0;
}

/// Changed packets that were given, by what the engine did with them.
using Tally = std::array<size_t, 4>;

/// Plays a case with `count` changed packets before each of its own.
void
PlayMutated(BpfCaseCarrier& kernel, const SpliceCase& one, Rng& random, size_t count, Tally& tally)
{
    EngineCaseCarrier engine(one.settings);
    kernel.Clear();
    for (size_t i = 0; i < one.steps.size(); ++i)
    {
        for (const auto& [before, pair] : one.pairs)
        {
            if (before == i && (!engine.Open(pair).empty() || !kernel.Open(pair).empty()))
            {
                return; // the case is about a pair that is refused
            }
        }
        const Step& step = one.steps[i];
        const Bytes right = step.in({});
        for (size_t k = 0; k <= count; ++k)
        {
            Bytes packet = right;
            for (size_t changes = k == count ? 0 : 1 + random.Below(3); changes > 0; --changes)
            {
                Mutate(packet, random);
            }
            if (packet[0] >> 4 == 6)
            {
                packet.resize(std::max(packet.size(), SHORTEST_IPV6));
            }
            const Outcome inKernel = kernel.Give(step.at, packet);
            const Outcome reference = engine.Give(step.at, packet);
            if (IsFragment(packet))
            {
                return; // from here on the two may know different things
            }
            const bool forwards = reference.fate == Fate::Forwarded;
            EXPECT_EQ(inKernel.fate == Fate::Forwarded, forwards)
                << one.name << ", " << step.what << ": kernel: " << inKernel.reason
                << ", engine: " << reference.reason << "\n"
                << Show(packet);
            if (forwards && inKernel.fate == Fate::Forwarded)
            {
                EXPECT_EQ(Show(inKernel.out.at(0).second), Show(reference.out.at(0).second))
                    << one.name << ", " << step.what << ", of\n"
                    << Show(packet);
            }
            tally.at(static_cast<size_t>(reference.fate)) += k < count ? 1 : 0;
            if (testing::Test::HasFailure())
            {
                return;
            }
        }
    }
}

class BpfMutation : public testing::TestWithParam<XdpMode>
{
};

TEST_P(BpfMutation, OfHeadersAndOptionsHarmsNothing)
{
    if (!MayAdministerNetworks())
    {
        GTEST_SKIP() << "loading eBPF programs needs root";
    }
    static BpfTestNet net; // this process is in it for good
    BpfCaseCarrier kernel(net, GetParam());
    SeededRng random(5);
    const auto all = CasesThat([](const SpliceCase& one) { return !one.crossesFamilies; });
    const size_t wanted = MutationCount();
    Tally tally{};
    while (std::accumulate(tally.begin(), tally.end(), size_t{0}) < wanted && !HasFailure())
    {
        PlayMutated(kernel, *all[random.Below(all.size())], random, 6, tally);
    }
    for (const size_t count : tally) // none of the four fates is the only one
    {
        EXPECT_GT(count, wanted / 100);
    }
    for (const SpliceCase* one : all)
    {
        if (one->name.rfind("DataOfEveryLength", 0) == 0)
        {
            kernel.Clear();
            RunCase(kernel, *one);
        }
    }
}

std::string
ModeName(const testing::TestParamInfo<XdpMode>& mode)
{
    return mode.param == XdpMode::None ? "Tc" : "Xdp";
}

INSTANTIATE_TEST_SUITE_P(Both,
                         BpfMutation,
                         testing::Values(XdpMode::None, XdpMode::Native),
                         ModeName);

} // namespace
} // namespace isb::cases
