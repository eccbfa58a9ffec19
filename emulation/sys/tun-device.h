// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_TUN_DEVICE_H
#define ISB_EMULATION_SYS_TUN_DEVICE_H

#include "emulation/sys/descriptor.h"

#include <string>

namespace isb
{

/// What the kernel may hand over undone.
struct TunOffload
{
    bool checksums = false;   ///< TCP and UDP checksums not yet computed
    bool tcpSegments = false; ///< TCP segments larger than the MTU (TSO)
    bool udpSegments = false; ///< series of UDP datagrams as one (USO, Linux 6.2)
};

/// A TUN interface: whole IP packets behind a virtio-net header (`struct virtio_net_hdr`, 10
/// bytes), one a read() or write(), never blocking.
class TunDevice
{
  public:
    /// Attaches to the interface, which is made when there is none (this needs CAP_NET_ADMIN) and
    /// then lives as long as the object. SystemError says what was tried and what is needed.
    /// \param name 1 to 15 characters
    explicit TunDevice(const std::string& name);

    /// Tells the kernel what to hand over undone; what it does not know is left out.
    /// \return what holds now
    TunOffload SetOffload(const TunOffload& wanted);

    [[nodiscard]] int
    Get() const
    {
        return m_descriptor.Get();
    }

    [[nodiscard]] const std::string&
    Name() const
    {
        return m_name;
    }

  private:
    std::string m_name;
    Descriptor m_descriptor;
};

} // namespace isb

#endif
