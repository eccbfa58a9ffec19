// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/parse-lab.h"

#include "model/lab/lab-draft.h"
#include "model/lab/toml-text.h"

#include <algorithm>
#include <limits>

namespace isb
{

namespace
{

constexpr int64_t SCHEMA = 1;
/// No run is longer: sums of times stay far from the end of 64 bits.
constexpr Duration MOST_DURATION = std::chrono::hours(24);

/// False when the text is of another schema: then nothing else in it can be judged.
bool
ReadSchema(TableReader& root)
{
    const LabKey key{"schema", "1"};
    const auto schema = root.Integer(key, Need::Required, 0, std::numeric_limits<int64_t>::max());
    if (schema && *schema != SCHEMA)
    {
        root.Fault(key, " is " + std::to_string(*schema) + ", unknown here; nearest valid: 1");
        return false;
    }
    return true;
}

bool
IsScenarioName(std::string_view name)
{
    constexpr size_t MOST = 100;
    return !name.empty() && name.size() <= MOST && name.front() != '/' && name.front() != '-' &&
           name.find("..") == std::string_view::npos &&
           std::all_of(name.begin(),
                       name.end(),
                       [](char c)
                       { return c == '/' || c == '.' || IsLabName(std::string("a") + c); });
}

void
ReadHead(Lab& lab, TableReader& root)
{
    const LabKey nameKey{"name", "\"first\""};
    const LabKey titleKey{"title", "\"Two hosts and a NAT\""};
    const LabKey durationKey{"duration", "\"2 s\""};
    lab.name = root.Text(nameKey, Need::Required).value_or("unnamed");
    if (!IsScenarioName(lab.name))
    {
        root.Fault(nameKey,
                   ": " + Quoted(lab.name) +
                       " is no name; use letters, digits, '-', '_', '.', '/' as in "
                       "\"five-phases/nat\"");
    }
    lab.title = root.Text(titleKey, Need::Optional).value_or("");
    if (std::any_of(lab.title.begin(),
                    lab.title.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    {
        root.Fault(titleKey, " has line breaks or control characters; write one line");
    }
    const auto duration = root.Time(durationKey, Need::Required);
    if (duration && (duration->count() == 0 || *duration > MOST_DURATION))
    {
        const bool zero = duration->count() == 0;
        root.Fault(durationKey,
                   zero ? " is zero: nothing would happen; write for instance: duration = \"2 s\""
                        : " is longer than a day; nearest valid: \"24 h\"");
    }
    else
    {
        lab.duration = duration.value_or(Duration(0));
    }
    constexpr uint64_t MOST_SEED = std::numeric_limits<uint32_t>::max();
    lab.seed = root.Integer({"seed", "1"}, Need::Optional, 1, MOST_SEED).value_or(1);
    lab.checksums = root.Boolean({"checksums", "true"}, Need::Optional).value_or(false);
}

/// What no single section can tell.
void
CheckWhole(LabDraft& draft)
{
    const Lab& lab = draft.lab;
    if (lab.hosts.size() < 2 && draft.nodesComplete)
    {
        draft.faults.Add(1,
                         "the scenario has " + std::to_string(lab.hosts.size()) +
                             " [[host]]; traffic needs two");
    }
    if (lab.traffic.empty() && lab.users.empty() && draft.trafficComplete && draft.nodesComplete)
    {
        draft.faults.Add(1, "the scenario has no [[traffic]]: nothing would happen; add one");
    }
    const bool needed = !lab.users.empty() || !lab.translators.empty();
    if (lab.brokers.empty() && needed && draft.nodesComplete)
    {
        const size_t line =
            lab.users.empty() ? draft.world.translatorLines.front() : draft.world.userLines.front();
        draft.faults.Add(line, "users and translators need a broker; add: [[isb]] name = \"isb\"");
    }
    if (!lab.brokers.empty() && lab.users.empty() && draft.nodesComplete)
    {
        draft.faults.Add(draft.world.brokerLines.front(),
                         "a broker without users; add: [[user]] name = \"ann\"");
    }
}

void
ReadLab(LabDraft& draft, const toml::table& table)
{
    TableReader root(table, "the scenario", draft.faults);
    if (!ReadSchema(root))
    {
        return;
    }
    ReadHead(draft.lab, root);
    ReadMachines(draft, root);
    ReadRegions(draft, root);
    ReadSites(draft, root);
    ReadHosts(draft, root);
    ReadBoxes(draft, root);
    ReadBrokers(draft, root);
    ReadTranslators(draft, root);
    ReadUsers(draft, root);
    ReadCrowds(draft, root);
    ReadLinks(draft, root);
    ReadServices(draft, root);
    ReadSubscriptions(draft, root);
    SubscribeCrowds(draft);
    ReadTraffic(draft, root);
    AddCrowdTraffic(draft);
    ReadIncidents(draft, root);
    ReadExpectations(draft, root);
    root.Finish();
    CheckWhole(draft);
    if (draft.faults.Count() == 0)
    {
        BuildInternet(draft);
    }
    if (draft.faults.Count() == 0)
    {
        ConnectWorld(draft);
    }
    if (draft.faults.Count() == 0)
    {
        ConnectLab(draft);
    }
}
} // namespace

std::string
LabError::ToString() const
{
    return source + ":" + std::to_string(line) + ": " + what;
}

ParsedLab
ParseLab(std::string_view text, std::string_view sourceName)
{
    LabDraft draft;
    ParsedLab parsed;
    if (const auto document = ParseToml(text, draft.faults))
    {
        ReadLab(draft, *document);
    }
    parsed.errors = draft.faults.Take(sourceName);
    if (parsed.errors.empty())
    {
        parsed.lab = std::move(draft.lab);
    }
    return parsed;
}

} // namespace isb
