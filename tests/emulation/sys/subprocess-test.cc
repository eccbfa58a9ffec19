// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/subprocess.h"

#include "emulation/sys/system-error.h"

#include <cerrno>
#include <csignal>
#include <gtest/gtest.h>

namespace isb
{
namespace
{

TEST(Subprocess, GivesInputAndTakesOutput)
{
    EXPECT_EQ(RunCommand({{"cat"}, nullptr, "through"}), "through");
    EXPECT_EQ(RunCommand({{"sh", "-c", "echo error >&2"}, nullptr, ""}), "error\n");
}

TEST(Subprocess, TellsTheStatus)
{
    Subprocess seven({{"sh", "-c", "exit 7"}, nullptr, ""});
    EXPECT_EQ(seven.Wait(), 7);
    EXPECT_EQ(seven.Wait(), 7) << "also later";
    Subprocess killed({{"sh", "-c", "kill -TERM $$"}, nullptr, ""});
    EXPECT_EQ(killed.Wait(), 128 + SIGTERM);
}

TEST(Subprocess, AFailureSaysWhatRanAndWhatItPrinted)
{
    try
    {
        RunCommand({{"sh", "-c", "echo because; exit 3"}, nullptr, ""});
        FAIL() << "nothing was thrown";
    }
    catch (const CommandFailed& error)
    {
        EXPECT_STREQ(error.what(), "sh -c echo because; exit 3 ended with status 3: because\n");
    }
}

TEST(Subprocess, AProgramThatIsNotThereIsAnError)
{
    try
    {
        const Subprocess none({{"no-such-program"}, nullptr, ""});
        FAIL() << "nothing was thrown";
    }
    catch (const SystemError& error)
    {
        EXPECT_EQ(error.Number(), ENOENT);
    }
}

TEST(Subprocess, IsGoneWithItsOwner)
{
    pid_t pid = 0;
    {
        const Subprocess sleeper({{"sleep", "600"}, nullptr, ""});
        pid = sleeper.Pid();
        EXPECT_EQ(kill(pid, 0), 0);
    }
    EXPECT_EQ(kill(pid, 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

} // namespace
} // namespace isb
