// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/natbox/natbox-config.h"

#include "model/lab/read-impairment.h"
#include "model/lab/read-nat.h"
#include "model/lab/toml-text.h"

#include <algorithm>
#include <limits>

namespace isb
{

namespace
{

/// IFNAMSIZ without its end.
constexpr size_t MOST_NAME = 15;
constexpr uint64_t LEAST_MTU = 576; // RFC 791: what every host takes
constexpr uint64_t MOST_MTU = 65521;

const LabKey NATBOX{"natbox", "{ inside = \"nat-in\", outside = \"nat-out\" }"};

/// "10.0.0.1/24"; the host bits may be set.
std::optional<InterfaceAddress>
ParseInterfaceAddress(std::string_view text)
{
    const size_t slash = std::min(text.find('/'), text.size());
    const auto address = Ipv4::Parse(text.substr(0, slash));
    const auto prefix = Subnet::Parse("0.0.0.0" + std::string(text.substr(slash)));
    if (!address || !prefix || slash == text.size())
    {
        return std::nullopt;
    }
    return InterfaceAddress{*address, prefix->length};
}

class ConfigReader
{
  public:
    explicit ConfigReader(LabFaults& faults)
        : m_faults(faults)
    {
    }

    void
    Read(const toml::table& table)
    {
        TableReader root(table, "the file", m_faults);
        root.Integer({"schema", "1"}, Need::Optional, 1, 1);
        if (const toml::table* natbox = root.Table(NATBOX, Need::Required))
        {
            TableReader reader(*natbox, "[natbox]", m_faults);
            ReadNatbox(reader);
            reader.Finish();
        }
        ReadTranslation(root);
        if (const toml::table* impair =
                root.Table({"impair", "{ inside = { loss = \"1 %\" } }"}, Need::Optional))
        {
            ReadImpairments(*impair);
        }
        root.Finish();
    }

    NatboxConfig config;

