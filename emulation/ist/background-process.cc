// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/background-process.h"

#include "emulation/sys/descriptor.h"
#include "emulation/sys/system-error.h"

#include <array>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace isb
{

namespace
{

// What the new process says when it runs; everything else is why it does not.
constexpr char RUNS = '\0';
constexpr int REPORT = 3; // its end of the pipe, after all others are closed

/// Nothing of the parent's is kept but the pipe.
void
LeaveParent(const Descriptor& report)
{
    if (report.Get() != REPORT)
    {
        dup2(report.Get(), REPORT);
    }
    close_range(REPORT + 1, ~0U, 0);
    setsid();
    (void)!chdir("/");
    const Descriptor nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    {
        dup2(nothing.Get(), standard);
    }
}

[[noreturn]] void
Work(const Descriptor& pipe, const std::function<void(const std::function<void()>& runs)>& work)
{
    LeaveParent(pipe);
    bool isRunning = false;
    int status = EXIT_SUCCESS;
    try
    {
        work(
            [&isRunning]
            {
                (void)!write(REPORT, &RUNS, 1);
                close(REPORT);
                isRunning = true;
            });
    }
    catch (const std::exception& error)
    {
        const std::string why = error.what();
        if (!isRunning)
        {
            (void)!write(REPORT, why.data(), why.size());
        }
        status = EXIT_FAILURE;
    }
    _exit(status);
}

} // namespace

void
StartInBackground(const std::function<void(const std::function<void()>& runs)>& work)
{
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
    {
        throw SystemError("make a pipe");
    }
    Descriptor reading(ends[0]);
    Descriptor writing(ends[1]);
    const pid_t child = fork();
    if (child < 0)
    {
        throw SystemError("start a process in the background");
    }
    if (child == 0)
    {
        Work(writing, work);
    }
    writing.Close();
    std::string said;
    std::array<char, 512> chunk{};
    ssize_t got = 0;
    while ((got = read(reading.Get(), chunk.data(), chunk.size())) > 0 ||
           (got < 0 && errno == EINTR))
    {
        said.append(chunk.data(), got > 0 ? static_cast<size_t>(got) : 0);
    }
    if (said.size() == 1 && said.front() == RUNS)
    {
        return;
    }
    (void)waitpid(child, nullptr, 0);
    throw std::runtime_error(said.empty() ? "the process in the background ended at once" : said);
}

} // namespace isb
