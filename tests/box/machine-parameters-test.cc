// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/machine-parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace isb
{
namespace
{

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(MachineParameters, EveryRowReadsBackWhatItWrites)
{
    for (const std::string_view preset : MachinePresetNames())
    {
        const MachineParameters parameters = *MachinePreset(preset);
        MachineParameters copy;
        for (const MachineParameter& row : MachineParameterTable())
        {
            const std::string text = row.Get(parameters);
            EXPECT_FALSE(row.Set(copy, text)) << row.name << " = " << text;
            EXPECT_EQ(row.Get(copy), text) << row.name;
        }
    }
}

TEST(MachineParameters, EachRowIsAFieldOfItsOwn)
{
    std::set<std::string_view> names;
    for (const MachineParameter& row : MachineParameterTable())
    {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_EQ(FindMachineParameter(row.name), &row);
        EXPECT_FALSE(row.meaning.empty());
        MachineParameters changed;
        const MachineParameters unchanged;
        const std::string value = "7 " + std::string(row.unit);
        ASSERT_FALSE(row.Set(changed, value)) << row.name;
        for (const MachineParameter& other : MachineParameterTable())
        {
            EXPECT_EQ(other.Get(changed) == other.Get(unchanged), other.name != row.name)
                << row.name << " and " << other.name;
        }
    }
    EXPECT_EQ(FindMachineParameter("nat-costs"), nullptr);
}

TEST(MachineParameters, SetReadsTheUnitThatIsWritten)
{
    MachineParameters parameters;
    EXPECT_FALSE(FindMachineParameter("nat-cost")->Set(parameters, "0.014 ms"));
    EXPECT_EQ(parameters.natCost, 14us);
    EXPECT_FALSE(FindMachineParameter("copy-cost")->Set(parameters, "12.5 ns/B"));
    EXPECT_EQ(parameters.copyPicoseconds, 12'500);
    EXPECT_FALSE(FindMachineParameter("reassembly-memory")->Set(parameters, "256 KiB"));
    EXPECT_EQ(parameters.reassemblyMemory, 262'144U);
}

TEST(MachineParameters, SetRefusesWhatMakesNoSenseAndSaysWhatWould)
{
    struct Case
    {
        const char* name;
        const char* text;
        const char* complaint;
    };

    const Case cases[] = {
        {"nat-cost", "14", "10 us"},
        {"nat-cost", "14 KiB", "us"},
        {"nat-cost", "-3 us", "nat-cost"},
        {"nat-cost", "2 h", "nat-cost"},
        {"copy-cost", "10 ns", "ns/B"},
        {"backlog", "300 B", "frames"},
        {"backlog", "0 frames", "1 frames"},
        {"pci-clock", "33 Mb/s", "MHz"},
        {"pci-ring", "99999999999 frames", "pci-ring"},
        {"reassembly-memory", "256 us", "KiB"},
        {"untuned-latency", "", "untuned-latency"},
    };
    for (const Case& one : cases)
    {
        MachineParameters parameters;
        const MachineParameter* row = FindMachineParameter(one.name);
        ASSERT_NE(row, nullptr);
        const std::string before = row->Get(parameters);
        const auto complaint = row->Set(parameters, one.text);
        ASSERT_TRUE(complaint) << one.name << " = " << one.text;
        EXPECT_THAT(*complaint, HasSubstr(one.complaint));
        EXPECT_THAT(*complaint, HasSubstr(one.name));
        EXPECT_EQ(row->Get(parameters), before) << "a refused value changes nothing";
    }
}

TEST(MachinePresets, GiveEveryParameterAValueAndAReason)
{
    for (const std::string_view preset : MachinePresetNames())
    {
        ASSERT_TRUE(MachinePreset(preset));
        for (const MachineParameter& row : MachineParameterTable())
        {
            const ParameterReason reason = MachinePresetReason(preset, row);
            EXPECT_FALSE(reason.sentence.empty()) << preset << " " << row.name;
            EXPECT_EQ(reason.claim != 0, reason.origin == ParameterOrigin::Fitted) << row.name;
        }
    }
    EXPECT_FALSE(MachinePreset("ixp420"));
}

TEST(MachinePresets, OnlyFiveValuesAreFittedAndAllOfTheBox)
{
    std::set<std::string_view> fitted;
    for (const std::string_view preset : MachinePresetNames())
    {
        for (const MachineParameter& row : MachineParameterTable())
        {
            if (MachinePresetReason(preset, row).origin == ParameterOrigin::Fitted)
            {
                EXPECT_EQ(preset, "ixp425");
                fitted.insert(row.name);
            }
        }
    }
    const std::set<std::string_view> expected{"pci-latency",
                                              "reassembly-cost",
                                              "untuned-latency",
                                              "wakeup-cost",
                                              "walk-cost"};
    EXPECT_EQ(fitted, expected);
}

TEST(MachinePresets, AreDocumentedAsTheyAre)
{
    std::ifstream file(ISB_SOURCE_DIR "/doc/box.md");
    ASSERT_TRUE(file) << "doc/box.md";
    std::stringstream content;
    content << file.rdbuf();
    const std::string page = content.str();
    const MachineParameters box = *MachinePreset("ixp425");
    const MachineParameters host = *MachinePreset("pc-568");
    for (const MachineParameter& row : MachineParameterTable())
    {
        const ParameterReason reason = MachinePresetReason("ixp425", row);
        std::string origin(ToString(reason.origin));
        if (reason.claim != 0)
        {
            origin += " (claim " + std::to_string(reason.claim) + ")";
        }
        const std::string line = "| `" + std::string(row.name) + "` | " + row.Get(box) + " | " +
                                 row.Get(host) + " | " + origin + " | " +
                                 std::string(reason.sentence) + " |";
        EXPECT_THAT(page, HasSubstr(line));
    }
}

} // namespace
} // namespace isb
