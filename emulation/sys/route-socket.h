// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_ROUTE_SOCKET_H
#define ISB_EMULATION_SYS_ROUTE_SOCKET_H

#include "emulation/sys/descriptor.h"
#include "model/wire/ip-endpoint.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <linux/netlink.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace isb
{

/// An address as netlink takes it: 4 or 16 bytes.
[[nodiscard]] std::vector<uint8_t> NetworkBytes(const IpAddress& address);

/// One request of rtnetlink(7): a header of its kind and attributes.
class RouteRequest
{
  public:
    template <typename Header>
    RouteRequest(uint16_t type, uint16_t flags, const Header& header)
        : RouteRequest(type, flags, &header, sizeof(header))
    {
    }

    void Put(uint16_t attribute, const void* value, size_t size);

    void
    Put(uint16_t attribute, uint32_t value)
    {
        Put(attribute, &value, sizeof(value));
    }

    void
    Put(uint16_t attribute, uint8_t value)
    {
        Put(attribute, &value, sizeof(value));
    }

    /// The message, its length filled in.
    [[nodiscard]] const std::vector<uint8_t>&
    Bytes() const
    {
        return m_bytes;
    }

  private:
    RouteRequest(uint16_t type, uint16_t flags, const void* header, size_t size);

    std::vector<uint8_t> m_bytes;
};

/// One message that the kernel answers with.
class RouteAnswer
{
  public:
    /// \param bytes behind the message's own header
    explicit RouteAnswer(std::vector<uint8_t> bytes)
        : m_bytes(std::move(bytes))
    {
    }

    /// The header of its kind; zero bytes where it is shorter.
    template <typename T>
    [[nodiscard]] T
    Header() const
    {
        T header{};
        std::memcpy(&header, m_bytes.data(), std::min(sizeof(T), m_bytes.size()));
        return header;
    }

    /// An attribute behind a header of 12 bytes, as rules and routes have it; empty: it has none.
    [[nodiscard]] std::vector<uint8_t> Bytes(uint16_t attribute) const;

    template <typename T>
    [[nodiscard]] std::optional<T>
    Get(uint16_t attribute) const
    {
        const std::vector<uint8_t> bytes = Bytes(attribute);
        if (bytes.size() != sizeof(T))
        {
            return std::nullopt;
        }
        T value{};
        std::memcpy(&value, bytes.data(), sizeof(T));
        return value;
    }

  private:
    std::vector<uint8_t> m_bytes;
};

/// rtnetlink(7) of this thread's network namespace.
class RouteSocket
{
  public:
    RouteSocket();

    /// Asks and waits for the acknowledgement; `onAnswer` (may be empty) gets what comes before it.
    /// \return errno's value, 0: done
    [[nodiscard]] int Ask(const RouteRequest& request,
                          const std::function<void(const RouteAnswer&)>& onAnswer);
    /// All that a request with NLM_F_DUMP lists; SystemError(what) when it cannot be asked.
    [[nodiscard]] std::vector<RouteAnswer> Dump(const RouteRequest& request,
                                                const std::string& what);

  private:
    Descriptor m_socket;
};

} // namespace isb

#endif
