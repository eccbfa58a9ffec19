// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_KERNEL_BPF_BPF_CASE_CARRIER_H
#define ISB_TESTS_KERNEL_BPF_BPF_CASE_CARRIER_H

#include "emulation/carrier/bpf-carrier.h"
#include "tests/kernel/bpf/bpf-test-net.h"
#include "tests/splice-cases/case-run.h"

#include <memory>
#include <optional>

namespace isb::cases
{

/// The IST as eBPF programs: each packet is run through them by BPF_PROG_TEST_RUN as from one of
/// the wires of a BpfTestNet; what they send beside it is read at the wires' other ends.
class BpfCaseCarrier : public CaseCarrier
{
  public:
    /// Attaches. With XDP a packet goes to that program first, and to tc if it passes.
    BpfCaseCarrier(BpfTestNet& net, XdpMode xdp);
    ~BpfCaseCarrier() override;

    std::string Open(const IstPair& pair) override;
    Outcome Give(IstSide at, const Bytes& packet) override;
    [[nodiscard]] bool HoldsFragments() const override;

    /// Forgets all splices and fragments, for the next case.
    void Clear();
    /// Packets that XDP has redirected itself.
    [[nodiscard]] unsigned int EndedAtXdp() const;

  private:
    struct Run
    {
        uint32_t verdict = 0; ///< TC_ACT_* or XDP_*
        Bytes frame;
    };

    [[nodiscard]] Run RunTc(IstSide at, const Bytes& frame) const;
    [[nodiscard]] Run RunXdp(IstSide at, const Bytes& frame) const;
    /// What the counters say of the last packet.
    void Judge(const IstCounters& before, Outcome& outcome);

    BpfTestNet& m_net;
    std::string m_folder;
    std::unique_ptr<BpfCarrier> m_carrier;
    Descriptor m_tc;
    Descriptor m_xdp;
    Descriptor m_fragments;
    unsigned int m_endedAtXdp = 0;
};

} // namespace isb::cases

#endif
