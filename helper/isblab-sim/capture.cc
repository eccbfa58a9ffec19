// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/isblab-sim/capture.h"

#include "model/ns3/sim-time.h"
#include "model/wire/pcapng.h"

namespace
{

void
Append(std::ofstream& stream, const std::vector<uint8_t>& block)
{
    stream.write(reinterpret_cast<const char*>(block.data()),
                 static_cast<std::streamsize>(block.size()));
}

} // namespace

Capture::Capture(std::string directory)
    : m_directory(std::move(directory))
{
}

Capture::File&
Capture::Open(const std::string& box, const std::string& port)
{
    const auto [entry, isNew] = m_files.try_emplace({box, port});
    File& file = entry->second;
    if (isNew)
    {
        file.path = m_directory + "/" + box + "-" + port + ".pcapng";
        file.stream.open(file.path, std::ios::binary | std::ios::trunc);
        Append(file.stream, isb::PcapngSection("isblab " ISB_VERSION));
        Append(file.stream, isb::PcapngInterface(isb::PcapngLinkType::Raw, box + ":" + port));
    }
    return file;
}

void
Capture::Write(const std::string& box,
               const std::string& port,
               ns3::Ptr<const ns3::Packet> packet,
               bool leaves)
{
    const uint32_t size = packet->GetSize();
    m_bytes.resize(size);
    packet->CopyData(m_bytes.data(), size);
    Append(Open(box, port).stream,
           isb::PcapngPacket(0,
                             ns3::SimulatedNow(),
                             m_bytes,
                             size,
                             leaves ? "leaves the box" : "enters the box"));
}

std::string
Capture::FirstFailure()
{
    for (auto& [name, file] : m_files)
    {
        file.stream.flush();
        if (!file.stream)
        {
            return file.path;
        }
    }
    return {};
}
