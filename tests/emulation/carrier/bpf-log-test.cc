// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-log.h"

#include <bpf/libbpf.h>
#include <cstdarg>
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

/// What libbpf would say itself.
void
Say(const char* format, ...)
{
    const libbpf_print_fn_t print = libbpf_set_print(nullptr);
    (void)libbpf_set_print(print);
    va_list arguments;
    va_start(arguments, format);
    (void)print(LIBBPF_WARN, format, arguments);
    va_end(arguments);
}

TEST(BpfLog, TheVerifiersLogIsShownToWhoAsks)
{
    const BpfLog log;
    Say("libbpf: prog '%s': failed to load: %d\n", "ist_tc", -13);
    Say("libbpf: prog 'ist_tc': -- BEGIN PROG LOAD LOG --\n%s-- END PROG LOAD LOG --\n",
        "R1 invalid mem access\n");
    EXPECT_EQ(log.Explanation(false), " (prog 'ist_tc': failed to load: -13)");
    EXPECT_EQ(log.Explanation(true),
              " (prog 'ist_tc': failed to load: -13)\n"
              "-- BEGIN PROG LOAD LOG --\nR1 invalid mem access\n-- END PROG LOAD LOG --");
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
