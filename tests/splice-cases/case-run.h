// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_SPLICE_CASES_CASE_RUN_H
#define ISB_TESTS_SPLICE_CASES_CASE_RUN_H

#include "tests/splice-cases/splice-case.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace isb::cases
{

/// What a carrier did with one packet.
struct Outcome
{
    Fate fate = Fate::Passes;
    std::string reason{}; ///< Dropped
    /// All that left, with the user by whose device; checksums as the carrier left them.
    std::vector<std::pair<IstSide, Bytes>> out{};
    /// False: the carrier cannot tell Consumed from Dropped, nor reasons.
    bool tellsReasons = true;
};

/// A splice carrier as the cases see it: empty, one for each case.
class CaseCarrier
{
  public:
    CaseCarrier() = default;
    virtual ~CaseCarrier() = default;
    CaseCarrier(const CaseCarrier&) = delete;
    CaseCarrier& operator=(const CaseCarrier&) = delete;

    /// Opens a pair, or says why not.
    virtual std::string Open(const IstPair& pair) = 0;
    /// Gives one packet, from the IP header on, that comes by the device of a user.
    virtual Outcome Give(IstSide at, const Bytes& packet) = 0;
    /// Whether a fragment that came before its first one waits for it.
    [[nodiscard]] virtual bool HoldsFragments() const = 0;
};

/// Plays a case; every difference is a failure of the running test.
void RunCase(CaseCarrier& carrier, const SpliceCase& wanted);

/// Names for INSTANTIATE_TEST_SUITE_P.
[[nodiscard]] std::string CaseName(const testing::TestParamInfo<const SpliceCase*>& info);

/// The cases that a predicate admits, for ::testing::ValuesIn.
template <typename Admits>
[[nodiscard]] std::vector<const SpliceCase*>
CasesThat(Admits admits)
{
    std::vector<const SpliceCase*> chosen;
    for (const SpliceCase& one : AllCases())
    {
        if (admits(one))
        {
            chosen.push_back(&one);
        }
    }
    return chosen;
}

} // namespace isb::cases

#endif
