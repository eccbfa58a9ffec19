// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_ISB_FIELD_H
#define ISB_WIRE_ISB_FIELD_H

#include "model/wire/isb-message.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <string>
#include <vector>

namespace isb
{

/// How one message of isb.proto and its struct stand to each other: specialised in isb-schema.h
/// with `template <F, M, P> static void Fields(F& field, M& ours, P& theirs)`, which names each
/// field once, for FieldWriter and FieldReader.
template <typename Message>
struct IsbSchema;

/// The range of each enumeration on the wire.
[[nodiscard]] inline bool
IsKnown(uint32_t value, IsbRole /*type*/)
{
    return value == 1 || value == 2;
}

[[nodiscard]] inline bool
IsKnown(uint32_t value, Reachability /*type*/)
{
    return value <= static_cast<uint32_t>(Reachability::Private);
}

[[nodiscard]] inline bool
IsKnown(uint32_t value, ServicePath /*type*/)
{
    return value >= 1 && value <= static_cast<uint32_t>(ServicePath::Punched);
}

[[nodiscard]] inline bool
IsKnown(uint32_t value, ForwardingMethod /*type*/)
{
    return value >= 1 && value <= static_cast<uint32_t>(ForwardingMethod::Udp);
}

[[nodiscard]] inline bool
IsKnown(uint32_t value, IsbCode /*type*/)
{
    return value <= static_cast<uint32_t>(IsbCode::Cancelled);
}

[[nodiscard]] inline bool
IsKnown(uint32_t value, ConnectRole /*type*/)
{
    return value == 1 || value == 2;
}

[[nodiscard]] inline bool
IsKnown(uint32_t value, ConnectionPhase /*type*/)
{
    return value >= 1 && value <= static_cast<uint32_t>(ConnectionPhase::Closed);
}

[[nodiscard]] inline bool
IsKnown(uint32_t value, SpliceNews /*type*/)
{
    return value >= 1 && value <= static_cast<uint32_t>(SpliceNews::Failed);
}

/// Services are TCP or UDP.
[[nodiscard]] inline bool
IsKnown(uint32_t value, Protocol /*type*/)
{
    return value == static_cast<uint32_t>(Protocol::Tcp) ||
           value == static_cast<uint32_t>(Protocol::Udp);
}

/// Copies a struct's fields into a message that protoc made: `theirs` is the message, `get` and
/// `set`, `change` or `add` its accessors. Fields must be in their range (asserted).
class FieldWriter
{
  public:
    template <typename T, typename P>
    void
    Number(const T& value, P& theirs, T (P::* /*get*/)() const, void (P::*set)(T))
    {
        (theirs.*set)(value);
    }

    template <typename P>
    void
    Port(uint16_t value, P& theirs, uint32_t (P::* /*get*/)() const, void (P::*set)(uint32_t))
    {
        (theirs.*set)(value);
    }

    template <typename T, typename P>
    void
    Enum(T value, P& theirs, uint32_t (P::* /*get*/)() const, void (P::*set)(uint32_t))
    {
        const auto number = static_cast<uint32_t>(value);
        assert(IsKnown(number, value));
        (theirs.*set)(number);
    }

    template <typename P>
    void
    Time(Duration value, P& theirs, uint64_t (P::* /*get*/)() const, void (P::*set)(uint64_t))
    {
        assert(value.count() >= 0 && value <= ISB_DURATION_LIMIT);
        (theirs.*set)(static_cast<uint64_t>(value.count()));
    }

    template <typename P, typename G>
    void
    Name(const std::string& value, P& theirs, G /*get*/, std::string* (P::*change)())
    {
        assert(IsIsbName(value));
        *(theirs.*change)() = value;
    }

    template <typename P, typename G>
    void
    OptionalName(const std::string& value, P& theirs, G /*get*/, std::string* (P::*change)())
    {
        assert(value.empty() || IsIsbName(value));
        *(theirs.*change)() = value;
    }

    template <typename P, typename G>
    void
    Text(const std::string& value, P& theirs, G /*get*/, std::string* (P::*change)())
    {
        assert(IsIsbText(value));
        *(theirs.*change)() = value;
    }

