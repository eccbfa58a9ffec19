// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_IST_OPTIONS_H
#define ISB_EMULATION_IST_IST_OPTIONS_H

#include "model/core/ist/ist-settings.h"

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace isb
{

/// What `ist` is told to do.
enum class IstCommand : uint8_t
{
    Attach,
    Detach,
    AddSplice,
    RemoveSplice,
    List,
    Show,
    Stats,
    Watch,
    Check,
};

/// Where carriers are found, and which one is meant.
struct IstPlace
{
    std::string name;                  ///< empty: the only one; for attach: "ist"
    std::string bpffs = "/sys/fs/bpf"; ///< where the file system with the pins is mounted
    std::string runFolder = "/run";    ///< control sockets are in `runFolder`/isblab
};

/// `ist attach`
struct AttachOrder
{
    std::string carrier = "bpf"; ///< "bpf", "bpf+xdp", "module", "tun"
    std::vector<std::string> devices;
    bool genericXdp = false;   ///< bpf+xdp: in the stack instead of in the driver
    bool isVerbose = false;    ///< an error carries all that the kernel says
    bool isForeground = false; ///< tun: stay, do not go to the background
    IstSettings settings;
};

/// One command line of `ist`.
struct IstOptions
{
    IstCommand command = IstCommand::List;
    IstPlace place;
    bool isJson = false;
    AttachOrder attach;
    IstPair pair;           ///< AddSplice; label 1 unless another is given
    uint32_t count = 1;     ///< AddSplice: so many, both ports counting up
    uint64_t id = 0;        ///< RemoveSplice, Show
    uint64_t newsCount = 0; ///< Watch: end after so many; 0: never
    std::vector<std::string> checkDevices;
};

/// A command line read, or the exit status when there is nothing to do (help, version, a fault;
/// what is to be said is printed).
struct ParsedIstOptions
{
    IstOptions options;
    int status = -1; ///< negative: do what `options` says
};

/// Exit status for a command line that is wrong.
inline constexpr int IST_STATUS_USAGE = 2;

[[nodiscard]] ParsedIstOptions ParseIstOptions(int argc,
                                               const char* const* argv,
                                               std::ostream& out,
                                               std::ostream& err);

} // namespace isb

#endif
