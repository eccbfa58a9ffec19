// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_NETWORK_NAMESPACE_H
#define ISB_EMULATION_SYS_NETWORK_NAMESPACE_H

#include "emulation/sys/descriptor.h"

#include <string>
#include <string_view>

namespace isb
{

/// A network namespace, held open. One that nobody named is gone with the last descriptor, socket
/// and process in it, also when its maker is killed.
class NetworkNamespace
{
  public:
    /// A new one without a name; its loopback is down. Throws SystemError.
    [[nodiscard]] static NetworkNamespace Create();
    /// That of a path, "/run/netns/NAME". Throws SystemError.
    [[nodiscard]] static NetworkNamespace Open(const std::string& path);
    /// That of this thread. Throws SystemError.
    [[nodiscard]] static NetworkNamespace Current();

    [[nodiscard]] int Get() const;

    /// A path by which other programs reach it while this process holds it.
    [[nodiscard]] std::string Path() const;

  private:
    explicit NetworkNamespace(Descriptor descriptor);

    Descriptor m_descriptor;
};

/// This thread is in a network namespace for as long as this object lives: sockets that it makes
/// meanwhile belong there for good. Throws SystemError; when there is no way back the program ends.
class NamespaceScope
{
  public:
    explicit NamespaceScope(const NetworkNamespace& space);
    ~NamespaceScope();
    NamespaceScope(const NamespaceScope&) = delete;
    NamespaceScope& operator=(const NamespaceScope&) = delete;

  private:
    NetworkNamespace m_home;
};

/// Sets a value below /proc/sys of a namespace: "net/ipv4/ip_forward". Throws SystemError.
void SetSysctl(const NetworkNamespace& space, const std::string& key, std::string_view value);

} // namespace isb

#endif