    template <typename P, typename G>
    void
    Proof(const std::vector<uint8_t>& value, P& theirs, G /*get*/, std::string* (P::*change)())
    {
        assert(value.size() <= ISB_PROOF_LIMIT);
        (theirs.*change)()->assign(value.begin(), value.end());
    }

    template <typename P, typename G>
    void
    Bits(const Token& value, P& theirs, G /*get*/, std::string* (P::*change)())
    {
        (theirs.*change)()->assign(value.begin(), value.end());
    }

    template <typename P, typename G>
    void
    Address(Ipv4 value, P& theirs, G /*get*/, std::string* (P::*change)())
    {
        if (value != Ipv4{})
        {
            const uint32_t bits = value.value;
            for (const int shift : {24, 16, 8, 0})
            {
                (theirs.*change)()->push_back(static_cast<char>((bits >> shift) & 0xff));
            }
        }
    }

    /// A message within the message; left out when all its fields have their defaults of zero.
    template <typename T, typename P, typename Q>
    void
    Part(const T& value, P& theirs, const Q& (P::* /*get*/)() const, Q* (P::*change)())
    {
        Q part;
        IsbSchema<T>::Fields(*this, value, part);
        if (part.ByteSizeLong() > 0)
        {
            *(theirs.*change)() = std::move(part);
        }
    }

    template <typename T, typename P, typename Q>
    void
    Parts(const std::vector<T>& values,
          [[maybe_unused]] size_t limit,
          P& theirs,
          const Q& (P::* /*get*/)(int) const,
          int (P::* /*size*/)() const,
          Q* (P::*add)())
    {
        assert(values.size() <= limit);
        for (const T& value : values)
        {
            IsbSchema<T>::Fields(*this, value, *(theirs.*add)());
        }
    }

    template <typename P>
    void
    Names(const std::vector<std::string>& values,
          P& theirs,
          const std::string& (P::* /*get*/)(int) const,
          int (P::* /*size*/)() const,
          std::string* (P::*add)())
    {
        assert(values.size() <= ISB_ALLOWED_LIMIT);
        for (const std::string& value : values)
        {
            assert(IsIsbName(value));
            *(theirs.*add)() = value;
        }
    }

    template <typename T, typename P>
    void
    Enums(const std::vector<T>& values,
          [[maybe_unused]] size_t limit,
          P& theirs,
          uint32_t (P::* /*get*/)(int) const,
          int (P::* /*size*/)() const,
          void (P::*add)(uint32_t))
    {
        assert(values.size() <= limit);
        for (const T value : values)
        {
            assert(IsKnown(static_cast<uint32_t>(value), value));
            (theirs.*add)(static_cast<uint32_t>(value));
        }
    }
};

/// The inverse: the same calls read the message into the struct, and find what is out of its range.
class FieldReader
{
  public:
    /// False when any field so far was out of its range.
    [[nodiscard]] bool
    IsRight() const
    {
        return m_right;
    }

    template <typename T, typename P>
    void
    Number(T& value, const P& theirs, T (P::*get)() const, void (P::* /*set*/)(T))
    {
        value = (theirs.*get)();
    }

    template <typename P>
    void
    Port(uint16_t& value,
         const P& theirs,
         uint32_t (P::*get)() const,
         void (P::* /*set*/)(uint32_t))
    {
        const uint32_t number = (theirs.*get)();
        Require(number <= UINT16_MAX);
        value = static_cast<uint16_t>(number);
    }

    template <typename T, typename P>
    void
    Enum(T& value, const P& theirs, uint32_t (P::*get)() const, void (P::* /*set*/)(uint32_t))
    {
        const uint32_t number = (theirs.*get)();
        if (Require(IsKnown(number, value)))
        {
            value = static_cast<T>(number);
        }
    }

