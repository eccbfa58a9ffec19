// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_LOG_H
#define ISB_EMULATION_CARRIER_BPF_LOG_H

#include <string>

namespace isb
{

/// What libbpf has to say on this thread while this object lives, instead of on standard error.
/// They do not nest.
class BpfLog
{
  public:
    BpfLog();
    ~BpfLog();
    BpfLog(const BpfLog&) = delete;
    BpfLog& operator=(const BpfLog&) = delete;

    /// For an error: the warnings as " (one; two)", or nothing. The verifier's log, which is
    /// thousands of lines long, follows on lines of its own if `verbose`.
    [[nodiscard]] std::string Explanation(bool verbose) const;

  private:
    std::string m_text;
};

} // namespace isb

#endif
