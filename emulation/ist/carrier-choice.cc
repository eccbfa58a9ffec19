// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/carrier-choice.h"

#include "model/wire/nearest-word.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

const char* const HOW_TO_ATTACH =
    "; attach one: ist attach DEV... (ist check tells what works here)";

std::string
NamesOf(const std::vector<CarrierChoice>& all)
{
    std::string names;
    for (const CarrierChoice& one : all)
    {
        names += (names.empty() ? "" : ", ") + one.place.name;
    }
    return names;
}

/// Where ISTs are looked for, for who has forgotten --bpffs.
std::string
Folders(const IstPlace& place)
{
    return "(looked in " + place.bpffs + "/isblab and " + place.runFolder + "/isblab)";
}

} // namespace

CarrierDirectory::CarrierDirectory(const std::vector<std::unique_ptr<CarrierAccess>>& accesses)
    : m_accesses(accesses)
{
}

std::vector<CarrierChoice>
CarrierDirectory::All(const IstPlace& place) const
{
    std::vector<CarrierChoice> all;
    for (const auto& access : m_accesses)
    {
        for (const std::string& name : access->Attached(place))
        {
            CarrierChoice choice{access.get(), place};
            choice.place.name = name;
            all.push_back(std::move(choice));
        }
    }
    return all;
}

Result<CarrierChoice>
CarrierDirectory::Choose(const IstPlace& place) const
{
    const std::vector<CarrierChoice> all = All(place);
    if (all.empty())
    {
        return Error{"no IST is attached here " + Folders(place) + HOW_TO_ATTACH};
    }
    if (place.name.empty())
    {
        if (all.size() > 1)
        {
            return Error{"several ISTs are attached: " + NamesOf(all) + "; say which: --name NAME"};
        }
        return all.front();
    }
    std::vector<std::string_view> names;
    for (const CarrierChoice& one : all)
    {
        if (one.place.name == place.name)
        {
            return one;
        }
        names.push_back(one.place.name);
    }
    return Error{"no IST is called " + Quoted(place.name) + "; " + SuggestWord(place.name, names)};
}

Result<CarrierAccess*>
CarrierDirectory::Offering(const std::string& carrier) const
{
    for (const auto& access : m_accesses)
    {
        const auto names = access->Carriers();
        if (std::find(names.begin(), names.end(), carrier) != names.end())
        {
            return access.get();
        }
    }
    return Error{"this program is built without the carrier " + carrier +
                 ": its libraries were missing (libbpf-dev, clang and bpftool for bpf, libmnl-dev "
                 "for module)"};
}

std::optional<std::string>
CarrierDirectory::NameConflict(const CarrierAccess& wanted, const IstPlace& place) const
{
    for (const CarrierChoice& one : All(place))
    {
        if (one.place.name == place.name && one.access != &wanted)
        {
            return "'" + place.name + "' is attached already, by " +
                   std::string(one.access->Carriers().front()) +
                   "; detach it first (ist detach --name " + place.name +
                   ") or choose another --name";
        }
    }
    return std::nullopt;
}

} // namespace isb
