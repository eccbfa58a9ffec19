// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_ATTACHMENT_H
#define ISB_EMULATION_CARRIER_BPF_ATTACHMENT_H

#include "emulation/carrier/bpf-attach-options.h"
#include "emulation/carrier/bpf-pins.h"
#include "emulation/carrier/bpf-record.h"
#include "model/wire/result.h"

#include <optional>
#include <string>
#include <vector>

namespace isb
{

/// What is pinned in a folder, and on which devices: made, taken over, removed. The record is the
/// first thing made and the last removed, so that whatever an interrupted process has left can be
/// found. All throw SystemError when the kernel does not let us.
class BpfAttachment
{
  public:
    /// A carrier of these options, made if it is not there. Refused in words.
    [[nodiscard]] static Result<BpfAttachment> Make(const BpfAttachOptions& options);
    /// The carrier that is there, complete and of this version.
    [[nodiscard]] static Result<BpfAttachment> Find(const std::string& folder);
    /// False: there was nothing.
    [[nodiscard]] static Result<bool> Remove(const std::string& folder);

    [[nodiscard]] const BpfPins& Pins() const;
    [[nodiscard]] std::vector<std::string> Devices() const;
    [[nodiscard]] bool HasXdp() const;
    /// True when it was there already.
    [[nodiscard]] bool IsAdopted() const;

  private:
    BpfAttachment(BpfPins pins, BpfRecord record, bool adopted);
    [[nodiscard]] static Result<bool> RemoveLocked(const BpfPins& pins);
    [[nodiscard]] static Result<BpfAttachment> Fresh(const BpfAttachOptions& options, BpfPins pins);
    [[nodiscard]] std::optional<std::string> AddDevices(const BpfAttachOptions& options);
    void AttachAll(const BpfRecordMap& map, const BpfAttachOptions& options);

    BpfPins m_pins;
    BpfRecord m_record;
    bool m_adopted = false;
};

} // namespace isb

#endif
