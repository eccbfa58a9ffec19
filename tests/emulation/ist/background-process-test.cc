// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/background-process.h"

#include "emulation/sys/descriptor.h"

#include <array>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace isb
{
namespace
{

/// A named pipe, gone after the test.
class Fifo
{
  public:
    Fifo()
        : path(testing::TempDir() + "ist-background-" + std::to_string(getpid()))
    {
        EXPECT_EQ(mkfifo(path.c_str(), 0600), 0);
    }

    ~Fifo()
    {
        unlink(path.c_str());
    }

    Fifo(const Fifo&) = delete;
    Fifo& operator=(const Fifo&) = delete;

    std::string path;
};

TEST(BackgroundProcess, GoesOnInASessionOfItsOwn)
{
    const Fifo fifo;
    // Open for both, so that neither end waits for the other to open it.
    const Descriptor ours(open(fifo.path.c_str(), O_RDWR | O_CLOEXEC));
    StartInBackground(
        [&fifo](const std::function<void()>& runs)
        {
            runs();
            const Descriptor theirs(open(fifo.path.c_str(), O_WRONLY | O_CLOEXEC));
            const std::array<pid_t, 2> ids{getpid(), getsid(0)};
            (void)!write(theirs.Get(), ids.data(), sizeof(ids));
        });
    std::array<pid_t, 2> ids{};
    ASSERT_EQ(read(ours.Get(), ids.data(), sizeof(ids)), static_cast<ssize_t>(sizeof(ids)));
    EXPECT_NE(ids[0], getpid());
    EXPECT_EQ(ids[0], ids[1]);
}

TEST(BackgroundProcess, TellsWhyItCannotRun)
{
    try
    {
        StartInBackground([](const std::function<void()>&)
                          { throw std::runtime_error("open /dev/net/tun: it is gone"); });
        FAIL() << "it claims to run";
    }
    catch (const std::runtime_error& error)
    {
        EXPECT_STREQ(error.what(), "open /dev/net/tun: it is gone");
    }
}

TEST(BackgroundProcess, IsMissedWhenItEndsAtOnce)
{
    EXPECT_THROW(StartInBackground([](const std::function<void()>&) {}), std::runtime_error);
}

} // namespace
} // namespace isb
