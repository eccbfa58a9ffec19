// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_SYSTEM_ERROR_H
#define ISB_EMULATION_SYS_SYSTEM_ERROR_H

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace isb
{

/// The environment does not let us: thrown where it is found, caught once in main, printed as one
/// line that says what was attempted: "open /dev/net/tun: Permission denied".
class SystemError : public std::runtime_error
{
  public:
    /// `what`: the attempt; `number`: errno's value.
    explicit SystemError(const std::string& what, int number = errno)
        : std::runtime_error(what + ": " + std::generic_category().message(number)),
          m_number(number)
    {
    }

    /// errno's value.
    [[nodiscard]] int
    Number() const
    {
        return m_number;
    }

  private:
    int m_number;
};

} // namespace isb

#endif
