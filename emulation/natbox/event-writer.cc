// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/natbox/event-writer.h"

#include "emulation/sys/system-error.h"

#include <utility>

namespace isb
{

EventWriter::EventWriter(const std::string& path, std::string node)
    : m_file(path == "-" ? stdout : std::fopen(path.c_str(), "we")),
      m_node(std::move(node))
{
    if (m_file == nullptr)
    {
        throw SystemError("write events to " + path);
    }
}

EventWriter::~EventWriter()
{
    if (m_file != stdout)
    {
        std::fclose(m_file);
    }
}

void
EventWriter::Emit(const TraceEvent& event)
{
    const std::string line = ToJson(event, m_node) + "\n";
    std::fwrite(line.data(), 1, line.size(), m_file);
    std::fflush(m_file);
}

} // namespace isb
