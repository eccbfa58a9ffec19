// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_SUBPROCESS_H
#define ISB_EMULATION_SYS_SUBPROCESS_H

#include "emulation/sys/descriptor.h"
#include "emulation/sys/network-namespace.h"

#include <optional>
#include <stdexcept>
#include <string>
#include <sys/types.h>
#include <vector>

namespace isb
{

/// A program to run.
struct Command
{
    std::vector<std::string> arguments;      ///< the first is the program, looked for on PATH
    const NetworkNamespace* space = nullptr; ///< where; null: in ours
    std::string input;                       ///< its standard input
};

/// A running program. It is killed and reaped with its owner, and killed when we are.
class Subprocess
{
  public:
    /// Starts it; its standard output and error come through Output(). Throws SystemError, also
    /// when the program cannot be executed. `input` must fit into a pipe (64 KiB).
    explicit Subprocess(const Command& command);
    ~Subprocess();
    Subprocess(Subprocess&& other) noexcept;
    Subprocess& operator=(Subprocess&&) = delete;
    Subprocess(const Subprocess&) = delete;
    Subprocess& operator=(const Subprocess&) = delete;

    [[nodiscard]] pid_t Pid() const;

    /// What it prints: blocking, ends with the program.
    [[nodiscard]] Descriptor& Output();

    /// Waits for its end: its exit status, or 128 and its signal's number as shells say it.
    int Wait();

  private:
    pid_t m_pid = -1;
    Descriptor m_output;
    std::optional<int> m_status;
};

/// Runs a program to its end; what it printed. Throws SystemError when it cannot be started and
/// CommandFailed when its status is not 0.
std::string RunCommand(const Command& command);

/// A program ended with a status that says failure.
class CommandFailed : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

} // namespace isb

#endif
