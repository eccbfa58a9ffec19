// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/fault-table.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadMachines,
    FaultTable,
    testing::Values(
        FaultCase{"MachineUnknownKey",
                  {{45, R"(at-most = "1 ms"
[machine.ixp425]
nat-cst = "14 us")"}},
                  {"47: unknown key 'nat-cst' in [machine.ixp425]; nearest valid: 'nat-cost'"}},
        FaultCase{
            "MachineWithoutUnit",
            {{45, R"(at-most = "1 ms"
[machine.ixp425]
nat-cost = 14)"}},
            {R"(47: 'nat-cost' in [machine.ixp425] is a number without unit; write it as: nat-cost = "16 us")"}},
        FaultCase{
            "MachineWrongUnit",
            {{45, R"(at-most = "1 ms"
[machine.ixp425]
nat-cost = "14 MHz")"}},
            {R"(47: [machine.ixp425] nat-cost: "14 MHz" is not a duration: unknown unit (write it as "10 us"; units: ns, us, ms, s))"}},
        FaultCase{"MachineWithoutBase",
                  {{45, R"(at-most = "1 ms"
[machine.mine]
nat-cost = "14 us")"}},
                  {R"(46: [machine.mine] has no 'base'; write: base = "ixp425")"}},
        FaultCase{"MachineUnknownBase",
                  {{45, R"(at-most = "1 ms"
[machine.mine]
base = "ixp-425")"}},
                  {"47: 'base' in [machine.mine] cannot be 'ixp-425'; nearest valid: 'ixp425'"}},
        FaultCase{"PresetWithBase",
                  {{45, R"(at-most = "1 ms"
[machine.ixp425]
base = "pc-568")"}},
                  {"47: 'base' in [machine.ixp425] goes only with a new name: 'ixp425' is a preset "
                   "already"}},
        FaultCase{"MachineNoTable",
                  {{45, R"(at-most = "1 ms"
[machine]
ixp425 = 3)"}},
                  {"47: 'ixp425' in [machine] is no table; write: [machine.ixp425]"}}),
    FaultName);

TEST(ReadMachines, PutsTheMachinesInUseIntoTheLab)
{
    const ParsedLab parsed = ParseLab(SMALL_LAB, "t.toml");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed.lab->machines.size(), 2U);
    EXPECT_EQ(parsed.lab->machines.count("pc-568"), 1U);
    EXPECT_EQ(parsed.lab->machines.at("ixp425").natCost, MachinePreset("ixp425")->natCost);
}

TEST(ReadMachines, OverridesAPresetForThisLabOnly)
{
    const ParsedLab parsed =
        ParseLab(SmallLabWith({{45, "at-most = \"1 ms\"\n[machine.ixp425]\nnat-cost = \"77 us\""}}),
                 "t.toml");
    ASSERT_TRUE(parsed) << parsed.errors.front().ToString();
    EXPECT_EQ(parsed.lab->machines.at("ixp425").natCost, std::chrono::microseconds(77));
    EXPECT_EQ(parsed.lab->machines.at("ixp425").forwardCost, MachinePreset("ixp425")->forwardCost);
    EXPECT_NE(MachinePreset("ixp425")->natCost, std::chrono::microseconds(77));
}

TEST(ReadMachines, MakesANewMachineOfABase)
{
    const ParsedLab parsed =
        ParseLab(SmallLabWith({{16, "machine = \"mine\""},
                               {45,
                                "at-most = \"1 ms\"\n[machine.mine]\nbase = \"ixp425\"\n"
                                "backlog = \"10 frames\""}}),
                 "t.toml");
    ASSERT_TRUE(parsed) << parsed.errors.front().ToString();
    EXPECT_EQ(parsed.lab->boxes[0].machine, "mine");
    EXPECT_EQ(parsed.lab->machines.at("mine").backlog, 10U);
    EXPECT_EQ(parsed.lab->machines.at("mine").natCost, MachinePreset("ixp425")->natCost);
    EXPECT_EQ(parsed.lab->machines.count("ixp425"), 0U);
}

TEST(ReadMachines, ReadsBackWhatTheTablePrints)
{
    for (const std::string_view preset : MachinePresetNames())
    {
        std::string section = "at-most = \"1 ms\"\n[machine." + std::string(preset) + "]\n";
        for (const MachineParameter& parameter : MachineParameterTable())
        {
            section += std::string(parameter.name) + " = \"" +
                       parameter.Get(*MachinePreset(preset)) + "\"\n";
        }
        EXPECT_EQ(ErrorLines(SmallLabWith({{45, section}})), std::vector<std::string>{});
    }
}

} // namespace

} // namespace isb