  private:
    void
    ReadNatbox(TableReader& reader)
    {
        config.name = reader.Name({"name", "\"home\""}, Need::Optional).value_or(config.name);
        ReadSide(reader,
                 {{"inside", "\"nat-in\""},
                  {"inside-address", "\"10.0.0.1/24\""},
                  {"inside-mtu", "1500"}},
                 config.inside);
        ReadSide(reader,
                 {{"outside", "\"nat-out\""},
                  {"outside-address", "\"192.0.2.1/24\""},
                  {"outside-mtu", "1500"}},
                 config.outside);
        if (!config.inside.device.empty() && config.inside.device == config.outside.device)
        {
            reader.Fault({"outside", {}}, " is the same interface as 'inside'; name another");
        }
        const LabKey external{"external", "\"203.0.113.1\""};
        m_external = ReadAddress(reader, external, reader.Text(external, Need::Required));
        ReadFurther(reader);
        ReadInternal(reader);
        config.statistics =
            reader.Text({"statistics", "\"/run/natbox.sock\""}, Need::Optional).value_or("");
        if (config.statistics.size() > MOST_SOCKET_PATH)
        {
            reader.Fault({"statistics", {}}, " is longer than 107 bytes, the most of a socket");
        }
        config.seed = reader.Integer({"seed", "1"},
                                     Need::Optional,
                                     0,
                                     static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
        config.offload = reader.Boolean({"offload", "true"}, Need::Optional).value_or(true);
    }

    struct SideKeys
    {
        LabKey device;
        LabKey address;
        LabKey mtu;
    };

    void
    ReadSide(TableReader& reader, const SideKeys& keys, NatboxSide& side)
    {
        side.device = reader.Name(keys.device, Need::Required).value_or("");
        if (side.device.size() > MOST_NAME)
        {
            reader.Fault(keys.device, " is longer than 15 characters, the most of an interface");
        }
        if (const auto text = reader.Text(keys.address, Need::Optional))
        {
            side.address = ParseInterfaceAddress(*text);
            if (!side.address)
            {
                reader.Fault(keys.address,
                             ": " + Quoted(*text) +
                                 " is no address with prefix length; write: \"10.0.0.1/24\"");
            }
        }
        const auto mtu = reader.Integer(keys.mtu, Need::Optional, LEAST_MTU, MOST_MTU);
        side.mtu = static_cast<uint16_t>(mtu.value_or(side.mtu));
    }

    std::optional<Ipv4>
    ReadAddress(TableReader& reader, LabKey key, const std::optional<std::string>& text)
    {
        if (!text)
        {
            return std::nullopt;
        }
        const auto address = Ipv4::Parse(*text);
        if (!address)
        {
            reader.Fault(key, ": " + Quoted(*text) + " is no IPv4 address; write: \"203.0.113.1\"");
        }
        return address;
    }

    void
    ReadFurther(TableReader& reader)
    {
        const LabKey key{"further-externals", "[\"203.0.113.2\"]"};
        for (const std::string& text : reader.Texts(key, Need::Optional).value_or(Names{}))
        {
            if (const auto address = ReadAddress(reader, key, text))
            {
                m_further.push_back(*address);
            }
        }
    }

    void
    ReadInternal(TableReader& reader)
    {
        const LabKey key{"internal", "[\"10.0.0.0/24\"]"};
        for (const std::string& text : reader.Texts(key, Need::Optional).value_or(Names{}))
        {
            if (const auto subnet = Subnet::Parse(text))
            {
                m_internal.push_back(*subnet);
            }
            else
            {
                reader.Fault(key, ": " + Quoted(text) + " is no subnet; write: \"10.0.0.0/24\"");
            }
        }
    }

    void
    ReadTranslation(TableReader& root)
    {
        const size_t before = m_faults.Count();
        NatDraft draft;
        ReadNat(root, "[nat]", draft);
        ResolveForwards(draft, m_faults, [](const std::string&) { return std::nullopt; });
        NatSettings& nat = draft.settings;
        if (draft.externals > 1 && draft.externals != m_further.size() + 1)
        {
            m_faults.Add(draft.line,
                         "'external-addresses' is " + std::to_string(draft.externals) +
                             ", but [natbox] names " + std::to_string(m_further.size() + 1) +
                             " ('external' and 'further-externals'); leave it out");
        }
        nat.external = m_external.value_or(Ipv4{});
        nat.furtherExternals = m_further;
        nat.internal = m_internal;
        nat.insideMtu = config.inside.mtu;
        nat.outsideMtu = config.outside.mtu;
        const auto error = FindContradiction(nat);
        if (error && m_external && m_faults.Count() == before)
        {
            m_faults.Add(draft.line, "[nat]: " + error->text);
        }
        config.nat = nat;
    }

    void
    ReadImpairments(const toml::table& table)
    {
        TableReader reader(table, "[impair]", m_faults);
        const LabKey inside{"inside", "{ loss = \"1 %\" }"};
        if (const toml::table* side = reader.Table(inside, Need::Optional))
        {
            ReadImpairment(*side, "[impair.inside]", m_faults, config.inside.impairment);
        }
        const LabKey outside{"outside", "{ loss = \"1 %\" }"};
        if (const toml::table* side = reader.Table(outside, Need::Optional))
        {
            ReadImpairment(*side, "[impair.outside]", m_faults, config.outside.impairment);
        }
        reader.Finish();
    }

    using Names = std::vector<std::string>;

    static constexpr size_t MOST_SOCKET_PATH = 107;

    LabFaults& m_faults;
    std::optional<Ipv4> m_external;
    std::vector<Ipv4> m_further;
    std::vector<Subnet> m_internal;
};

bool
IsSame(const std::optional<InterfaceAddress>& a, const std::optional<InterfaceAddress>& b)
{
    return a.has_value() == b.has_value() &&
           (!a || (a->address == b->address && a->prefixLength == b->prefixLength));
}

} // namespace

ParsedNatboxConfig
ParseNatboxConfig(std::string_view text, std::string_view sourceName)
{
    LabFaults faults;
    ConfigReader reader(faults);
    if (const auto document = ParseToml(text, faults))
    {
        reader.Read(*document);
    }
    ParsedNatboxConfig parsed;
    parsed.errors = faults.Take(sourceName);
    if (parsed.errors.empty())
    {
        parsed.config = std::move(reader.config);
    }
    return parsed;
}

std::string_view
FindFixedChange(const NatboxConfig& running, const NatboxConfig& wanted)
{
    struct Pair
    {
        const NatboxSide& now;
        const NatboxSide& then;
        std::string_view device;
        std::string_view address;
        std::string_view mtu;
    };

    const Pair sides[] = {
        {running.inside, wanted.inside, "inside", "inside-address", "inside-mtu"},
        {running.outside, wanted.outside, "outside", "outside-address", "outside-mtu"}};
    for (const Pair& side : sides)
    {
        if (side.now.device != side.then.device)
        {
            return side.device;
        }
        if (!IsSame(side.now.address, side.then.address))
        {
            return side.address;
        }
        if (side.now.mtu != side.then.mtu)
        {
            return side.mtu;
        }
    }
    if (running.statistics != wanted.statistics)
    {
        return "statistics";
    }
    return running.seed != wanted.seed ? "seed" : std::string_view{};
}

} // namespace isb
