// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-netlink.h"

#include "emulation/sys/system-error.h"

#include <array>
#include <cstring>
#include <functional>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <memory>
#include <string>

namespace isb
{

namespace
{

/// Of linux/netdev.h, which Debian 12's headers (6.1) do not have yet.
constexpr uint8_t NETDEV_COMMAND_DEVICE_GET = 1;
constexpr uint16_t NETDEV_ATTRIBUTE_INTERFACE = 1;
constexpr uint16_t NETDEV_ATTRIBUTE_XDP_FEATURES = 3;

using OnMessage = std::function<void(const nlmsghdr&)>;

struct SocketCloser
{
    void
    operator()(mnl_socket* socket) const
    {
        mnl_socket_close(socket);
    }
};

int
Deliver(const nlmsghdr* message, void* data)
{
    (*static_cast<const OnMessage*>(data))(*message);
    return MNL_CB_OK;
}

/// One request and all its answers. False: the kernel has no such object or family.
bool
Ask(int bus, nlmsghdr* request, const std::string& what, const OnMessage& onMessage)
{
    const std::unique_ptr<mnl_socket, SocketCloser> socket(mnl_socket_open2(bus, SOCK_CLOEXEC));
    if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0 ||
        mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0)
    {
        throw SystemError(what);
    }
    std::array<char, 32768> buffer{};
    int more = MNL_CB_OK;
    while (more > MNL_CB_STOP)
    {
        const auto received = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
        if (received < 0)
        {
            throw SystemError(what);
        }
        OnMessage handler = onMessage;
        more = mnl_cb_run(buffer.data(),
                          static_cast<size_t>(received),
                          request->nlmsg_seq,
                          mnl_socket_get_portid(socket.get()),
                          Deliver,
                          &handler);
    }
    if (more < 0 && errno != ENOENT && errno != ENODEV && errno != EINVAL && errno != EOPNOTSUPP &&
        errno != ENETUNREACH && errno != EHOSTUNREACH)
    {
        throw SystemError(what);
    }
    return more >= 0;
}

/// A request's header in a buffer of MNL_SOCKET_BUFFER_SIZE.
nlmsghdr*
Begin(std::array<char, 4096>& buffer, uint16_t type, uint16_t flags)
{
    nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
    request->nlmsg_type = type;
    request->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
    request->nlmsg_seq = 1;
    return request;
}

/// What mnl_attr_parse() looks for.
struct Wanted
{
    uint16_t type;
    const nlattr* found = nullptr;
};

int
Compare(const nlattr* attribute, void* data)
{
    auto* wanted = static_cast<Wanted*>(data);
    if (mnl_attr_get_type(attribute) != wanted->type)
    {
        return MNL_CB_OK;
    }
    wanted->found = attribute;
    return MNL_CB_STOP;
}

/// The attribute of a kind behind a message's own header, or null.
const nlattr*
Attribute(const nlmsghdr& message, size_t headerLength, uint16_t type)
{
    Wanted wanted{type};
    (void)mnl_attr_parse(&message, static_cast<unsigned int>(headerLength), Compare, &wanted);
    return wanted.found;
}

const nlattr*
Nested(const nlattr* parent, uint16_t type)
{
    Wanted wanted{type};
    (void)mnl_attr_parse_nested(parent, Compare, &wanted);
    return wanted.found;
}

tcmsg*
PutTcMessage(nlmsghdr* request, int interface, uint32_t parent)
{
    auto* body = static_cast<tcmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(tcmsg)));
    body->tcm_family = AF_UNSPEC;
    body->tcm_ifindex = interface;
    body->tcm_parent = parent;
    return body;
}

bool
HasClsact(int interface)
{
    std::array<char, 4096> buffer{};
    nlmsghdr* request = Begin(buffer, RTM_GETQDISC, NLM_F_DUMP);
    PutTcMessage(request, interface, 0);
    bool found = false;
    (void)Ask(NETLINK_ROUTE,
              request,
              "list the qdiscs of device " + std::to_string(interface),
              [&](const nlmsghdr& message)
              {
                  const auto* body = static_cast<const tcmsg*>(mnl_nlmsg_get_payload(&message));
                  const nlattr* kind = Attribute(message, sizeof(tcmsg), TCA_KIND);
                  found = found ||
                          (message.nlmsg_type == RTM_NEWQDISC && body->tcm_ifindex == interface &&
                           kind && std::strcmp(mnl_attr_get_str(kind), "clsact") == 0);
              });
    return found;
}

size_t
CountAt(int interface, uint32_t hook)
{
    std::array<char, 4096> buffer{};
    nlmsghdr* request = Begin(buffer, RTM_GETTFILTER, NLM_F_DUMP);
    PutTcMessage(request, interface, TC_H_MAKE(TC_H_CLSACT, hook));
    size_t count = 0;
    (void)Ask(NETLINK_ROUTE,
              request,
              "list the tc filters of device " + std::to_string(interface),
              [&](const nlmsghdr& message) { count += message.nlmsg_type == RTM_NEWTFILTER; });
    return count;
}

