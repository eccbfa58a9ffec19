// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_SPLICE_CASES_CASE_LISTS_H
#define ISB_TESTS_SPLICE_CASES_CASE_LISTS_H

#include "tests/splice-cases/case-script.h"

#include <vector>

namespace isb::cases
{

/// Each adds the cases of its subject for one combination of families.
void AddHandshakeCases(const Families& families, std::vector<SpliceCase>& cases);
void AddDataCases(const Families& families, std::vector<SpliceCase>& cases);
void AddCloseCases(const Families& families, std::vector<SpliceCase>& cases);
void AddMethodCases(const Families& families, std::vector<SpliceCase>& cases);
void AddUdpCases(const Families& families, std::vector<SpliceCase>& cases);
void AddFragmentCases(const Families& families, std::vector<SpliceCase>& cases);
void AddIcmpCases(const Families& families, std::vector<SpliceCase>& cases);
void AddForeignCases(const Families& families, std::vector<SpliceCase>& cases);

} // namespace isb::cases

#endif
