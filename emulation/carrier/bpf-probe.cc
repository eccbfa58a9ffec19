// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-probe.h"

#include "emulation/carrier/bpf-log.h"
#include "emulation/carrier/bpf-pins.h"
#include "emulation/sys/descriptor.h"

#include <array>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sys/capability.h>
#include <sys/utsname.h>
#include <type_traits>
#include <unistd.h>

namespace isb
{

namespace
{

/// The oldest kernel whose verifier takes the programs (kernel/bpf/README.md).
constexpr int NEEDED_MAJOR = 6;
constexpr int NEEDED_MINOR = 1;

struct CapabilityDeleter
{
    void
    operator()(cap_t set) const
    {
        cap_free(set);
    }
};

using CapabilitySet = std::unique_ptr<std::remove_pointer_t<cap_t>, CapabilityDeleter>;

bool
Holds(cap_value_t capability)
{
    const CapabilitySet own(cap_get_proc());
    cap_flag_value_t value = CAP_CLEAR;
    return own && cap_get_flag(own.get(), capability, CAP_EFFECTIVE, &value) == 0 &&
           value == CAP_SET;
}

bool
IsInUserNamespace()
{
    std::ifstream map("/proc/self/uid_map");
    uint64_t inside = 0;
    uint64_t outside = 0;
    uint64_t count = 0;
    return static_cast<bool>(map >> inside >> outside >> count) && count != UINT32_MAX;
}

void
ProbeRights(CapabilityReport& report)
{
    const std::string help = "run as root, or give it by `setcap` or AmbientCapabilities=";
    const bool all = Holds(CAP_SYS_ADMIN);
    for (const auto& [capability, name, purpose] :
         {std::tuple{CAP_BPF, "CAP_BPF", "loads programs"},
          std::tuple{CAP_PERFMON, "CAP_PERFMON", "lets them compute with pointers"},
          std::tuple{CAP_NET_ADMIN, "CAP_NET_ADMIN", "attaches them to devices"}})
    {
        if (Holds(capability) || (capability != CAP_NET_ADMIN && all))
        {
            report.Found(name, purpose);
        }
        else
        {
            report.Missing(name, std::string(purpose) + ": " + help);
        }
    }
    if (IsInUserNamespace())
    {
        report.Missing("initial user namespace",
                       "capabilities of a user namespace do not count for eBPF: run outside the "
                       "container, or in a privileged one");
    }
}

void
ProbeKernel(CapabilityReport& report)
{
    utsname name{};
    int major = 0;
    int minor = 0;
    if (uname(&name) != 0 || std::sscanf(name.release, "%d.%d", &major, &minor) != 2)
    {
        report.Lacking("kernel", "its version is not to be read");
        return;
    }
    if (major > NEEDED_MAJOR || (major == NEEDED_MAJOR && minor >= NEEDED_MINOR))
    {
        report.Found("kernel", name.release);
        return;
    }
    report.Missing("kernel",
                   std::string(name.release) + " is older than " + std::to_string(NEEDED_MAJOR) +
                       "." + std::to_string(NEEDED_MINOR) + ": use the module or TUN carrier");
}

struct Feature
{
    const char* name;
    int present; ///< as libbpf answers: 1 yes, 0 no, negative: cannot be asked
    const char* help;
};

void
ProbeFeatures(CapabilityReport& report)
{
    const BpfLog log;
    const auto helper = [](bpf_func_id id)
    { return libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS, id, nullptr); };
    const std::string old = "this kernel lacks it: a newer one, or the module or TUN carrier";
    for (const Feature& feature :
         {Feature{"tc programs",
                  libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SCHED_CLS, nullptr),
                  "CONFIG_NET_CLS_BPF, CONFIG_NET_CLS_ACT"},
          Feature{"ring buffer",
                  libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, nullptr),
                  "Linux 5.8"},
          Feature{"spin locks", helper(BPF_FUNC_spin_lock), "Linux 5.1"},
          Feature{"timers", helper(BPF_FUNC_timer_init), "Linux 5.15"},
          Feature{"loops", helper(BPF_FUNC_loop), "Linux 5.17"}})
    {
        const std::string what = std::string("eBPF ") + feature.name;
        if (feature.present == 1)
        {
            report.Found(what);
        }
        else if (feature.present == 0)
        {
            report.Missing(what, old + " (" + feature.help + ")");
        }
        else
        {
            report.Missing(what,
                           "the kernel does not let itself be asked: " +
                               std::string(std::generic_category().message(-feature.present)));
        }
    }
}

/// Whether a program that is loaded now is compiled; nothing: none can be loaded.
std::optional<bool>
IsCompiled()
{
    const BpfLog log;
    const std::array<bpf_insn, 2> program{
        bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0},
        bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
    };
    const Descriptor loaded(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS,
                                          "ist_probe",
                                          "GPL",
                                          program.data(),
                                          program.size(),
                                          nullptr));
    bpf_prog_info info{};
    uint32_t size = sizeof(info);
    if (!loaded || bpf_obj_get_info_by_fd(loaded.Get(), &info, &size) != 0)
    {
        return std::nullopt;
    }
    return info.jited_prog_len != 0;
}

void
ProbeEnvironment(CapabilityReport& report, const std::string& bpffs)
{
    const auto compiled = IsCompiled();
    if (!compiled)
    {
        report.Missing("loading eBPF programs",
                       "the kernel refuses: " +
                           std::string(std::generic_category().message(errno)));
    }
    else if (*compiled)
    {
        report.Found("eBPF compiler", "programs run as machine code");
    }
    else
    {
        report.Lacking("eBPF compiler",
                       "programs are interpreted, several times slower: `sysctl "
                       "net.core.bpf_jit_enable=1`");
    }
    if (IsBpfFileSystem(bpffs))
    {
        report.Found("bpf file system", bpffs);
    }
    else
    {
        report.Missing("bpf file system",
                       bpffs + " is none: `mount -t bpf bpf " + bpffs + "`, or name another");
    }
    if (::access("/sys/kernel/btf/vmlinux", R_OK) == 0)
    {
        report.Found("kernel type information", "/sys/kernel/btf/vmlinux");
    }
    else
    {
        report.Missing("kernel type information",
                       "programs find a packet's checksum state by it: a kernel with "
                       "CONFIG_DEBUG_INFO_BTF, or the module or TUN carrier");
    }
}

} // namespace

CapabilityReport
ProbeBpf(const BpfProbeOptions& options)
{
    CapabilityReport report;
    report.carrier = options.xdp == XdpMode::None ? "bpf" : "bpf+xdp";
    ProbeRights(report);
    ProbeKernel(report);
    ProbeFeatures(report);
    ProbeEnvironment(report, options.bpffs);
    for (const std::string& device : options.devices)
    {
        ProbeDevice(report, device, options.xdp);
    }
    return report;
}

} // namespace isb