genlmsghdr*
PutCommand(nlmsghdr* request, uint8_t command)
{
    auto* body = static_cast<genlmsghdr*>(mnl_nlmsg_put_extra_header(request, sizeof(genlmsghdr)));
    body->cmd = command;
    body->version = 1;
    return body;
}

/// The number of a generic netlink family; 0: the kernel has none of that name.
uint16_t
FamilyNumber(const char* name)
{
    std::array<char, 4096> buffer{};
    nlmsghdr* request = Begin(buffer, GENL_ID_CTRL, NLM_F_ACK);
    PutCommand(request, CTRL_CMD_GETFAMILY);
    mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, name);
    uint16_t number = 0;
    (void)Ask(NETLINK_GENERIC,
              request,
              std::string("look up netlink family ") + name,
              [&](const nlmsghdr& message)
              {
                  const nlattr* id = Attribute(message, sizeof(genlmsghdr), CTRL_ATTR_FAMILY_ID);
                  number = id ? mnl_attr_get_u16(id) : number;
              });
    return number;
}

} // namespace

std::optional<size_t>
CountTcFilters(int interface)
{
    if (!HasClsact(interface))
    {
        return std::nullopt;
    }
    return CountAt(interface, TC_H_MIN_INGRESS) + CountAt(interface, TC_H_MIN_EGRESS);
}

std::optional<VethPeer>
PeerOfVeth(int interface)
{
    std::array<char, 4096> buffer{};
    nlmsghdr* request = Begin(buffer, RTM_GETLINK, NLM_F_ACK);
    auto* body = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg)));
    body->ifi_family = AF_UNSPEC;
    body->ifi_index = interface;
    std::optional<VethPeer> peer;
    (void)Ask(NETLINK_ROUTE,
              request,
              "look at device " + std::to_string(interface),
              [&](const nlmsghdr& message)
              {
                  const nlattr* info = Attribute(message, sizeof(ifinfomsg), IFLA_LINKINFO);
                  const nlattr* kind = info ? Nested(info, IFLA_INFO_KIND) : nullptr;
                  const nlattr* link = Attribute(message, sizeof(ifinfomsg), IFLA_LINK);
                  const nlattr* space = Attribute(message, sizeof(ifinfomsg), IFLA_LINK_NETNSID);
                  if (kind && link && std::strcmp(mnl_attr_get_str(kind), "veth") == 0)
                  {
                      peer.emplace();
                      peer->interface = static_cast<int>(mnl_attr_get_u32(link));
                      if (space)
                      {
                          peer->namespaceId = static_cast<int>(mnl_attr_get_u32(space));
                      }
                  }
              });
    return peer;
}

std::optional<int>
DeviceTowards(const IpAddress& target)
{
    std::array<char, 4096> buffer{};
    nlmsghdr* request = Begin(buffer, RTM_GETROUTE, NLM_F_ACK);
    auto* body = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(rtmsg)));
    std::array<uint8_t, 16> bytes{};
    for (size_t i = 0; i < target.word.size(); ++i)
    {
        ist_put32(bytes.data() + 4 * i, target.word[i]);
    }
    const size_t length = target.IsIpv4() ? 4 : bytes.size();
    body->rtm_family = target.IsIpv4() ? AF_INET : AF_INET6;
    body->rtm_dst_len = static_cast<uint8_t>(8 * length);
    mnl_attr_put(request, RTA_DST, length, bytes.data());
    std::optional<int> device;
    (void)Ask(NETLINK_ROUTE,
              request,
              "look up the route to " + target.ToString(),
              [&](const nlmsghdr& message)
              {
                  const nlattr* out = Attribute(message, sizeof(rtmsg), RTA_OIF);
                  if (out)
                  {
                      device = static_cast<int>(mnl_attr_get_u32(out));
                  }
              });
    return device;
}

std::optional<uint64_t>
XdpFeatures(int interface)
{
    const uint16_t family = FamilyNumber("netdev");
    if (family == 0)
    {
        return std::nullopt;
    }
    std::array<char, 4096> buffer{};
    nlmsghdr* request = Begin(buffer, family, NLM_F_ACK);
    PutCommand(request, NETDEV_COMMAND_DEVICE_GET);
    mnl_attr_put_u32(request, NETDEV_ATTRIBUTE_INTERFACE, static_cast<uint32_t>(interface));
    std::optional<uint64_t> features;
    (void)Ask(NETLINK_GENERIC,
              request,
              "ask for the XDP features of device " + std::to_string(interface),
              [&](const nlmsghdr& message)
              {
                  const nlattr* bits =
                      Attribute(message, sizeof(genlmsghdr), NETDEV_ATTRIBUTE_XDP_FEATURES);
                  if (bits)
                  {
                      features = mnl_attr_get_u64(bits);
                  }
              });
    return features;
}

} // namespace isb
