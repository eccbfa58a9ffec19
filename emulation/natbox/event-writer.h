// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_NATBOX_EVENT_WRITER_H
#define ISB_EMULATION_NATBOX_EVENT_WRITER_H

#include "model/core/trace/trace-event.h"

#include <cstdio>
#include <string>

namespace isb
{

/// Writes events as JSON lines, each at once, so that whoever reads along misses none.
class EventWriter : public TraceSink
{
  public:
    /// \param path of the file, which is emptied; "-": standard output. SystemError says why not.
    /// \param node how events call the box
    EventWriter(const std::string& path, std::string node);
    ~EventWriter() override;
    EventWriter(const EventWriter&) = delete;
    EventWriter& operator=(const EventWriter&) = delete;

    void Emit(const TraceEvent& event) override;

  private:
    std::FILE* m_file;
    std::string m_node;
};

} // namespace isb

#endif
