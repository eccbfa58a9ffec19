// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_MODULE_SOCKET_H
#define ISB_EMULATION_CARRIER_MODULE_SOCKET_H

#include "model/wire/ip-endpoint.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct mnl_socket;
struct nlattr;
struct nlmsghdr;

namespace isb
{

/// One message to the module's generic netlink family (kernel/uapi/ist-netlink.h), in the making.
class ModuleRequest
{
  public:
    /// \param flags NLM_F_DUMP and the like
    explicit ModuleRequest(uint8_t command, uint16_t flags = 0);

    void Put8(uint16_t attribute, uint8_t value);
    void Put16(uint16_t attribute, uint16_t value);
    void Put32(uint16_t attribute, uint32_t value);
    void Put64(uint16_t attribute, uint64_t value);
    void PutBytes(uint16_t attribute, const void* bytes, size_t size);
    void PutAddress(uint16_t attribute, const IpAddress& address);
    void BeginNest(uint16_t attribute);
    void EndNest();

    [[nodiscard]] nlmsghdr* Message();

  private:
    alignas(8) std::array<char, 8192> m_buffer{};
    nlattr* m_nest = nullptr;
};

/// How the module answered.
struct ModuleAnswer
{
    int error = 0;   ///< 0, or an errno
    std::string why; ///< the module's own words, if it had some
};

/// Calls back with each attribute of a message, or of a nest.
using OnModuleAttribute = std::function<void(uint16_t type, const nlattr& attribute)>;

void ForEachAttribute(const nlmsghdr& message, const OnModuleAttribute& take);
void ForEachNested(const nlattr& nest, const OnModuleAttribute& take);
[[nodiscard]] IpAddress AddressIn(const nlattr& attribute);
[[nodiscard]] uint64_t NumberIn(const nlattr& attribute); ///< of 1, 2, 4 or 8 bytes
[[nodiscard]] std::string TextIn(const nlattr& attribute);

/// A generic netlink socket of this thread's network namespace that speaks with the module.
class ModuleSocket
{
  public:
    using OnMessage = std::function<void(const nlmsghdr&)>;

    /// Throws SystemError when there is no generic netlink.
    ModuleSocket();
    ~ModuleSocket();
    ModuleSocket(const ModuleSocket&) = delete;
    ModuleSocket& operator=(const ModuleSocket&) = delete;

    /// Whether the module is loaded, as far as this socket has seen when it was made.
    [[nodiscard]] bool
    IsLoaded() const
    {
        return m_family != 0;
    }

    /// Sends a request and takes all answers. Throws SystemError when that fails.
    ModuleAnswer Ask(ModuleRequest& request, const OnMessage& take = nullptr);

    /// From now on the module's news come here.
    void Subscribe();
    /// Takes the news that are there, without waiting.
    void TakeNews(const OnMessage& take);
    [[nodiscard]] int Descriptor() const;

  private:
    struct Closer
    {
        void operator()(mnl_socket* socket) const;
    };

    void Resolve();
    ModuleAnswer Exchange(nlmsghdr* message, const OnMessage& take);

    std::unique_ptr<mnl_socket, Closer> m_socket;
    uint32_t m_sequence = 0;
    uint16_t m_family = 0; ///< 0: not loaded
    uint32_t m_newsGroup = 0;
};

} // namespace isb

#endif