    template <typename P>
    void
    Time(Duration& value,
         const P& theirs,
         uint64_t (P::*get)() const,
         void (P::* /*set*/)(uint64_t))
    {
        const uint64_t count = (theirs.*get)();
        if (Require(count <= static_cast<uint64_t>(ISB_DURATION_LIMIT.count())))
        {
            value = Duration(static_cast<int64_t>(count));
        }
    }

    template <typename P, typename C>
    void
    Name(std::string& value, const P& theirs, const std::string& (P::*get)() const, C /*change*/)
    {
        value = (theirs.*get)();
        Require(IsIsbName(value));
    }

    template <typename P, typename C>
    void
    OptionalName(std::string& value,
                 const P& theirs,
                 const std::string& (P::*get)() const,
                 C /*change*/)
    {
        value = (theirs.*get)();
        Require(value.empty() || IsIsbName(value));
    }

    template <typename P, typename C>
    void
    Text(std::string& value, const P& theirs, const std::string& (P::*get)() const, C /*change*/)
    {
        value = (theirs.*get)();
        Require(IsIsbText(value));
    }

    template <typename P, typename C>
    void
    Proof(std::vector<uint8_t>& value,
          const P& theirs,
          const std::string& (P::*get)() const,
          C /*change*/)
    {
        const std::string& bytes = (theirs.*get)();
        Require(bytes.size() <= ISB_PROOF_LIMIT);
        value.assign(bytes.begin(), bytes.end());
    }

    template <typename P, typename C>
    void
    Bits(Token& value, const P& theirs, const std::string& (P::*get)() const, C /*change*/)
    {
        const std::string& bytes = (theirs.*get)();
        if (Require(bytes.size() == value.size()))
        {
            std::copy(bytes.begin(), bytes.end(), value.begin());
        }
    }

    template <typename P, typename C>
    void
    Address(Ipv4& value, const P& theirs, const std::string& (P::*get)() const, C /*change*/)
    {
        const std::string& bytes = (theirs.*get)();
        Require(bytes.empty() || bytes.size() == 4);
        value = {};
        for (const char byte : bytes)
        {
            value.value = value.value << 8 | static_cast<uint8_t>(byte);
        }
    }

    template <typename T, typename P, typename Q>
    void
    Part(T& value, const P& theirs, const Q& (P::*get)() const, Q* (P::* /*change*/)())
    {
        IsbSchema<T>::Fields(*this, value, (theirs.*get)());
    }

    template <typename T, typename P, typename Q>
    void
    Parts(std::vector<T>& values,
          size_t limit,
          const P& theirs,
          const Q& (P::*get)(int) const,
          int (P::*size)() const,
          Q* (P::* /*add*/)())
    {
        const int count = (theirs.*size)();
        if (Require(static_cast<size_t>(count) <= limit))
        {
            for (int at = 0; at < count; ++at)
            {
                IsbSchema<T>::Fields(*this, values.emplace_back(), (theirs.*get)(at));
            }
        }
    }

    template <typename P>
    void
    Names(std::vector<std::string>& values,
          const P& theirs,
          const std::string& (P::*get)(int) const,
          int (P::*size)() const,
          std::string* (P::* /*add*/)())
    {
        const int count = (theirs.*size)();
        if (Require(static_cast<size_t>(count) <= ISB_ALLOWED_LIMIT))
        {
            for (int at = 0; at < count; ++at)
            {
                Require(IsIsbName(values.emplace_back((theirs.*get)(at))));
            }
        }
    }

    template <typename T, typename P>
    void
    Enums(std::vector<T>& values,
          size_t limit,
          const P& theirs,
          uint32_t (P::*get)(int) const,
          int (P::*size)() const,
          void (P::* /*add*/)(uint32_t))
    {
        const int count = (theirs.*size)();
        if (Require(static_cast<size_t>(count) <= limit))
        {
            for (int at = 0; at < count; ++at)
            {
                const uint32_t number = (theirs.*get)(at);
                Require(IsKnown(number, T{}));
                values.push_back(static_cast<T>(number));
            }
        }
    }

  private:
    bool
    Require(bool right)
    {
        m_right = m_right && right;
        return right;
    }

    bool m_right = true;
};

} // namespace isb

#endif
