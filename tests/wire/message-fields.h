// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_WIRE_MESSAGE_FIELDS_H
#define ISB_TESTS_WIRE_MESSAGE_FIELDS_H

#include "model/wire/isb-message.h"

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// The fields of any message without naming them, so that a test about "every field" stays true
/// when a message gets one more.
namespace isb::test
{

/// Stands for a value of any type in the question "can T be made of so many members?".
struct AnyMember
{
    template <typename T>
    operator T() const;
};

template <typename T, typename Void, typename... Members>
struct CanBeMadeOf : std::false_type
{
};

template <typename T, typename... Members>
struct CanBeMadeOf<T, std::void_t<decltype(T{std::declval<Members>()...})>, Members...>
    : std::true_type
{
};

template <typename T, typename... Members>
constexpr size_t
CountMembers()
{
    if constexpr (CanBeMadeOf<T, void, Members..., AnyMember>::value)
    {
        return CountMembers<T, Members..., AnyMember>();
    }
    else
    {
        return sizeof...(Members);
    }
}

/// Calls `visit` with each of `values`.
template <typename F, typename... T>
void
VisitAll(F& visit, T&... values)
{
    (visit(values), ...);
}

/// Calls `visit` with each member of a struct, in order.
template <typename T, typename F>
void
VisitMembers(T& s, F& visit)
{
    constexpr size_t COUNT = CountMembers<std::remove_const_t<T>>();
    static_assert(COUNT >= 1 && COUNT <= 13);
    if constexpr (COUNT == 1)
    {
        auto& [a] = s;
        VisitAll(visit, a);
    }
    else if constexpr (COUNT == 2)
    {
        auto& [a, b] = s;
        VisitAll(visit, a, b);
    }
    else if constexpr (COUNT == 3)
    {
        auto& [a, b, c] = s;
        VisitAll(visit, a, b, c);
    }
    else if constexpr (COUNT == 4)
    {
        auto& [a, b, c, d] = s;
        VisitAll(visit, a, b, c, d);
    }
    else if constexpr (COUNT == 5)
    {
        auto& [a, b, c, d, e] = s;
        VisitAll(visit, a, b, c, d, e);
    }
    else if constexpr (COUNT == 6)
    {
        auto& [a, b, c, d, e, f] = s;
        VisitAll(visit, a, b, c, d, e, f);
    }
    else if constexpr (COUNT == 7)
    {
        auto& [a, b, c, d, e, f, g] = s;
        VisitAll(visit, a, b, c, d, e, f, g);
    }
    else if constexpr (COUNT == 8)
    {
        auto& [a, b, c, d, e, f, g, h] = s;
        VisitAll(visit, a, b, c, d, e, f, g, h);
    }
    else if constexpr (COUNT == 9)
    {
        auto& [a, b, c, d, e, f, g, h, i] = s;
        VisitAll(visit, a, b, c, d, e, f, g, h, i);
    }
    else if constexpr (COUNT == 11)
    {
        auto& [a, b, c, d, e, f, g, h, i, j, k] = s;
        VisitAll(visit, a, b, c, d, e, f, g, h, i, j, k);
    }
    else if constexpr (COUNT == 12)
    {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l] = s;
        VisitAll(visit, a, b, c, d, e, f, g, h, i, j, k, l);
    }
    else
    {
        static_assert(COUNT == 13);
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = s;
        VisitAll(visit, a, b, c, d, e, f, g, h, i, j, k, l, m);
    }
}

/// Fields that messages got after the first frames of version 1 were frozen.
template <typename T>
inline constexpr bool IS_GROWTH =
    std::is_same_v<T, UserAbilities> || std::is_same_v<T, StunServers> ||
    std::is_same_v<T, WayWishes> || std::is_same_v<T, PunchTargets>;

/// Writes every field of a message: equal text, equal message.
class FieldPrinter
{
  public:
    template <typename T>
    void
    operator()(const T& value)
    {
        if constexpr (std::is_enum_v<T>)
        {
            Leaf(std::to_string(static_cast<unsigned>(value)));
        }
        else if constexpr (std::is_arithmetic_v<T>)
        {
            Leaf(std::to_string(value));
        }
        else if constexpr (std::is_same_v<T, std::string>)
        {
            Leaf(value);
        }
        else if constexpr (std::is_same_v<T, Duration>)
        {
            Leaf(std::to_string(value.count()) + "ns");
        }
        else
        {
            Group(value);
        }
    }

