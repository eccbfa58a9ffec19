// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

#include <algorithm>

namespace isb
{

namespace
{

const std::vector<std::string_view> ROLES{"forwarder", "nat", "ist-app", "ist-kernel"};
const std::vector<std::string_view> SPLICES{"passive", "pure", "active"};
const std::vector<std::string_view> LOOKUPS{"hash", "list"};
const std::vector<std::string_view> NICS{"on-chip", "pci"};

void
AddPort(Box& box, TableReader& reader, const std::string& name, NicKind nic)
{
    if (FindPort(box, name))
    {
        reader.Faults().Add(reader.LineOf("ports"),
                            "'ports' in [[box]] has two ports " + Quoted(name) +
                                "; ports of one box need different names");
        return;
    }
    LabPort port;
    port.name = name;
    port.nic = nic;
    box.ports.push_back(std::move(port));
}

/// One element of `ports`: "in", or { name = "mac0", nic = "on-chip" }.
void
ReadPort(Box& box, TableReader& reader, const toml::node& element, bool hasMachine)
{
    if (element.is_string())
    {
        const std::string& name = element.as_string()->get();
        if (!IsLabName(name))
        {
            reader.Fault({"ports", {}},
                         ": " + Quoted(name) +
                             " is no name; use 1 to 32 letters, digits, '-' or '_', no '-' in "
                             "front");
            return;
        }
        AddPort(box, reader, name, NicKind::OnChip);
        return;
    }
    if (!element.is_table())
    {
        reader.Fault({"ports", {}}, " holds no port; write: ports = [{ name = \"p0\" }, ...]");
        return;
    }
    TableReader port(*element.as_table(), "a port of [[box]]", reader.Faults());
    const std::optional<std::string> name = port.Name({"name", "\"p0\""}, Need::Required);
    NicKind nic = NicKind::OnChip;
    if (hasMachine)
    {
        const auto word = port.Word({"nic", "\"on-chip\""}, Need::Optional, NICS);
        nic = word && *word == 1 ? NicKind::Pci : NicKind::OnChip;
    }
    else
    {
        port.Refuse("nic",
                    "only with a machine: an ideal box has no NICs; add: machine = "
                    "\"ixp425\"");
    }
    port.Finish();
    if (name)
    {
        AddPort(box, reader, *name, nic);
    }
}

void
ReadPorts(Box& box, TableReader& reader, bool hasMachine)
{
    constexpr size_t MOST = 64;
    const size_t before = reader.Faults().Count();
    const toml::array* ports = reader.Array({"ports", "[\"left\", \"right\"]"}, Need::Required);
    if (ports == nullptr)
    {
        return;
    }
    if (ports->size() > MOST)
    {
        reader.Fault({"ports", {}},
                     " has " + std::to_string(ports->size()) + " ports; nearest valid: 64");
        return;
    }
    for (const toml::node& element : *ports)
    {
        ReadPort(box, reader, element, hasMachine);
    }
    if (box.ports.size() < 2 && reader.Faults().Count() == before)
    {
        reader.Fault({"ports", {}},
                     " names too few: a box joins two or more links; write: ports = [\"left\", "
                     "\"right\"]");
    }
}

/// Which port of a NAT is outside: named, or the last of two.
void
ReadOutside(Box& box, TableReader& reader)
{
    const LabKey key{"outside", "\"right\""};
    const size_t most = 2;
    const Need need = box.ports.size() > most ? Need::Required : Need::Optional;
    const std::optional<std::string> name = reader.Text(key, need);
    box.outside = box.ports.empty() ? 0 : box.ports.size() - 1;
    if (!name || box.ports.empty())
    {
        return;
    }
    const std::optional<size_t> port = FindPort(box, *name);
    if (!port)
    {
        reader.Fault(key,
                     ": " + Quoted(box.name) + " has no port " + Quoted(*name) + "; " +
                         SuggestWord(*name, PortNames(box)));
        return;
    }
    box.outside = *port;
}

/// Keys that only one role has.
void
ReadRoleKeys(LabDraft& draft, Box& box, TableReader& reader)
{
    if (box.role == BoxRole::Nat)
    {
        ReadOutside(box, reader);
        NatDraft nat;
        ReadNat(reader, "[box.nat]", nat);
        box.nat = nat.settings;
        draft.boxNats[draft.lab.boxes.size()] = std::move(nat);
        const auto lookup = reader.Word({"lookup", "\"hash\""}, Need::Optional, LOOKUPS);
        box.lookup = lookup && *lookup == 1 ? NatLookup::List : NatLookup::Hash;
    }
    else
    {
        for (const std::string_view key : {"outside", "nat", "lookup"})
        {
            reader.Refuse(key, "only with role = \"nat\"");
        }
    }
    if (box.role == BoxRole::IstKernel)
    {
        constexpr SpliceMethod METHODS[] = {SpliceMethod::Passive,
                                            SpliceMethod::Pure,
                                            SpliceMethod::Active};
        const auto splice = reader.Word({"splice", "\"passive\""}, Need::Optional, SPLICES);
        box.splice = METHODS[splice.value_or(0)];
    }
    else
    {
        reader.Refuse("splice", "only with role = \"ist-kernel\"");
    }
    if (box.role == BoxRole::IstKernel || box.role == BoxRole::IstApp)
    {
        const toml::table* ist = reader.Table({"ist", "{ idle = \"2 h\" }"}, Need::Optional);
        ReadIst(ist, "[box.ist]", reader.Faults(), box.role, box.ist);
    }
    else
    {
        reader.Refuse("ist", "only with role = \"ist-kernel\" or \"ist-app\"");
    }
}

void
ReadBox(LabDraft& draft, const toml::table& table)
{
    TableReader reader(table, "[[box]]", draft.faults);
    Box box;
    const std::optional<std::string> name = reader.Name({"name", "\"box\""}, Need::Required);
    box.name = name.value_or("");
    box.machine = ReadMachineName(draft, reader);
    const size_t before = draft.faults.Count();
    ReadPorts(box, reader, reader.Has("machine"));
    draft.nodesComplete = draft.nodesComplete && draft.faults.Count() == before;
    const auto role = reader.Word({"role", "\"nat\""}, Need::Required, ROLES);
    if (role)
    {
        box.role = static_cast<BoxRole>(*role);
        ReadRoleKeys(draft, box, reader);
        reader.Finish();
    }
    if (!name || !TakeName(draft, *name, reader))
    {
        draft.nodesComplete = false;
        return;
    }
    draft.nodes[*name] = {LabNode::IsBox, draft.lab.boxes.size()};
    draft.lab.boxes.push_back(std::move(box));
    draft.boxLines.push_back(reader.Line());
}

void
ReadHost(LabDraft& draft, const toml::table& table)
{
    TableReader reader(table, "[[host]]", draft.faults);
    const std::optional<std::string> name = reader.Name({"name", "\"A\""}, Need::Required);
    Host host;
    host.name = name.value_or("");
    host.machine = ReadMachineName(draft, reader);
    std::optional<Access> access;
    if (reader.Has("site"))
    {
        const auto site = ReadSiteName(draft, reader, {"site", "\"internet\""});
        access = ReadInside(draft, reader, site, USER_UPLINK);
    }
    else
    {
        RefuseAccess(reader, "only with site = \"internet\": this host is wired by a [[link]]");
    }
    reader.Finish();
    if (!name || !TakeName(draft, *name, reader))
    {
        draft.nodesComplete = false;
        return;
    }
    AddHost(draft, std::move(host), access, reader.Line());
}

} // namespace

bool
TakeName(LabDraft& draft, const std::string& name, TableReader& reader)
{
    const LabKey key{"name", {}};
    if (name == INTERNET)
    {
        reader.Fault(key, ": 'internet' is the core that everybody is joined to; take another");
        return false;
    }
    const auto [entry, added] = draft.taken.emplace(name, reader.Line());
    if (!added)
    {
        reader.Fault(key,
                     ": " + Quoted(name) + " is taken already, in line " +
                         std::to_string(entry->second) + "; hosts and boxes need different names");
    }
    return added;
}

size_t
AddHost(LabDraft& draft, Host host, std::optional<Access> access, size_t line)
{
    const size_t index = draft.lab.hosts.size();
    host.port.name = "eth0";
    host.site = access ? access->site : std::nullopt;
    draft.nodes[host.name] = {LabNode::IsHost, index};
    draft.lab.hosts.push_back(std::move(host));
    draft.hostLines.push_back(line);
    draft.hostAccess.push_back(access);
    return index;
}

std::vector<std::string_view>
NodeNames(const LabDraft& draft, LabNode::Kind kind)
{
    std::vector<std::string_view> names;
    for (const auto& [name, node] : draft.nodes)
    {
        if (node.kind == kind)
        {
            names.push_back(name);
        }
    }
    return names;
}

std::optional<size_t>
FindPort(const Box& box, std::string_view name)
{
    const auto found = std::find_if(box.ports.begin(),
                                    box.ports.end(),
                                    [name](const auto& port) { return port.name == name; });
    return found == box.ports.end()
               ? std::nullopt
               : std::optional<size_t>(static_cast<size_t>(found - box.ports.begin()));
}

std::vector<std::string_view>
PortNames(const Box& box)
{
    std::vector<std::string_view> names;
    for (const LabPort& port : box.ports)
    {
        names.push_back(port.name);
    }
    return names;
}

void
ReadHosts(LabDraft& draft, TableReader& root)
{
    const bool tables =
        root.EachTable("host", [&](const toml::table& table) { ReadHost(draft, table); });
    draft.nodesComplete = draft.nodesComplete && tables;
}

void
ReadBoxes(LabDraft& draft, TableReader& root)
{
    const bool tables =
        root.EachTable("box", [&](const toml::table& table) { ReadBox(draft, table); });
    draft.nodesComplete = draft.nodesComplete && tables;
}

} // namespace isb
