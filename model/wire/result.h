// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_RESULT_H
#define ISB_WIRE_RESULT_H

#include <string>
#include <utility>
#include <variant>

namespace isb
{

/// Why something was refused, as one clear line without newline.
struct Error
{
    std::string text;
};

/// A value, or the reason why there is none. For faults of the other side (input, peer, user);
/// our own faults are assertions.
template <typename T>
class [[nodiscard]] Result
{
  public:
    Result(T value)
        : m_content(std::in_place_index<0>, std::move(value))
    {
    }

    Result(Error error)
        : m_content(std::in_place_index<1>, std::move(error))
    {
    }

    explicit operator bool() const
    {
        return m_content.index() == 0;
    }

    /// The value. Only when there is one.
    const T&
    operator*() const
    {
        return *std::get_if<0>(&m_content);
    }

    T&
    operator*()
    {
        return *std::get_if<0>(&m_content);
    }

    const T*
    operator->() const
    {
        return std::get_if<0>(&m_content);
    }

    T*
    operator->()
    {
        return std::get_if<0>(&m_content);
    }

    /// The reason. Only when there is no value.
    [[nodiscard]] const std::string&
    Why() const
    {
        return std::get_if<1>(&m_content)->text;
    }

  private:
    std::variant<T, Error> m_content;
};

} // namespace isb

#endif
