// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_HELPER_ISBLAB_SIM_CAPTURE_H
#define ISB_HELPER_ISBLAB_SIM_CAPTURE_H

#include "ns3/packet.h"

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// Writes the packets at the ports of boxes to pcapng files, DIR/BOX-PORT.pcapng, one a port. A
/// packet's comment says which way it went.
class Capture
{
  public:
    /// The directory must exist.
    explicit Capture(std::string directory);

    void Write(const std::string& box,
               const std::string& port,
               ns3::Ptr<const ns3::Packet> packet,
               bool leaves);

    /// The first file that could not be written; empty when all is well.
    std::string FirstFailure();

  private:
    struct File
    {
        std::string path;
        std::ofstream stream;
    };

    File& Open(const std::string& box, const std::string& port);

    std::string m_directory;
    std::map<std::pair<std::string, std::string>, File> m_files;
    std::vector<uint8_t> m_bytes; ///< of the packet being written
};

#endif
