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

using testing::HasSubstr;

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
    const std::set<std::string_view> expected{"forward-cost",
                                              "pci-latency",
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
