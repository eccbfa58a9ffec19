// SPDX-License-Identifier: GPL-2.0-or-later
// The one list of cases against the kernel's eBPF programs, packets compared byte by byte.
#include "emulation/sys/capabilities.h"
#include "tests/kernel/bpf/bpf-case-carrier.h"

namespace isb::cases
{
namespace
{

/// A program is loaded once for all cases: the verifier takes longer than they do.
class BpfCases : public testing::TestWithParam<const SpliceCase*>
{
  protected:
    void
    SetUp() override
    {
        if (!MayAdministerNetworks())
        {
            GTEST_SKIP() << "loading eBPF programs needs root";
        }
    }

    static BpfTestNet&
    Net()
    {
        static BpfTestNet net;
        return net;
    }

    static void
    Play(BpfCaseCarrier& carrier)
    {
        carrier.Clear();
        RunCase(carrier, *GetParam());
    }
};

class TcCases : public BpfCases
{
  protected:
    static void
    TearDownTestSuite()
    {
        s_carrier.reset();
    }

    static BpfCaseCarrier&
    Carrier()
    {
        if (!s_carrier)
        {
            s_carrier = std::make_unique<BpfCaseCarrier>(Net(), XdpMode::None);
        }
        return *s_carrier;
    }

  private:
    static inline std::unique_ptr<BpfCaseCarrier> s_carrier;
};

class XdpCases : public BpfCases
{
  protected:
    static void
    TearDownTestSuite()
    {
        s_carrier.reset();
    }

    static BpfCaseCarrier&
    Carrier()
    {
        if (!s_carrier)
        {
            s_carrier = std::make_unique<BpfCaseCarrier>(Net(), XdpMode::Native);
        }
        return *s_carrier;
    }

  private:
    static inline std::unique_ptr<BpfCaseCarrier> s_carrier;
};

TEST_P(TcCases, GiveTheExpectedPackets)
{
    Play(Carrier());
}

TEST_P(XdpCases, GiveTheExpectedPackets)
{
    Play(Carrier());
}

/// The list would say nothing about XDP if all packets were passed to tc.
class XdpShortCut : public XdpCases
{
};

TEST_P(XdpShortCut, EstablishedDataDoesNotReachTc)
{
    Play(Carrier());
    EXPECT_GT(Carrier().EndedAtXdp(), 5U);
}

bool
Any(const SpliceCase&)
{
    return true;
}

bool
IsLongTalk(const SpliceCase& one)
{
    return one.name == "DataOfEveryLengthBothWays_v4" || one.name == "DataOfEveryLengthBothWays_v6";
}

INSTANTIATE_TEST_SUITE_P(All, TcCases, testing::ValuesIn(CasesThat(Any)), CaseName);
INSTANTIATE_TEST_SUITE_P(All, XdpCases, testing::ValuesIn(CasesThat(Any)), CaseName);
INSTANTIATE_TEST_SUITE_P(All, XdpShortCut, testing::ValuesIn(CasesThat(IsLongTalk)), CaseName);

} // namespace
} // namespace isb::cases
