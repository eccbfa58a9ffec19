// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/network-namespace.h"

#include "emulation/sys/system-error.h"

#include <cstdlib>
#include <fcntl.h>
#include <sched.h>
#include <utility>

namespace isb
{

namespace
{

constexpr const char* OWN = "/proc/thread-self/ns/net";

} // namespace

NetworkNamespace::NetworkNamespace(Descriptor descriptor)
    : m_descriptor(std::move(descriptor))
{
}

NetworkNamespace
NetworkNamespace::Create()
{
    const NetworkNamespace home = Current();
    if (unshare(CLONE_NEWNET) != 0)
    {
        throw SystemError("make a network namespace");
    }
    Descriptor made(open(OWN, O_RDONLY | O_CLOEXEC));
    const int error = errno;
    if (setns(home.Get(), CLONE_NEWNET) != 0)
    {
        std::abort();
    }
    if (!made)
    {
        throw SystemError(std::string("open ") + OWN, error);
    }
    return NetworkNamespace(std::move(made));
}

NetworkNamespace
NetworkNamespace::Open(const std::string& path)
{
    Descriptor opened(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened)
    {
        throw SystemError("open " + path);
    }
    return NetworkNamespace(std::move(opened));
}

NetworkNamespace
NetworkNamespace::Current()
{
    return Open(OWN);
}

int
NetworkNamespace::Get() const
{
    return m_descriptor.Get();
}

std::string
NetworkNamespace::Path() const
{
    return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(Get());
}

NamespaceScope::NamespaceScope(const NetworkNamespace& space)
    : m_home(NetworkNamespace::Current())
{
    if (setns(space.Get(), CLONE_NEWNET) != 0)
    {
        throw SystemError("enter a network namespace");
    }
}

NamespaceScope::~NamespaceScope()
{
    if (setns(m_home.Get(), CLONE_NEWNET) != 0)
    {
        std::abort(); // whatever came next would happen in the wrong network
    }
}

void
SetSysctl(const NetworkNamespace& space, const std::string& key, std::string_view value)
{
    const NamespaceScope scope(space);
    const std::string path = "/proc/sys/" + key;
    const Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file || write(file.Get(), value.data(), value.size()) < 0)
    {
        throw SystemError("write " + path);
    }
}

} // namespace isb
