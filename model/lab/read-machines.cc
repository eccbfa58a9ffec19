// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

namespace isb
{

namespace
{

std::vector<std::string_view>
NamesOf(const std::map<std::string, MachineParameters>& machines)
{
    std::vector<std::string_view> names;
    names.reserve(machines.size());
    for (const auto& [name, parameters] : machines)
    {
        names.push_back(name);
    }
    return names;
}

/// The parameters that a [machine.NAME] starts from; nothing when that cannot be told.
std::optional<MachineParameters>
ReadBase(const std::string& name, TableReader& reader)
{
    const std::vector<std::string_view>& presets = MachinePresetNames();
    const std::optional<MachineParameters> own = MachinePreset(name);
    if (own)
    {
        reader.Refuse("base", "only with a new name: " + Quoted(name) + " is a preset already");
        return own;
    }
    const std::optional<size_t> base = reader.Word({"base", "\"ixp425\""}, Need::Required, presets);
    return base ? MachinePreset(presets[*base]) : std::nullopt;
}

void
ReadParameters(TableReader& reader, MachineParameters& parameters)
{
    for (const MachineParameter& parameter : MachineParameterTable())
    {
        const std::string example = "\"" + parameter.Get(parameters) + "\"";
        const LabKey key{parameter.name, example};
        const std::optional<std::string> text = reader.QuantityText(key, Need::Optional);
        if (!text)
        {
            continue;
        }
        if (const std::optional<std::string> complaint = parameter.Set(parameters, *text))
        {
            reader.Faults().Add(reader.LineOf(key.name), reader.Where() + " " + *complaint);
        }
    }
}

} // namespace

void
ReadMachines(LabDraft& draft, TableReader& root)
{
    for (const std::string_view name : MachinePresetNames())
    {
        draft.machines.emplace(name, *MachinePreset(name));
    }
    const toml::table* machines = root.Table({"machine", "{ ixp425 = { ... } }"}, Need::Optional);
    if (machines == nullptr)
    {
        return;
    }
    for (const auto& [key, node] : *machines)
    {
        const std::string name(key.str());
        const size_t line = LineOf(node);
        if (!IsLabName(name))
        {
            draft.faults.Add(line,
                             Quoted(name) + " cannot name a machine; use 1 to 32 letters, digits, "
                                            "'-' or '_', no '-' in front");
            continue;
        }
        if (!node.is_table())
        {
            draft.faults.Add(line,
                             Quoted(name) + " in [machine] is no table; write: [machine." + name +
                                 "]");
            continue;
        }
        TableReader reader(*node.as_table(), "[machine." + name + "]", draft.faults);
        const std::optional<MachineParameters> base = ReadBase(name, reader);
        MachineParameters parameters = base.value_or(MachineParameters{});
        ReadParameters(reader, parameters);
        reader.Finish();
        draft.machines[name] = parameters;
    }
}

std::string
ReadMachineName(LabDraft& draft, TableReader& reader)
{
    const LabKey key{"machine", "\"pc-568\""};
    const std::optional<std::string> name = reader.Text(key, Need::Optional);
    if (!name)
    {
        return {};
    }
    const auto found = draft.machines.find(*name);
    if (found == draft.machines.end())
    {
        reader.Fault(key,
                     ": there is no machine " + Quoted(*name) + "; " +
                         SuggestWord(*name, NamesOf(draft.machines)));
        return {};
    }
    draft.lab.machines.insert(*found);
    return *name;
}

} // namespace isb
