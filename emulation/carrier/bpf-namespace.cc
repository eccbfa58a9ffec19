// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-namespace.h"

#include "emulation/sys/system-error.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <system_error>

namespace isb
{

namespace fs = std::filesystem;

namespace
{

/// Looks for one namespace in the places that keep one alive.
class NamespaceSearch
{
  public:
    explicit NamespaceSearch(uint64_t inode)
        : m_inode(inode),
          m_link("net:[" + std::to_string(inode) + "]")
    {
    }

    [[nodiscard]] std::optional<std::string>
    Run() const
    {
        if (auto path = InFolder("/run/netns"))
        {
            return path;
        }
        std::error_code error;
        for (const auto& entry : fs::directory_iterator("/proc", error))
        {
            const std::string name = entry.path().filename().string();
            const bool process = std::all_of(name.begin(),
                                             name.end(),
                                             [](unsigned char c) { return std::isdigit(c) != 0; });
            if (auto path = process ? InProcess(entry.path()) : std::nullopt)
            {
                return path;
            }
        }
        return InMounts();
    }

  private:
    [[nodiscard]] bool
    Is(const fs::path& path) const
    {
        struct stat status
        {
        };

        return ::stat(path.c_str(), &status) == 0 && status.st_ino == m_inode;
    }

    [[nodiscard]] bool
    LinksTo(const fs::path& path) const
    {
        std::error_code error;
        return fs::read_symlink(path, error) == m_link;
    }

    [[nodiscard]] std::optional<std::string>
    InFolder(const fs::path& folder) const
    {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder, error))
        {
            if (Is(entry.path()))
            {
                return entry.path().string();
            }
        }
        return std::nullopt;
    }

    /// Its main thread, its other threads, its open descriptors.
    [[nodiscard]] std::optional<std::string>
    InProcess(const fs::path& process) const
    {
        std::error_code error;
        for (const auto& task : fs::directory_iterator(process / "task", error))
        {
            if (LinksTo(task.path() / "ns/net"))
            {
                return (task.path() / "ns/net").string();
            }
        }
        for (const auto& descriptor : fs::directory_iterator(process / "fd", error))
        {
            if (LinksTo(descriptor.path()))
            {
                return descriptor.path().string();
            }
        }
        return std::nullopt;
    }

    /// Mounts of this process: "36 35 0:4 net:[4026532] /mnt/name ...".
    [[nodiscard]] std::optional<std::string>
    InMounts() const
    {
        std::ifstream mounts("/proc/self/mountinfo");
        for (std::string line; std::getline(mounts, line);)
        {
            std::istringstream fields(line);
            std::string number;
            std::string parent;
            std::string device;
            std::string root;
            std::string path;
            if (fields >> number >> parent >> device >> root >> path && root == m_link)
            {
                return path;
            }
        }
        return std::nullopt;
    }

    uint64_t m_inode;
    std::string m_link;
};

} // namespace

uint64_t
NetworkNamespaceInode()
{
    struct stat status
    {
    };

    if (::stat("/proc/thread-self/ns/net", &status) != 0)
    {
        throw SystemError("look at this network namespace");
    }
    return status.st_ino;
}

std::optional<std::string>
PathOfNamespace(uint64_t inode)
{
    return NamespaceSearch(inode).Run();
}

} // namespace isb
