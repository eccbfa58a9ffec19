// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-pins.h"

#include "emulation/sys/system-error.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <system_error>
#include <utility>

namespace isb
{

namespace fs = std::filesystem;

namespace
{

constexpr mode_t FOLDER_MODE = 0700; // who may open a pin may steer the IST

std::string
ParentOf(const std::string& folder)
{
    return fs::path(folder).parent_path().string();
}

void
MakeFolder(const std::string& folder)
{
    if (::mkdir(folder.c_str(), FOLDER_MODE) != 0 && errno != EEXIST)
    {
        throw SystemError("make folder " + folder);
    }
}

} // namespace

BpfPins::BpfPins(std::string folder)
    : m_folder(std::move(folder))
{
}

const std::string&
BpfPins::Folder() const
{
    return m_folder;
}

std::string
BpfPins::PathOf(const std::string& name) const
{
    return m_folder + "/" + name;
}

bool
BpfPins::Exists() const
{
    std::error_code ignored;
    return fs::is_directory(m_folder, ignored);
}

void
BpfPins::Create() const
{
    MakeFolder(ParentOf(m_folder));
    MakeFolder(m_folder);
}

void
BpfPins::Remove() const
{
    std::error_code error;
    fs::remove_all(m_folder, error);
    if (error)
    {
        throw SystemError("remove pins in " + m_folder, error.value());
    }
    if (::rmdir(ParentOf(m_folder).c_str()) != 0 && errno != ENOTEMPTY && errno != EEXIST &&
        errno != ENOENT)
    {
        throw SystemError("remove folder " + ParentOf(m_folder));
    }
}

Descriptor
BpfPins::Get(const std::string& name) const
{
    Descriptor object(bpf_obj_get(PathOf(name).c_str()));
    if (!object)
    {
        throw SystemError("open pinned " + PathOf(name));
    }
    return object;
}

bool
BpfPins::Has(const std::string& name) const
{
    std::error_code ignored;
    return fs::exists(PathOf(name), ignored);
}

void
BpfPins::Pin(int object, const std::string& name) const
{
    if (bpf_obj_pin(object, PathOf(name).c_str()) != 0)
    {
        throw SystemError("pin " + PathOf(name));
    }
}

Descriptor
BpfPins::Lock() const
{
    const std::string root = ParentOf(ParentOf(m_folder));
    Descriptor lock(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock || ::flock(lock.Get(), LOCK_EX) != 0)
    {
        throw SystemError("lock " + root);
    }
    return lock;
}

std::string
PinFolderOf(const std::string& bpffs, const std::string& name)
{
    return bpffs + "/isblab/" + name;
}

std::vector<std::string>
FoldersIn(const std::string& folder)
{
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error))
    {
        if (entry.is_directory(error))
        {
            names.push_back(entry.path().filename().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

bool
IsBpfFileSystem(const std::string& path)
{
    struct statfs status
    {
    };

    return ::statfs(path.c_str(), &status) == 0 &&
           static_cast<uint64_t>(status.f_type) == BPF_FS_MAGIC;
}

} // namespace isb
