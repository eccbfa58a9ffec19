// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-log.h"

#include <bpf/libbpf.h>
#include <gtest/gtest.h>

namespace isb
{
namespace
{

/// libbpf refuses bytes that are no object, with warnings.
void
Warn()
{
    constexpr char NONSENSE[] = "no object";
    EXPECT_EQ(bpf_object__open_mem(NONSENSE, sizeof(NONSENSE), nullptr), nullptr);
}

TEST(BpfLog, WarningsBecomeThePartOfAnErrorInBrackets)
{
    const BpfLog log;
    EXPECT_EQ(log.Explanation(false), "") << "nothing was said";
    Warn();
    const std::string text = log.Explanation(false);
    EXPECT_EQ(text.substr(0, 2), " (");
    EXPECT_EQ(text.find("libbpf:"), std::string::npos);
    EXPECT_EQ(text.find('\n'), std::string::npos);
}

TEST(BpfLog, WhatWasSaidBeforeIsNotToldAgain)
{
    {
        const BpfLog log;
        Warn();
    }
    const BpfLog log;
    EXPECT_EQ(log.Explanation(false), "");
}

} // namespace
} // namespace isb
