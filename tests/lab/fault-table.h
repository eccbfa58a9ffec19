// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_LAB_FAULT_TABLE_H
#define ISB_TESTS_LAB_FAULT_TABLE_H

#include "tests/lab/lab-text.h"

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

namespace isb
{

/// Lines of SMALL_LAB replaced, and the exact error lines ("LINE: what") that must come of it.
struct FaultCase
{
    const char* name;
    std::map<int, std::string> changes;
    std::vector<std::string> errors;
};

class FaultTable : public testing::TestWithParam<FaultCase>
{
};

/// Names the tests: FaultTable.IsRefusedInExactlyTheseLines/PortInTwoLinks
inline std::string
FaultName(const testing::TestParamInfo<FaultCase>& info)
{
    return info.param.name;
}

} // namespace isb

#endif
