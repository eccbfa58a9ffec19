// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_LAB_DRAFT_H
#define ISB_LAB_LAB_DRAFT_H

#include "model/lab/lab-routes.h"
#include "model/lab/lab.h"
#include "model/lab/read-nat.h"
#include "model/lab/table-reader.h"
#include "model/lab/world-draft.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// A lab in the making: what was read so far, and where it stands in the text. Sections are read in
/// the order in which they refer to each other, whatever their order in the text.
struct LabDraft
{
    Lab lab;
    LabFaults faults;
    std::map<std::string, MachineParameters> machines; ///< every name that may be used
    std::map<std::string, size_t> taken;               ///< names of nodes and sections; their lines
    std::map<std::string, LabNode> nodes;              ///< hosts and boxes by name
    std::vector<size_t> hostLines;                     ///< parallel to lab.hosts
    std::vector<std::optional<Access>> hostAccess;     ///< parallel; nothing: wired by a [[link]]
    std::vector<size_t> boxLines;
    std::map<size_t, NatDraft> boxNats; ///< by box; of those with role Nat
    std::vector<size_t> linkLines;
    std::vector<size_t> trafficLines;
    WorldDraft world;
    /// No host, box or port was left out for its faults. Otherwise names that are not found may be
    /// right: no faults about them.
    bool nodesComplete = true;
    bool trafficComplete = true; ///< the same for traffic
};

/// Enters a name of a node, site, region, crowd ...; false (and a fault) when it is taken.
bool TakeName(LabDraft& draft, const std::string& name, TableReader& reader);
/// Adds a host to the lab; its name is entered already.
size_t AddHost(LabDraft& draft, Host host, std::optional<Access> access, size_t line);

/// [machine.NAME]: presets, overridden presets and new machines.
void ReadMachines(LabDraft& draft, TableReader& root);
/// The key `machine` of a host or box; puts the machine into the lab. Empty without.
std::string ReadMachineName(LabDraft& draft, TableReader& reader);

/// [[host]] and [[box]], without addresses.
void ReadHosts(LabDraft& draft, TableReader& root);
void ReadBoxes(LabDraft& draft, TableReader& root);
/// A table with the times and bounds of an IST, called "[box.ist]".
void ReadIst(const toml::table* table,
             const std::string& where,
             LabFaults& faults,
             BoxRole role,
             IstSettings& settings);

/// [[link]]: wires the nodes and gives addresses.
void ReadLinks(LabDraft& draft, TableReader& root);

/// [[traffic]], without the addresses of `via`.
void ReadTraffic(LabDraft& draft, TableReader& root);
/// [[expect]].
void ReadExpectations(LabDraft& draft, TableReader& root);

/// What needs the whole topology: addresses of NATs and ISTs, the path of every traffic. Only for a
/// draft without faults.
void ConnectLab(LabDraft& draft);
/// Why nothing comes from one node to the other, and what would be right.
[[nodiscard]] std::string WhyNoPath(const Lab& lab, LabNode from, LabNode to);

/// The port of a box, or nothing.
[[nodiscard]] std::optional<size_t> FindPort(const Box& box, std::string_view name);
/// The names of its ports; they live as long as the box is not changed.
[[nodiscard]] std::vector<std::string_view> PortNames(const Box& box);
/// Names of all hosts or all boxes; they live as long as the draft's names.
[[nodiscard]] std::vector<std::string_view> NodeNames(const LabDraft& draft, LabNode::Kind kind);

} // namespace isb

#endif
