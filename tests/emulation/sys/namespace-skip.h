// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_EMULATION_SYS_NAMESPACE_SKIP_H
#define ISB_TESTS_EMULATION_SYS_NAMESPACE_SKIP_H

#include "emulation/sys/network-namespace.h"
#include "emulation/sys/system-error.h"

#include <gtest/gtest.h>

/// Skips the test, with the reason, where no network namespace can be made.
#define ISB_SKIP_WITHOUT_NAMESPACES()          \
    try                                        \
    {                                          \
        (void)isb::NetworkNamespace::Create(); \
    }                                          \
    catch (const isb::SystemError& error)      \
    {                                          \
        GTEST_SKIP() << error.what();          \
    }

#endif
