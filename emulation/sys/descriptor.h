// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_DESCRIPTOR_H
#define ISB_EMULATION_SYS_DESCRIPTOR_H

#include <unistd.h>
#include <utility>

namespace isb
{

/// A file descriptor that is closed with its owner.
class Descriptor
{
  public:
    Descriptor() = default;

    /// Takes it over. Negative: none.
    explicit Descriptor(int number)
        : m_number(number)
    {
    }

    Descriptor(Descriptor&& other) noexcept
        : m_number(std::exchange(other.m_number, -1))
    {
    }

    Descriptor&
    operator=(Descriptor&& other) noexcept
    {
        if (this != &other)
        {
            Close();
            m_number = std::exchange(other.m_number, -1);
        }
        return *this;
    }

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    ~Descriptor()
    {
        Close();
    }

    [[nodiscard]] int
    Get() const
    {
        return m_number;
    }

    /// True when there is one.
    explicit operator bool() const
    {
        return m_number >= 0;
    }

    /// Gives it to the caller, who closes it.
    [[nodiscard]] int
    Release()
    {
        return std::exchange(m_number, -1);
    }

    void
    Close()
    {
        if (m_number >= 0)
        {
            ::close(std::exchange(m_number, -1));
        }
    }

  private:
    int m_number = -1;
};

} // namespace isb

#endif
