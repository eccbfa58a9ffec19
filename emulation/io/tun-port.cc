// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/io/tun-port.h"

#include "emulation/sys/system-error.h"
#include "emulation/sys/vnet-header.h"

#include <asio/post.hpp>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace isb
{

namespace
{

/// Packets of a batch, and bytes after which it is full: half of a common second-level cache.
constexpr size_t BATCH_PACKETS = 32;
constexpr size_t BATCH_BYTES = 128 * 1024;
/// Batches before the other side has its turn.
constexpr int TURN = 2;
constexpr size_t LARGEST_PACKET = 65535;
/// Packets that may wait for us while the other side has its turn, and in bursts.
constexpr uint32_t QUEUE_LENGTH = 2000;

/// The descriptor of a device that was configured on the way.
int
Configured(TunDevice& device, const InterfaceSettings& settings)
{
    ConfigureInterface(device.Name(), settings);
    const int copy = dup(device.Get());
    if (copy < 0)
    {
        throw SystemError("duplicate the descriptor of TUN interface " + device.Name());
    }
    return copy;
}

} // namespace

TunPort::TunPort(asio::io_context& io,
                 const std::string& device,
                 const std::optional<InterfaceAddress>& address,
                 uint16_t mtu)
    : m_device(device),
      m_stream(io, Configured(m_device, {address, mtu, QUEUE_LENGTH})),
      m_buffer(BATCH_BYTES + VNET_HEADER_SIZE + LARGEST_PACKET)
{
}

TunOffload
TunPort::SetOffload(bool on)
{
    return m_device.SetOffload({on, on, on});
}

void
TunPort::Start(Receiver receiver)
{
    m_receiver = std::move(receiver);
    Wait();
}

void
TunPort::Wait()
{
    m_stream.async_wait(asio::posix::stream_descriptor::wait_read,
                        [this](const std::error_code& error)
                        {
                            if (!error)
                            {
                                Run();
                            }
                        });
}

void
TunPort::Run()
{
    for (int i = 0; i < TURN; ++i)
    {
        const bool isMore = ReadBatch();
        if (!m_batch.empty())
        {
            m_receiver(m_batch.data(), m_batch.size());
        }
        if (!isMore)
        {
            Wait();
            return;
        }
    }
    asio::post(m_stream.get_executor(), [this] { Run(); });
}

/// Fills m_batch; false when there is no more to read.
bool
TunPort::ReadBatch()
{
    m_batch.clear();
    size_t used = 0;
    while (m_batch.size() < BATCH_PACKETS && used < BATCH_BYTES)
    {
        const ssize_t size = read(m_device.Get(), &m_buffer[used], m_buffer.size() - used);
        if (size >= 0)
        {
            m_batch.emplace_back(&m_buffer[used], static_cast<size_t>(size));
            used += static_cast<size_t>(size);
        }
        else if (errno == EAGAIN)
        {
            return false;
        }
        else if (errno != EINTR)
        {
            throw SystemError("read from TUN interface " + m_device.Name());
        }
    }
    return true;
}

bool
TunPort::Write(ByteView bytes)
{
    return write(m_device.Get(), bytes.data, bytes.size) == static_cast<ssize_t>(bytes.size);
}

} // namespace isb
