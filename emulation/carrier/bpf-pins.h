// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_PINS_H
#define ISB_EMULATION_CARRIER_BPF_PINS_H

#include "emulation/sys/descriptor.h"

#include <optional>
#include <string>
#include <vector>

namespace isb
{

/// The folder below a file system of type bpf in which one carrier's maps and programs are pinned,
/// and so kept without any process. All throw SystemError.
class BpfPins
{
  public:
    explicit BpfPins(std::string folder);

    [[nodiscard]] const std::string& Folder() const;
    [[nodiscard]] std::string PathOf(const std::string& name) const;
    [[nodiscard]] bool Exists() const;

    /// Makes the folder, and the one that it is in.
    void Create() const;
    /// Unpins everything; folders that are then empty go, too.
    void Remove() const;

    /// A pinned map or program; throws when there is none.
    [[nodiscard]] Descriptor Get(const std::string& name) const;
    [[nodiscard]] bool Has(const std::string& name) const;
    void Pin(int object, const std::string& name) const;

    /// Held while something is attached or detached, on the whole file system: nobody else does.
    [[nodiscard]] Descriptor Lock() const;

  private:
    std::string m_folder;
};

/// `bpffs`/isblab/`name`
[[nodiscard]] std::string PinFolderOf(const std::string& bpffs, const std::string& name);

/// The sub-folders of a folder, by name; none when it is not there.
[[nodiscard]] std::vector<std::string> FoldersIn(const std::string& folder);

/// Whether a file system of type bpf is mounted at `path`, or in which `path` lies.
[[nodiscard]] bool IsBpfFileSystem(const std::string& path);

} // namespace isb

#endif
