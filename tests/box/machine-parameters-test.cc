// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/machine-parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
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

} // namespace
} // namespace isb
