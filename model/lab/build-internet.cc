// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/address-pool.h"
#include "model/lab/lab-draft.h"

#include <algorithm>

namespace isb
{

namespace
{

/// Uplinks of one router before access routers come in between.
constexpr size_t MOST_UPLINKS = 64;
/// Blocks of sites that share a router's block may be as small as a wire.
constexpr uint8_t LONGEST_BLOCK = 30;
constexpr DataRate BACKBONE{10'000'000'000};
const Subnet EVERYWHERE{Ipv4{0}, 0};
const Subnet PUBLIC{{0xc6120000}, 15};  // 198.18.0.0/15, RFC 2544
const Subnet PRIVATE{{0x0a000000}, 8};  // 10.0.0.0/8, RFC 1918
const Subnet BETWEEN{{0x64400000}, 10}; // 100.64.0.0/10, RFC 6598: between two NATs

std::vector<Subnet>
WiredSubnets(const Lab& lab)
{
    std::vector<Subnet> subnets;
    for (const Link& link : lab.links)
    {
        subnets.push_back(link.subnet);
    }
    return subnets;
}

/// Builds the tree of routers, sites and hosts:
///
///     core --- region --- access router --- site --- host        (region, access router: if any)
///                                                \-- site behind it --- host
class InternetBuilder
{
  public:
    explicit InternetBuilder(LabDraft& draft)
        : m_draft(draft),
          m_lab(draft.lab),
          m_public(PUBLIC, WiredSubnets(draft.lab)),
          m_private(PRIVATE, WiredSubnets(draft.lab)),
          m_between(BETWEEN, WiredSubnets(draft.lab)),
          m_regionNodes(1 + draft.world.regions.size()),
          m_siteNodes(draft.lab.sites.size())
    {
    }

    void
    Run()
    {
        Collect();
        if (!m_any)
        {
            return;
        }
        for (size_t i = 0; i < m_lab.sites.size(); ++i)
        {
            CreateSiteBox(i);
        }
        const size_t core = CreateRouter(std::string(INTERNET), 1);
        ConnectRouter(core, m_regionNodes[0], std::string(INTERNET), 1);
        for (size_t i = 0; i < m_draft.world.regions.size(); ++i)
        {
            const RegionDraft& region = m_draft.world.regions[i];
            const size_t router = CreateRouter(region.name, region.line);
            Access access;
            access.rate = region.rate;
            access.delay = region.delay;
            Attach(core, {LabNode::IsBox, router}, Backbone(), access);
            ConnectRouter(router, m_regionNodes[1 + i], region.name, region.line);
        }
        for (size_t i = 0; i < m_lab.sites.size(); ++i)
        {
            if (!m_lab.sites[i].behind)
            {
                const std::optional<LinkEnd>& up = m_parents[m_lab.sites[i].box];
                if (up) // else its router could not be named, said already
                {
                    ConnectSite(i, up->node.index, false);
                }
            }
        }
        GiveBrokersAnotherAddress();
    }

  private:
    void
    Collect()
    {
        const auto enter = [&](LabNode node, const Access& access)
        {
            m_any = true;
            auto& nodes = access.site ? m_siteNodes[*access.site]
                                      : m_regionNodes[access.region ? 1 + *access.region : 0];
            nodes.push_back(node);
        };
        for (size_t i = 0; i < m_lab.hosts.size(); ++i)
        {
            if (m_draft.hostAccess[i])
            {
                enter({LabNode::IsHost, i}, *m_draft.hostAccess[i]);
            }
        }
        for (size_t i = 0; i < m_lab.sites.size(); ++i)
        {
            m_lab.sites[i].box = m_lab.boxes.size() + i; // as CreateSiteBox() will number them
            enter({LabNode::IsBox, m_lab.sites[i].box}, m_draft.world.sites[i].access);
        }
    }

    size_t
    CreateBox(Box box, size_t line)
    {
        m_draft.boxLines.push_back(line);
        m_draft.nodes[box.name] = {LabNode::IsBox, m_lab.boxes.size()};
        m_parents.resize(m_lab.boxes.size() + 1);
        m_lab.boxes.push_back(std::move(box));
        return m_lab.boxes.size() - 1;
    }

    size_t
    CreateRouter(const std::string& name, size_t line)
    {
        Box box;
        box.name = name;
        box.internet = true;
        return CreateBox(std::move(box), line);
    }

    /// The box of a site; its port to the outside is added by whom it is joined to.
    void
    CreateSiteBox(size_t index)
    {
        const SiteDraft& site = m_draft.world.sites[index];
        Box box;
        box.name = m_lab.sites[index].name;
        box.machine = site.machine;
        box.role = site.nat ? BoxRole::Nat : site.firewall ? BoxRole::Firewall : BoxRole::Forwarder;
        if (site.nat)
        {
            box.nat = site.nat->settings;
            m_draft.boxNats[m_lab.boxes.size()] = *site.nat;
        }
        (void)CreateBox(std::move(box), site.line);
        if (m_siteNodes[index].empty())
        {
            m_draft.faults.Add(site.line,
                               "nobody is in site " + Quoted(m_lab.sites[index].name) +
                                   "; add: [[user]] site = \"" + m_lab.sites[index].name + "\"");
        }
    }

    WireBlock&
    Backbone()
    {
        if (!m_backbone || m_backboneLeft == 0)
        {
            m_backbone = TakeFrom(m_public, MOST_UPLINKS);
            m_backboneLeft = MOST_UPLINKS;
        }
        --m_backboneLeft;
        return *m_backbone;
    }

    WireBlock
    TakeFrom(AddressPool& pool, size_t wires)
    {
        const auto block = pool.Take(wires);
        if (!block && !m_exhausted)
        {
            m_exhausted = true;
            m_draft.faults.Add(1, "more sites and users than there are addresses for");
        }
        return block.value_or(WireBlock(EVERYWHERE));
    }

    /// Joins nodes to a router of the internet, with access routers between when they are many.
    void
    ConnectRouter(size_t router,
                  const std::vector<LabNode>& nodes,
                  const std::string& name,
                  size_t line)
    {
        if (nodes.size() <= MOST_UPLINKS)
        {
            ConnectNodes(router, nodes);
            return;
        }
        for (size_t first = 0; first < nodes.size(); first += MOST_UPLINKS)
        {
            const std::string access = name + "-" + std::to_string(1 + first / MOST_UPLINKS);
            const auto taken = m_draft.taken.find(access);
            if (taken != m_draft.taken.end() || !IsLabName(access))
            {
                m_draft.faults.Add(taken == m_draft.taken.end() ? line : taken->second,
                                   Quoted(access) + " is an access router's name here; take "
                                                    "another");
                return;
            }
            const size_t last = std::min(first + MOST_UPLINKS, nodes.size());
            const size_t box = CreateRouter(access, line);
            Access wire;
            wire.rate = BACKBONE;
            Attach(router, {LabNode::IsBox, box}, Backbone(), wire);
            ConnectNodes(box,
                         {nodes.begin() + static_cast<std::ptrdiff_t>(first),
                          nodes.begin() + static_cast<std::ptrdiff_t>(last)});
        }
    }

    void
    ConnectNodes(size_t router, const std::vector<LabNode>& nodes)
    {
        if (nodes.empty())
        {
            return;
        }
        WireBlock block = TakeFrom(m_public, nodes.size());
        for (const LabNode node : nodes)
        {
            Attach(router, node, block, AccessOf(node));
        }
        Publish(block.Block(), router);
        ReserveForSites(router, nodes);
    }

    /// One block for all sites without NAT that are joined to the router: the core needs one route.
    void
    ReserveForSites(size_t router, const std::vector<LabNode>& nodes)
    {
        size_t wires = 0;
        for (const LabNode node : nodes)
        {
            wires += node.kind == LabNode::IsBox ? PublicWires(SiteOf(node.index)) : 0;
        }
        if (wires != 0)
        {
            const Subnet block = TakeFrom(m_public, wires).Block();
            Publish(block, router);
            m_sitePools.emplace(router, AddressPool(block, {}, LONGEST_BLOCK));
        }
    }

    /// Wires with public addresses inside a site and the sites behind it. Each site's count is
    /// rounded up to a power of two and doubled: blocks are aligned to their size.
    size_t
    PublicWires(size_t index) const
    {
        const std::vector<LabNode>& nodes = m_siteNodes[index];
        if (m_draft.world.sites[index].nat || nodes.empty())
        {
            return 0;
        }
        size_t wires = 2;
        while (wires < 2 * nodes.size())
        {
            wires *= 2;
        }
        for (const LabNode node : nodes)
        {
            wires += node.kind == LabNode::IsBox ? PublicWires(SiteOf(node.index)) : 0;
        }
        return wires;
    }

    const Access&
    AccessOf(LabNode node) const
    {
        return node.kind == LabNode::IsHost ? *m_draft.hostAccess[node.index]
                                            : m_draft.world.sites[SiteOf(node.index)].access;
    }

    size_t
    SiteOf(size_t box) const
    {
        return box - m_lab.sites.front().box;
    }

    /// Joins everybody inside the site, and inside the sites behind it.
    /// @param router of the internet, which the outermost of these sites is joined to
    /// @param hidden behind a NAT
    void
    ConnectSite(size_t index, size_t router, bool hidden)
    {
        const size_t box = m_lab.sites[index].box;
        const std::vector<LabNode>& nodes = m_siteNodes[index];
        const bool nat = m_draft.world.sites[index].nat.has_value();
        if (nat)
        {
            GiveExternals(box, hidden ? m_between : m_public);
        }
        std::vector<LabNode> hosts;
        std::vector<LabNode> sites;
        for (const LabNode node : nodes)
        {
            (node.kind == LabNode::IsHost ? hosts : sites).push_back(node);
        }
        if (!nat && !hidden)
        {
            const auto pool = m_sitePools.find(router);
            if (pool != m_sitePools.end()) // else there are too many, said already
            {
                ConnectInside(box, nodes, pool->second, router);
            }
        }
        else
        {
            ConnectInside(box, hosts, m_private);
            ConnectInside(box, sites, m_between);
        }
        for (const LabNode node : sites)
        {
            ConnectSite(SiteOf(node.index), router, hidden || nat);
        }
    }

    /// A broker on the internet tells NATs apart from two addresses (thesis 3.6.3), when there is
    /// somebody who wants to know.
    void
    GiveBrokersAnotherAddress()
    {
        const bool wanted = std::any_of(m_lab.users.begin(),
                                        m_lab.users.end(),
                                        [](const LabUser& user) { return WantsNatTest(user); });
        for (const LabBroker& broker : m_lab.brokers)
        {
            const std::optional<Access>& access = m_draft.hostAccess[broker.host];
            if (!wanted || !access || access->site)
            {
                continue;
            }
            LabPort& port = m_lab.hosts[broker.host].port;
            const LinkEnd up = m_lab.links[port.link].ends[0];
            const Subnet block = TakeFrom(m_public, 1).Block();
            port.further.push_back(block.address);
            m_lab.boxes[up.node.index].ports[up.port].beyond.push_back(block);
            Publish(block, up.node.index);
        }
    }

    /// The further external addresses of a NAT: the boxes above know the way to them.
    void
    GiveExternals(size_t box, AddressPool& pool)
    {
        constexpr size_t EACH = 4; // addresses of a wire's subnet
        const NatDraft& nat = m_draft.boxNats.at(box);
        if (nat.externals <= 1 || !m_parents[box])
        {
            return;
        }
        const size_t further = nat.externals - 1;
        const Subnet block = TakeFrom(pool, (further + EACH - 1) / EACH).Block();
        for (uint32_t i = 0; i < further; ++i)
        {
            m_lab.boxes[box].nat.furtherExternals.push_back(Ipv4{block.address.value + i});
        }
        const LinkEnd up = *m_parents[box];
        m_lab.boxes[up.node.index].ports[up.port].beyond.push_back(block);
        Publish(block, up.node.index);
    }

    /// @param known this router and those above know the way already
    void
    ConnectInside(size_t box,
                  const std::vector<LabNode>& nodes,
                  AddressPool& pool,
                  std::optional<size_t> known = std::nullopt)
    {
        if (nodes.empty())
        {
            return;
        }
        WireBlock block = TakeFrom(pool, nodes.size());
        for (const LabNode node : nodes)
        {
            Attach(box, node, block, AccessOf(node));
        }
        Publish(block.Block(), box, known);
    }

    /// A wire from a box down to a node; the node's default route goes up it.
    void
    Attach(size_t box, LabNode node, WireBlock& block, const Access& access)
    {
        Link link;
        link.subnet = block.Next();
        link.rate = access.rate;
        link.delay = access.delay;
        link.impair[0] = access.impair[1]; // from above: down
        link.impair[1] = access.impair[0];
        link.automatic = true;
        link.ends[0] = {{LabNode::IsBox, box}, m_lab.boxes[box].ports.size()};
        LabPort down;
        down.name = NodeName(m_lab, node);
        AddPort(m_lab.boxes[box].ports, down, link, 0);
        LabPort up;
        up.beyond = {EVERYWHERE};
        if (node.kind == LabNode::IsHost)
        {
            up.name = m_lab.hosts[node.index].port.name;
            std::vector<LabPort> ports;
            AddPort(ports, up, link, 1);
            m_lab.hosts[node.index].port = std::move(ports.front());
            link.ends[1] = {node, 0};
        }
        else
        {
            up.name = m_lab.boxes[box].name;
            Box& child = m_lab.boxes[node.index];
            child.outside = child.ports.size();
            AddPort(child.ports, up, link, 1);
            link.ends[1] = {node, child.outside};
            m_parents[node.index] = link.ends[0];
        }
        m_lab.links.push_back(link);
        m_draft.linkLines.push_back(1);
    }

    void
    AddPort(std::vector<LabPort>& ports, LabPort port, const Link& link, uint32_t end) const
    {
        port.link = m_lab.links.size();
        port.subnet = link.subnet;
        port.address = Ipv4{link.subnet.address.value + 1 + end};
        ports.push_back(std::move(port));
    }

    /// Tells the way to a block inside a box to all boxes above it, as far as no NAT hides it, and
    /// up to the router whose own block holds it.
    void
    Publish(Subnet block, size_t box, std::optional<size_t> last = std::nullopt)
    {
        while (m_lab.boxes[box].role != BoxRole::Nat && m_parents[box] && box != last)
        {
            const LinkEnd up = *m_parents[box];
            box = up.node.index;
            m_lab.boxes[box].ports[up.port].beyond.push_back(block);
        }
        if (m_lab.boxes[box].role == BoxRole::Nat)
        {
            m_lab.boxes[box].nat.internal.push_back(block);
        }
    }

    LabDraft& m_draft;
    Lab& m_lab;
    AddressPool m_public;
    AddressPool m_private;
    AddressPool m_between;
    std::vector<std::vector<LabNode>> m_regionNodes; ///< by region, the core first
    std::vector<std::vector<LabNode>> m_siteNodes;   ///< by site
    std::vector<std::optional<LinkEnd>> m_parents;   ///< by box: the port above that leads to it
    std::map<size_t, AddressPool> m_sitePools;       ///< by router: of sites without NAT
    std::optional<WireBlock> m_backbone;
    size_t m_backboneLeft = 0;
    bool m_any = false;
    bool m_exhausted = false;
};

} // namespace

void
BuildInternet(LabDraft& draft)
{
    InternetBuilder(draft).Run();
}

} // namespace isb
