// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/module-socket.h"

#include "kernel/uapi/ist-netlink.h"

#include "emulation/sys/system-error.h"

#include <cerrno>
#include <cstring>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <utility>

namespace isb
{

namespace
{

constexpr size_t RECEIVE_SIZE = 65536;

int
VisitAttribute(const nlattr* attribute, void* data)
{
    (*static_cast<const OnModuleAttribute*>(data))(mnl_attr_get_type(attribute), *attribute);
    return MNL_CB_OK;
}

/// The words of the module in an error message that came with NETLINK_EXT_ACK.
std::string
WordsIn(const nlmsghdr& message)
{
    const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(&message));
    if ((message.nlmsg_flags & NLM_F_ACK_TLVS) == 0)
    {
        return {};
    }
    size_t skip = sizeof(nlmsgerr);
    if ((message.nlmsg_flags & NLM_F_CAPPED) == 0)
    {
        skip += mnl_nlmsg_get_payload_len(&error->msg);
    }
    std::string words;
    OnModuleAttribute visitor = [&](uint16_t type, const nlattr& attribute)
    { words = type == NLMSGERR_ATTR_MSG ? TextIn(attribute) : words; };
    mnl_attr_parse(&message, static_cast<unsigned int>(skip), VisitAttribute, &visitor);
    return words;
}

} // namespace

ModuleRequest::ModuleRequest(uint8_t command, uint16_t flags)
{
    nlmsghdr* header = mnl_nlmsg_put_header(m_buffer.data());
    header->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    auto* generic =
        static_cast<genlmsghdr*>(mnl_nlmsg_put_extra_header(header, sizeof(genlmsghdr)));
    generic->cmd = command;
    generic->version = IST_NL_VERSION;
}

nlmsghdr*
ModuleRequest::Message()
{
    return static_cast<nlmsghdr*>(static_cast<void*>(m_buffer.data()));
}

void
ModuleRequest::Put8(uint16_t attribute, uint8_t value)
{
    mnl_attr_put_u8(Message(), attribute, value);
}

void
ModuleRequest::Put16(uint16_t attribute, uint16_t value)
{
    mnl_attr_put_u16(Message(), attribute, value);
}

void
ModuleRequest::Put32(uint16_t attribute, uint32_t value)
{
    mnl_attr_put_u32(Message(), attribute, value);
}

void
ModuleRequest::Put64(uint16_t attribute, uint64_t value)
{
    mnl_attr_put_u64(Message(), attribute, value);
}

void
ModuleRequest::PutBytes(uint16_t attribute, const void* bytes, size_t size)
{
    mnl_attr_put(Message(), attribute, size, bytes);
}

void
ModuleRequest::PutAddress(uint16_t attribute, const IpAddress& address)
{
    std::array<uint8_t, 16> bytes{};
    for (size_t i = 0; i < 4; ++i)
    {
        ist_put32(bytes.data() + 4 * i, address.word[i]);
    }
    PutBytes(attribute, bytes.data(), address.IsIpv4() ? 4 : 16);
}

void
ModuleRequest::BeginNest(uint16_t attribute)
{
    m_nest = mnl_attr_nest_start(Message(), attribute);
}

void
ModuleRequest::EndNest()
{
    mnl_attr_nest_end(Message(), m_nest);
}

void
ForEachAttribute(const nlmsghdr& message, const OnModuleAttribute& take)
{
    OnModuleAttribute visitor = take;
    mnl_attr_parse(&message, sizeof(genlmsghdr), VisitAttribute, &visitor);
}

void
ForEachNested(const nlattr& nest, const OnModuleAttribute& take)
{
    OnModuleAttribute visitor = take;
    mnl_attr_parse_nested(&nest, VisitAttribute, &visitor);
}

IpAddress
AddressIn(const nlattr& attribute)
{
    const auto* bytes = static_cast<const uint8_t*>(mnl_attr_get_payload(&attribute));
    const size_t size = mnl_attr_get_payload_len(&attribute);
    IpAddress address;
    address.family = size == 16 ? IST_FAMILY_IPV6 : IST_FAMILY_IPV4;
    for (size_t i = 0; i < size / 4 && i < 4; ++i)
    {
        address.word[i] = ist_get32(bytes + 4 * i);
    }
    return address;
}

uint64_t
NumberIn(const nlattr& attribute)
{
    uint64_t value = 0;
    const size_t size = mnl_attr_get_payload_len(&attribute);
    switch (size)
    {
    case 1:
        return mnl_attr_get_u8(&attribute);
    case 2:
        return mnl_attr_get_u16(&attribute);
    case 4:
        return mnl_attr_get_u32(&attribute);
    case 8:
        std::memcpy(&value, mnl_attr_get_payload(&attribute), sizeof(value));
        return value;
    default:
        return 0;
    }
}

