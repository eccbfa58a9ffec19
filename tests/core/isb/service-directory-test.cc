// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/service-directory.h"

#include "model/core/random/rng.h"
#include "model/wire/isb-codec.h"

#include <gtest/gtest.h>

#include <string>

namespace isb
{
namespace
{

ServiceRecord
Open(const std::string& name)
{
    ServiceRecord service;
    service.name = name;
    return service;
}

ServiceRecord
Closed(const std::string& name, const std::vector<std::string>& allowed)
{
    ServiceRecord service = Open(name);
    service.open = false;
    service.allowed = allowed;
    return service;
}

std::string
Names(const ListingMessage& listing)
{
    std::string text;
    for (const ListingEntry& entry : listing.entries)
    {
        text += (text.empty() ? "" : " ") + entry.provider + "/" + entry.service;
    }
    return text + (listing.more ? " ..." : "");
}

TEST(ServiceDirectory, ListsInOrderWhatIsOpenOrAllowed)
{
    ServiceDirectory directory;
    directory.Add("bob", Open("web"));
    directory.Add("bob", Closed("files", {"ann"}));
    directory.Add("ann", Open("mail"));
    directory.Add("joe", Closed("secret", {"eve"}));
    EXPECT_EQ(Names(directory.List("ann", {}, 0)), "bob/files bob/web");
    EXPECT_EQ(Names(directory.List("eve", {}, 0)), "ann/mail bob/web joe/secret");
}

TEST(ServiceDirectory, AClosedServiceWithoutNamesIsVisibleToNobody)
{
    ServiceDirectory directory;
    directory.Add("bob", Closed("web", {}));
    EXPECT_EQ(Names(directory.List("ann", {}, 0)), "");
    EXPECT_FALSE(
        ServiceDirectory::IsVisible({"bob", "web"}, *directory.Find({"bob", "web"}), "ann"));
}

TEST(ServiceDirectory, NobodySeesHisOwn)
{
    ServiceDirectory directory;
    directory.Add("bob", Open("web"));
    EXPECT_EQ(Names(directory.List("bob", {}, 0)), "");
}

TEST(ServiceDirectory, ANameIsTakenOnceAProvider)
{
    ServiceDirectory directory;
    EXPECT_TRUE(directory.Add("bob", Open("web")));
    EXPECT_FALSE(directory.Add("bob", Closed("web", {})));
    EXPECT_TRUE(directory.Add("ann", Open("web")));
    EXPECT_EQ(directory.CountOf("bob"), 1U);
    EXPECT_TRUE(directory.Find({"bob", "web"})->open);
}

TEST(ServiceDirectory, WhatIsRemovedIsForgottenByAllIndices)
{
    ServiceDirectory directory;
    directory.Add("bob", Closed("web", {"ann", "ann", "eve"}));
    EXPECT_TRUE(directory.Remove({"bob", "web"}));
    EXPECT_FALSE(directory.Remove({"bob", "web"}));
    EXPECT_EQ(directory.Size(), 0U);
    EXPECT_EQ(directory.CountOf("bob"), 0U);
    EXPECT_EQ(Names(directory.List("ann", {}, 0)), "");
    EXPECT_TRUE(directory.Add("bob", Open("web")));
    EXPECT_EQ(Names(directory.List("ann", {}, 0)), "bob/web");
}

TEST(ServiceDirectory, PagesJoinToTheWholeListWithoutRepetition)
{
    ServiceDirectory directory;
    SeededRng random(5);
    std::string all;
    for (int i = 100; i < 400; ++i)
    {
        const std::string name = "s" + std::to_string(i);
        const bool open = random.Below(2) == 0;
        const bool mine = random.Below(2) == 0;
        directory.Add("bob", open ? Open(name) : Closed(name, {mine ? "ann" : "eve"}));
        all += open || mine ? "bob/" + name + " " : "";
    }
    std::string joined;
    ServiceKey after;
    ListingMessage page;
    do
    {
        page = directory.List("ann", after, 7);
        EXPECT_LE(page.entries.size(), 7U);
        for (const ListingEntry& entry : page.entries)
        {
            after = {entry.provider, entry.service};
            joined += entry.provider + "/" + entry.service + " ";
        }
    } while (page.more);
    EXPECT_EQ(joined, all);
}

TEST(ServiceDirectory, APageOfTheLongestEntriesFitsAFrame)
{
    ServiceDirectory directory;
    for (int i = 0; i < 1000; ++i)
    {
        std::string name = std::to_string(i);
        name.resize(ISB_NAME_LIMIT, 'x');
        ServiceRecord service = Open(name);
        service.description.assign(ISB_TEXT_LIMIT, 'd');
        directory.Add(std::string(ISB_NAME_LIMIT, 'p'), service);
    }
    const ListingMessage page = directory.List("ann", {}, 0);
    EXPECT_TRUE(page.more);
    EXPECT_GT(page.entries.size(), 50U);
    EXPECT_LE(EncodeFrame({1, page}).size(), 4 + ISB_FRAME_LIMIT);
}

} // namespace
} // namespace isb
