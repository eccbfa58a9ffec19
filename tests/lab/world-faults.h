// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_LAB_WORLD_FAULTS_H
#define ISB_TESTS_LAB_WORLD_FAULTS_H

#include "tests/lab/fault-table.h"

#include <map>
#include <string>
#include <string_view>

namespace isb
{

/// A small valid scenario of the broker's world that tests change line by line:
///
///     bob, printer ---[flat]---[home]--- east --- internet --- isb, ist
///                        ann ---/                    \--- u1, u3, u5; u2, u4, u6 behind NATs
extern const std::string_view SMALL_WORLD;

/// SMALL_WORLD with some of its lines replaced, as SmallLabWith().
[[nodiscard]] std::string SmallWorldWith(const std::map<int, std::string>& changes);

/// Lines of SMALL_WORLD replaced, and the exact error lines that must come of it.
class WorldFaults : public testing::TestWithParam<FaultCase>
{
};

} // namespace isb

#endif
