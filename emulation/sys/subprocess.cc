// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/subprocess.h"

#include "emulation/sys/system-error.h"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <utility>

namespace isb
{

namespace
{

struct Pipe
{
    Descriptor read;
    Descriptor write;

    Pipe()
    {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0)
        {
            throw SystemError("make a pipe");
        }
        read = Descriptor(ends[0]);
        write = Descriptor(ends[1]);
    }
};

/// In the child, where nothing may be allocated: becomes the program, or tells errno and ends.
[[noreturn]] void
Become(char* const* arguments, int space, int input, int output, int report, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const bool ready = getppid() == parent && (space < 0 || setns(space, CLONE_NEWNET) == 0) &&
                       dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
                       dup2(output, STDERR_FILENO) >= 0;
    if (ready)
    {
        execvp(arguments[0], arguments);
    }
    const int error = errno;
    const ssize_t told = write(report, &error, sizeof error);
    _exit(told < 0 ? 126 : 127);
}

std::string
ReadAll(int descriptor)
{
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;)
    {
        const ssize_t count = read(descriptor, buffer.data(), buffer.size());
        if (count > 0)
        {
            text.append(buffer.data(), static_cast<size_t>(count));
        }
        else if (count == 0 || errno != EINTR)
        {
            return text;
        }
    }
}

} // namespace

Subprocess::Subprocess(const Command& command)
{
    std::vector<std::string> words = command.arguments;
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words)
    {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);

    Pipe input;
    Pipe output;
    Pipe report;
    if (!command.input.empty() &&
        write(input.write.Get(), command.input.data(), command.input.size()) !=
            static_cast<ssize_t>(command.input.size()))
    {
        throw SystemError("write the input of " + words[0]);
    }
    const pid_t self = getpid();
    m_pid = fork();
    if (m_pid < 0)
    {
        throw SystemError("start " + words[0]);
    }
    if (m_pid == 0)
    {
        Become(arguments.data(),
               command.space ? command.space->Get() : -1,
               input.read.Get(),
               output.write.Get(),
               report.write.Get(),
               self);
    }
    report.write.Close();
    m_output = std::move(output.read);
    int error = 0;
    if (read(report.read.Get(), &error, sizeof error) == static_cast<ssize_t>(sizeof error))
    {
        Wait();
        throw SystemError("run " + words[0], error);
    }
}

Subprocess::~Subprocess()
{
    if (m_pid > 0 && !m_status)
    {
        kill(m_pid, SIGKILL);
        while (waitpid(m_pid, nullptr, 0) < 0 && errno == EINTR)
        {
        }
    }
}

Subprocess::Subprocess(Subprocess&& other) noexcept
    : m_pid(std::exchange(other.m_pid, -1)),
      m_output(std::move(other.m_output)),
      m_status(other.m_status)
{
}

pid_t
Subprocess::Pid() const
{
    return m_pid;
}

Descriptor&
Subprocess::Output()
{
    return m_output;
}

int
Subprocess::Wait()
{
    int status = 0;
    while (!m_status)
    {
        if (waitpid(m_pid, &status, 0) == m_pid)
        {
            m_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        else if (errno != EINTR)
        {
            throw SystemError("wait for a program");
        }
    }
    return *m_status;
}

std::string
RunCommand(const Command& command)
{
    Subprocess program(command);
    std::string printed = ReadAll(program.Output().Get());
    const int status = program.Wait();
    if (status != 0)
    {
        std::string line;
        for (const std::string& word : command.arguments)
        {
            line += word + ' ';
        }
        throw CommandFailed(line + "ended with status " + std::to_string(status) + ": " + printed);
    }
    return printed;
}

} // namespace isb