    /// One text per field, depth first; a list is one field.
    std::vector<std::string> leaves;

  private:
    void
    Leaf(std::string text)
    {
        leaves.push_back(std::move(text));
    }

    template <typename T>
    void
    List(const T& values)
    {
        FieldPrinter inner;
        for (const auto& value : values)
        {
            inner(value);
        }
        std::string text = "[";
        for (const std::string& leaf : inner.leaves)
        {
            text += leaf + ",";
        }
        Leaf(text + "]");
    }

    void
    Group(const Token& token)
    {
        List(token);
    }

    template <typename T>
    void
    Group(const std::vector<T>& values)
    {
        List(values);
    }

    template <typename T>
    void
    Group(const T& s)
    {
        VisitMembers(s, *this);
    }
};

/// Sets every field to a value that is allowed, not the default, and no other's.
class FieldFiller
{
  public:
    /// `growth`: fields that came later, too.
    explicit FieldFiller(bool growth)
        : m_growth(growth)
    {
    }

    template <typename T>
    void
    operator()(T& value)
    {
        if constexpr (IS_GROWTH<T>)
        {
            if (m_growth)
            {
                Group(value);
            }
        }
        else if constexpr (std::is_same_v<T, bool>)
        {
            value = !value;
        }
        else if constexpr (std::is_arithmetic_v<T>)
        {
            value = static_cast<T>(++m_last * (sizeof(T) == 1 ? 1 : 201));
        }
        else if constexpr (std::is_same_v<T, std::string>)
        {
            value = "name-" + std::to_string(++m_last);
        }
        else if constexpr (std::is_same_v<T, Duration>)
        {
            value = Duration(++m_last * 1'000'001);
        }
        else
        {
            Group(value);
        }
    }

  private:
    void
    Group(IsbRole& value)
    {
        value = IsbRole::Ist;
    }

    void
    Group(Reachability& value)
    {
        value = Reachability::Private;
    }

    void
    Group(ServicePath& value)
    {
        value = value == ServicePath::Reversed || value == ServicePath::Punched
                    ? ServicePath::Translated
                    : ServicePath::Reversed;
    }

    void
    Group(ForwardingMethod& value)
    {
        value = ForwardingMethod::Pure;
    }

    void
    Group(IsbCode& value)
    {
        value = value == IsbCode::LoggedOut ? IsbCode::Replaced : IsbCode::Cancelled;
    }

    void
    Group(ConnectRole& value)
    {
        value = ConnectRole::Await;
    }

    void
    Group(ConnectionPhase& value)
    {
        value = ConnectionPhase::Closed;
    }

    void
    Group(SpliceNews& value)
    {
        value = SpliceNews::Failed;
    }

    void
    Group(Protocol& value)
    {
        value = Protocol::Udp;
    }

    void
    Group(Token& token)
    {
        for (uint8_t& byte : token)
        {
            byte = static_cast<uint8_t>(++m_last);
        }
    }

    template <typename T>
    void
    Group(std::vector<T>& values)
    {
        values.resize(2);
        for (T& value : values)
        {
            (*this)(value);
        }
    }

    template <typename T>
    void
    Group(T& s)
    {
        VisitMembers(s, *this);
    }

    bool m_growth;
    int64_t m_last = 0;
};

/// Every field of the message, as texts.
inline std::vector<std::string>
FieldsOf(const IsbMessage& message)
{
    FieldPrinter printer;
    std::visit([&](const auto& body) { VisitMembers(body, printer); }, message);
    return printer.leaves;
}

template <size_t... INDEX>
std::vector<IsbMessage>
DefaultMessages(std::index_sequence<INDEX...> /*indices*/)
{
    return {std::variant_alternative_t<INDEX, IsbMessage>{}...};
}

/// One of each message, fields at their defaults.
inline std::vector<IsbMessage>
DefaultMessages()
{
    return DefaultMessages(std::make_index_sequence<std::variant_size_v<IsbMessage>>());
}

/// One of each message, every field set; without `growth` those that came later are not.
inline std::vector<IsbMessage>
FullMessages(bool growth = true)
{
    std::vector<IsbMessage> messages = DefaultMessages();
    for (IsbMessage& message : messages)
    {
        FieldFiller filler(growth);
        std::visit([&](auto& body) { VisitMembers(body, filler); }, message);
    }
    return messages;
}

} // namespace isb::test

#endif
