// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/kernel-ist.h"

#if ISB_HAS_CARRIER_BPF
#include "emulation/carrier/bpf-carrier.h"
#include "emulation/sys/system-error.h"

#include <sched.h>
#include <sys/mount.h>
#endif

#include <utility>

namespace isb
{

#if ISB_HAS_CARRIER_BPF

namespace
{

/// Every process of a machine with eBPF has this folder to mount over.
constexpr const char* BPFFS = "/sys/fs/bpf";

/// A file system for pins that is this process' own: mounted in a mount namespace of its own.
void
MountOwnBpffs()
{
    static const bool mounted = []
    {
        if (unshare(CLONE_NEWNS) != 0)
        {
            throw SystemError("unshare(CLONE_NEWNS)");
        }
        if (mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
        {
            throw SystemError("mount --make-rslave /");
        }
        if (mount("bpf", BPFFS, "bpf", 0, "mode=0700") != 0)
        {
            throw SystemError(std::string("mount -t bpf bpf ") + BPFFS);
        }
        return true;
    }();
    (void)mounted;
}

/// An eBPF carrier, always called in its host's namespace.
class HostCarrier : public SpliceCarrier
{
  public:
    HostCarrier(const NetworkNamespace& space,
                std::string folder,
                std::unique_ptr<BpfCarrier> carrier)
        : m_space(space),
          m_folder(std::move(folder)),
          m_carrier(std::move(carrier))
    {
    }

    ~HostCarrier() override
    {
        const NamespaceScope scope(m_space);
        m_carrier.reset();
        (void)BpfCarrier::Detach(m_folder);
    }

    std::string_view
    Name() const override
    {
        return m_carrier->Name();
    }

    Result<uint64_t>
    Add(const IstPair& pair) override
    {
        const NamespaceScope scope(m_space);
        return m_carrier->Add(pair);
    }

    bool
    Remove(uint64_t id) override
    {
        const NamespaceScope scope(m_space);
        return m_carrier->Remove(id);
    }

    std::vector<IstSpliceInfo>
    List() override
    {
        const NamespaceScope scope(m_space);
        return m_carrier->List();
    }

    std::optional<IstSpliceInfo>
    Find(uint64_t id) override
    {
        const NamespaceScope scope(m_space);
        return m_carrier->Find(id);
    }

    IstCounters
    Counters() override
    {
        const NamespaceScope scope(m_space);
        return m_carrier->Counters();
    }

    std::vector<CarrierNews>
    TakeNews() override
    {
        return m_carrier->TakeNews();
    }

    int
    NewsDescriptor() const override
    {
        return m_carrier->NewsDescriptor();
    }

  private:
    const NetworkNamespace& m_space;
    std::string m_folder;
    std::unique_ptr<BpfCarrier> m_carrier;
};

} // namespace

Result<std::unique_ptr<SpliceCarrier>>
AttachKernelIst(const NetworkNamespace& space,
                const std::string& name,
                const std::string& device,
                size_t capacity)
{
    MountOwnBpffs();
    const NamespaceScope scope(space);
    BpfAttachOptions options;
    options.bpffs = BPFFS;
    options.name = name;
    options.devices = {device};
    options.settings.maxSplices = capacity;
    auto attached = BpfCarrier::Attach(options);
    if (!attached)
    {
        return Error{attached.Why()};
    }
    return std::unique_ptr<SpliceCarrier>(
        std::make_unique<HostCarrier>(space,
                                      BpfCarrier::FolderOf(options.bpffs, name),
                                      std::move(*attached)));
}

#else

Result<std::unique_ptr<SpliceCarrier>>
AttachKernelIst(const NetworkNamespace& /*space*/,
                const std::string& /*name*/,
                const std::string& /*device*/,
                size_t /*capacity*/)
{
    return Error{"this build has no carrier in the kernel (Debian packages clang-14, bpftool, "
                 "libbpf-dev, libmnl-dev)"};
}

#endif

} // namespace isb
