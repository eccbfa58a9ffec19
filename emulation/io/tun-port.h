// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IO_TUN_PORT_H
#define ISB_EMULATION_IO_TUN_PORT_H

#include "emulation/sys/network-interface.h"
#include "emulation/sys/tun-device.h"
#include "model/wire/bytes.h"

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace isb
{

/// One TUN interface on the event loop. Packets are read in batches into one buffer, in which they
/// are translated and from which they are written: no copy, no allocation a packet. A batch is
/// small enough to stay in the processor's cache.
class TunPort
{
  public:
    /// Gets a batch of packets: each a VnetHeader and the packet, to be changed in place.
    using Receiver = std::function<void(const MutableBytes* packets, size_t count)>;

    /// Attaches to the interface and configures it. SystemError says what was tried.
    /// \param address of the kernel's end; nothing: left as it is
    TunPort(asio::io_context& io,
            const std::string& device,
            const std::optional<InterfaceAddress>& address,
            uint16_t mtu);

    /// Reads from now on.
    void Start(Receiver receiver);

    /// Large segments pass whole, as far as the kernel knows them; or everything as on a wire.
    /// \return what the kernel hands over undone now
    TunOffload SetOffload(bool on);

    /// False when the kernel does not take the packet.
    bool Write(ByteView bytes);

  private:
    void Wait();
    void Run();
    bool ReadBatch();

    TunDevice m_device;
    asio::posix::stream_descriptor m_stream;
    Receiver m_receiver;
    std::vector<uint8_t> m_buffer;
    std::vector<MutableBytes> m_batch; ///< in m_buffer
};

} // namespace isb

#endif
