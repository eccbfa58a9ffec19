// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/nearest-word.h"

#include <gtest/gtest.h>

namespace isb
{

namespace
{

const std::vector<std::string_view> ROLES{"forwarder", "nat", "ist-app", "ist-kernel"};

struct NearestCase
{
    const char* word;
    const char* nearest;
};

class NearestWordTable : public testing::TestWithParam<NearestCase>
{
};

TEST_P(NearestWordTable, IsTheLeastEditDistance)
{
    EXPECT_EQ(NearestWord(GetParam().word, ROLES), GetParam().nearest);
}

INSTANTIATE_TEST_SUITE_P(Words,
                         NearestWordTable,
                         testing::Values(NearestCase{"nat", "nat"},
                                         NearestCase{"natt", "nat"},
                                         NearestCase{"tan", "nat"},
                                         NearestCase{"NAT", "nat"},
                                         NearestCase{"ist_kernel", "ist-kernel"},
                                         NearestCase{"istapp", "ist-app"},
                                         NearestCase{"fowrarder", "forwarder"},
                                         NearestCase{"", "nat"}));

TEST(NearestWord, IsEmptyWithoutCandidates)
{
    EXPECT_EQ(NearestWord("nat", {}), "");
    EXPECT_EQ(SuggestWord("nat", {}), "none is defined");
}

TEST(SuggestWord, NamesTheNearestOne)
{
    EXPECT_EQ(SuggestWord("natt", ROLES), "nearest valid: 'nat'");
}

TEST(SuggestWord, ListsAllWhenNothingIsNear)
{
    EXPECT_EQ(SuggestWord("zzzzzzzz", ROLES), "valid: 'forwarder', 'nat', 'ist-app', 'ist-kernel'");
}

TEST(Quoted, KeepsTheLineOneLineAndShort)
{
    EXPECT_EQ(Quoted("plain"), "'plain'");
    EXPECT_EQ(Quoted("a\nb\x7f"), "'a\\x0ab\\x7f'");
    EXPECT_EQ(Quoted(std::string(100, 'x')), "'" + std::string(60, 'x') + "...'");
}

TEST(Quoted, DoesNotCutACharacter)
{
    const std::string umlauts = "a\xc3\xa4" + std::string(57, 'x') + "\xc3\xa4tail";
    EXPECT_EQ(Quoted(umlauts), "'a\xc3\xa4" + std::string(57, 'x') + "...'");
}

} // namespace

} // namespace isb
