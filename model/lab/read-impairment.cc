// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/read-impairment.h"

namespace isb
{

namespace
{

constexpr uint64_t MOST_PACKETS = 1'000'000;

void
ReadQueue(TableReader& reader, ImpairmentSettings& settings)
{
    settings.rate = reader.Rate({"rate", "\"10 Mb/s\""}, Need::Optional).value_or(settings.rate);
    const auto packets = reader.Integer({"queue-packets", "1000"}, Need::Optional, 1, MOST_PACKETS);
    settings.queuePackets = static_cast<uint32_t>(packets.value_or(settings.queuePackets));
    settings.queueBytes =
        reader.Bytes({"queue-bytes", "\"64 KiB\""}, Need::Optional).value_or(settings.queueBytes);
    const auto inside =
        reader.Integer({"most-in-flight", "100000"}, Need::Optional, 1, MOST_PACKETS);
    settings.mostInFlight = static_cast<uint32_t>(inside.value_or(settings.mostInFlight));
}

void
ReadTimes(TableReader& reader, ImpairmentSettings& settings)
{
    struct Key
    {
        LabKey key;
        Duration ImpairmentSettings::*field;
    };

    const Key all[] = {{{"delay", "\"20 ms\""}, &ImpairmentSettings::delay},
                       {{"jitter", "\"2 ms\""}, &ImpairmentSettings::jitter},
                       {{"reorder-by", "\"5 ms\""}, &ImpairmentSettings::reorderBy}};
    for (const Key& one : all)
    {
        settings.*one.field = reader.Time(one.key, Need::Optional).value_or(settings.*one.field);
    }
    const std::vector<std::string_view> shapes{ToString(JitterShape::Uniform),
                                               ToString(JitterShape::Normal),
                                               ToString(JitterShape::Exponential)};
    if (const auto word = reader.Word({"jitter-shape", "\"normal\""}, Need::Optional, shapes))
    {
        settings.jitterShape = static_cast<JitterShape>(*word);
    }
}

void
ReadShares(TableReader& reader, ImpairmentSettings& settings)
{
    struct Key
    {
        LabKey key;
        Ratio ImpairmentSettings::*field;
    };

    const Key all[] = {{{"loss", "\"1 %\""}, &ImpairmentSettings::loss},
                       {{"burst-enter", "\"0.5 %\""}, &ImpairmentSettings::burstEnter},
                       {{"burst-leave", "\"20 %\""}, &ImpairmentSettings::burstLeave},
                       {{"burst-loss", "\"100 %\""}, &ImpairmentSettings::burstLoss},
                       {{"reorder", "\"1 %\""}, &ImpairmentSettings::reorder},
                       {{"duplicate", "\"0.1 %\""}, &ImpairmentSettings::duplicate}};
    for (const Key& one : all)
    {
        settings.*one.field = reader.Share(one.key, Need::Optional).value_or(settings.*one.field);
    }
}

} // namespace

void
ReadImpairment(const toml::table& table,
               const std::string& where,
               LabFaults& faults,
               ImpairmentSettings& settings)
{
    const size_t before = faults.Count();
    TableReader reader(table, where, faults);
    ReadQueue(reader, settings);
    ReadTimes(reader, settings);
    ReadShares(reader, settings);
    reader.Finish();
    if (faults.Count() > before)
    {
        return;
    }
    if (const auto error = FindContradiction(settings))
    {
        faults.Add(reader.Line(), where + ": " + error->text);
    }
}

void
ReadImpairments(TableReader& section,
                std::string_view key,
                std::string_view otherKey,
                std::optional<ImpairmentSettings> (&impair)[2])
{
    const auto read = [&](std::string_view name) -> std::optional<ImpairmentSettings>
    {
        const toml::table* table = section.Table({name, "{ loss = \"1 %\" }"}, Need::Optional);
        if (table == nullptr)
        {
            return std::nullopt;
        }
        ImpairmentSettings settings;
        const std::string where = std::string(name) + " in " + section.Where();
        ReadImpairment(*table, where, section.Faults(), settings);
        return settings;
    };
    impair[0] = impair[1] = read(key);
    if (const auto other = read(otherKey))
    {
        impair[1] = other;
    }
}

} // namespace isb
