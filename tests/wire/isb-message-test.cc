// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/isb-message.h"

#include "tests/wire/message-fields.h"

#include <gtest/gtest.h>
#include <set>

namespace isb
{
namespace
{

/// The names of all enumerators from `first` to `last`, and of the one behind.
template <typename T>
std::set<std::string_view>
NamesOf(T first, T last)
{
    std::set<std::string_view> names;
    for (auto value = static_cast<unsigned>(first); value <= static_cast<unsigned>(last); ++value)
    {
        const auto name = ToString(static_cast<T>(value));
        EXPECT_NE(name, "unknown") << value;
        EXPECT_TRUE(names.insert(name).second) << name << " twice";
    }
    EXPECT_EQ(ToString(static_cast<T>(static_cast<unsigned>(last) + 1)), "unknown");
    return names;
}

TEST(IsbMessage, NamesEveryEnumeratorOnce)
{
    EXPECT_EQ(NamesOf(IsbCode::None, IsbCode::Cancelled).size(), 27U);
    EXPECT_EQ(NamesOf(ServicePath::Direct, ServicePath::Punched).size(), 4U);
    EXPECT_EQ(NamesOf(ForwardingMethod::Proxy, ForwardingMethod::Udp).size(), 5U);
    EXPECT_EQ(NamesOf(ConnectionPhase::Established, ConnectionPhase::Closed).size(), 4U);
    EXPECT_EQ(NamesOf(SpliceNews::FirstSyn, SpliceNews::Failed).size(), 5U);
    EXPECT_EQ(ToString(Reachability::Unknown), "unknown");
    EXPECT_EQ(NamesOf(Reachability::Public, Reachability::Private).size(), 2U);
}

TEST(IsbMessage, NamesEveryMessageOnce)
{
    std::set<std::string_view> names;
    for (const IsbMessage& message : test::DefaultMessages())
    {
        EXPECT_TRUE(names.insert(NameOf(message)).second) << NameOf(message);
    }
    EXPECT_EQ(names.size(), std::variant_size_v<IsbMessage>);
    EXPECT_EQ(NameOf(HelloMessage{}), "hello");
    EXPECT_EQ(NameOf(SubscriptionEndedMessage{}), "subscription-ended");
    EXPECT_EQ(NameOf(LoadMessage{}), "load");
}

TEST(IsbMessage, TellsNamesFromOtherTexts)
{
    for (const std::string_view name : {"a", "Ann", "web-1", "a_b", "a.b.c", "0", "-"})
    {
        EXPECT_TRUE(IsIsbName(name)) << name;
    }
    for (const std::string_view name : {"", " ", "a b", "a/b", "a\n", "\xc3\xa4", "a:b", "a\"b"})
    {
        EXPECT_FALSE(IsIsbName(name)) << name;
    }
    EXPECT_TRUE(IsIsbName(std::string(ISB_NAME_LIMIT, 'x')));
    EXPECT_FALSE(IsIsbName(std::string(ISB_NAME_LIMIT + 1, 'x')));
}

} // namespace
} // namespace isb
