// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_LAB_DRAFT_H
#define ISB_LAB_LAB_DRAFT_H

#include "model/lab/lab-routes.h"
#include "model/lab/lab.h"
#include "model/lab/table-reader.h"

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
    std::map<std::string, LabNode> nodes;              ///< hosts and boxes by name
    std::vector<size_t> hostLines;                     ///< parallel to lab.hosts
    std::vector<size_t> boxLines;
    std::vector<size_t> linkLines;
    std::vector<size_t> trafficLines;
    /// No host, box or port was left out for its faults. Otherwise names that are not found may be
    /// right: no faults about them.
    bool nodesComplete = true;
    bool trafficComplete = true; ///< the same for traffic
};

/// [machine.NAME]: presets, overridden presets and new machines.
void ReadMachines(LabDraft& draft, TableReader& root);
/// The key `machine` of a host or box; puts the machine into the lab. Empty without.
std::string ReadMachineName(LabDraft& draft, TableReader& reader);

/// [[host]] and [[box]], without addresses.
void ReadHosts(LabDraft& draft, TableReader& root);
void ReadBoxes(LabDraft& draft, TableReader& root);
/// Key `nat` of a box: a preset's name, or [box.nat] with axes.
void ReadNat(TableReader& box, NatSettings& settings);
/// [box.ist].
void ReadIst(TableReader& box, BoxRole role, IstSettings& settings);

/// [[link]]: wires the nodes and gives addresses.
void ReadLinks(LabDraft& draft, TableReader& root);

/// [[traffic]], without the addresses of `via`.
void ReadTraffic(LabDraft& draft, TableReader& root);
/// [[expect]].
void ReadExpectations(LabDraft& draft, TableReader& root);

/// What needs the whole topology: addresses of NATs and ISTs, the path of every traffic. Only for a
/// draft without faults.
void ConnectLab(LabDraft& draft);

/// The port of a box, or nothing.
[[nodiscard]] std::optional<size_t> FindPort(const Box& box, std::string_view name);
/// The names of its ports; they live as long as the box is not changed.
[[nodiscard]] std::vector<std::string_view> PortNames(const Box& box);

} // namespace isb

#endif
