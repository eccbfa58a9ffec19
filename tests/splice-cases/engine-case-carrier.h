// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_SPLICE_CASES_ENGINE_CASE_CARRIER_H
#define ISB_TESTS_SPLICE_CASES_ENGINE_CASE_CARRIER_H

#include "model/core/ist/ist-engine.h"
#include "model/core/random/rng.h"
#include "tests/splice-cases/case-run.h"

#include <map>

namespace isb::cases
{

/// The reference: the splice core as IstEngine carries it, in this process.
class EngineCaseCarrier : public CaseCarrier
{
  public:
    explicit EngineCaseCarrier(const IstSettings& settings);

    std::string Open(const IstPair& pair) override;
    Outcome Give(IstSide at, const Bytes& packet) override;
    [[nodiscard]] bool HoldsFragments() const override;

  private:
    /// Sends what the engine made and let go.
    void Drain(Outcome& outcome);

    SeededRng m_random{7};
    IstEngine m_engine;
    std::map<uint64_t, Bytes> m_held;
    TimePoint m_now{std::chrono::seconds(1)};
};

/// The user to whom a packet goes, by its destination: B's addresses are 10.0.2.1, 2001:db8:2::1.
[[nodiscard]] IstSide SideOfDestination(const Bytes& packet);

} // namespace isb::cases

#endif