std::string
TextIn(const nlattr& attribute)
{
    const auto* text = static_cast<const char*>(mnl_attr_get_payload(&attribute));
    return {text, strnlen(text, mnl_attr_get_payload_len(&attribute))};
}

void
ModuleSocket::Closer::operator()(mnl_socket* socket) const
{
    mnl_socket_close(socket);
}

ModuleSocket::ModuleSocket()
    : m_socket(mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC))
{
    if (!m_socket || mnl_socket_bind(m_socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
    {
        throw SystemError("open generic netlink");
    }
    int on = 1;
    // Without these the module's words are missing, and nothing else.
    (void)mnl_socket_setsockopt(m_socket.get(), NETLINK_EXT_ACK, &on, sizeof(on));
    (void)mnl_socket_setsockopt(m_socket.get(), NETLINK_CAP_ACK, &on, sizeof(on));
    Resolve();
}

ModuleSocket::~ModuleSocket() = default;

/// Numbers of family and multicast group; they stay 0 when the module is not loaded.
void
ModuleSocket::Resolve()
{
    ModuleRequest request(CTRL_CMD_GETFAMILY);
    request.Message()->nlmsg_type = GENL_ID_CTRL;
    const std::string name = IST_NL_FAMILY;
    request.PutBytes(CTRL_ATTR_FAMILY_NAME, name.c_str(), name.size() + 1);
    const auto onGroup = [&](uint16_t type, const nlattr& attribute)
    {
        m_newsGroup = type == CTRL_ATTR_MCAST_GRP_ID ? static_cast<uint32_t>(NumberIn(attribute))
                                                     : m_newsGroup;
    };
    const auto onFamily = [&](uint16_t type, const nlattr& attribute)
    {
        if (type == CTRL_ATTR_FAMILY_ID)
        {
            m_family = static_cast<uint16_t>(NumberIn(attribute));
        }
        else if (type == CTRL_ATTR_MCAST_GROUPS)
        {
            // There is one group only.
            ForEachNested(attribute,
                          [&](uint16_t, const nlattr& group) { ForEachNested(group, onGroup); });
        }
    };
    const ModuleAnswer answer =
        Exchange(request.Message(),
                 [&](const nlmsghdr& message) { ForEachAttribute(message, onFamily); });
    if (answer.error != 0 && answer.error != ENOENT)
    {
        errno = answer.error;
        throw SystemError("look up generic netlink family " + name);
    }
}

ModuleAnswer
ModuleSocket::Ask(ModuleRequest& request, const OnMessage& take)
{
    request.Message()->nlmsg_type = m_family;
    return Exchange(request.Message(), take);
}

ModuleAnswer
ModuleSocket::Exchange(nlmsghdr* message, const OnMessage& take)
{
    message->nlmsg_seq = ++m_sequence;
    if (mnl_socket_sendto(m_socket.get(), message, message->nlmsg_len) < 0)
    {
        throw SystemError("send to the IST module");
    }
    std::vector<char> buffer(RECEIVE_SIZE);
    for (;;)
    {
        const auto received = mnl_socket_recvfrom(m_socket.get(), buffer.data(), buffer.size());
        if (received < 0)
        {
            throw SystemError("receive from the IST module");
        }
        int left = static_cast<int>(received);
        const auto* one = static_cast<const nlmsghdr*>(static_cast<const void*>(buffer.data()));
        for (; mnl_nlmsg_ok(one, left); one = mnl_nlmsg_next(one, &left))
        {
            if (one->nlmsg_seq != m_sequence)
            {
                continue;
            }
            if (one->nlmsg_type == NLMSG_ERROR)
            {
                const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(one));
                return {-error->error, WordsIn(*one)};
            }
            if (one->nlmsg_type == NLMSG_DONE)
            {
                return {};
            }
            if (take)
            {
                take(*one);
            }
        }
    }
}

void
ModuleSocket::Subscribe()
{
    int group = static_cast<int>(m_newsGroup);
    if (mnl_socket_setsockopt(m_socket.get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
    {
        throw SystemError("listen to news of the IST module");
    }
}

void
ModuleSocket::TakeNews(const OnMessage& take)
{
    std::vector<char> buffer(RECEIVE_SIZE);
    for (;;)
    {
        const ssize_t received = recv(Descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        {
            return;
        }
        // Some were lost as they were not fetched in time; what comes is news again.
        if (received < 0 && (errno == ENOBUFS || errno == EINTR))
        {
            continue;
        }
        if (received < 0)
        {
            throw SystemError("receive news of the IST module");
        }
        int left = static_cast<int>(received);
        const auto* one = static_cast<const nlmsghdr*>(static_cast<const void*>(buffer.data()));
        for (; mnl_nlmsg_ok(one, left); one = mnl_nlmsg_next(one, &left))
        {
            if (one->nlmsg_type == m_family)
            {
                take(*one);
            }
        }
    }
}

int
ModuleSocket::Descriptor() const
{
    return mnl_socket_get_fd(m_socket.get());
}

} // namespace isb
