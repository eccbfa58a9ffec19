// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_BACKGROUND_PROCESS_H
#define ISB_EMULATION_IST_BACKGROUND_PROCESS_H

#include <functional>

namespace isb
{

/// Does `work` in a process of its own, in a session of its own, without standard input and output,
/// that outlives this one. Returns when the work has called what it is given: "it runs". Throws
/// std::runtime_error with the text of what the work threw before that.
///
/// Of a process with one thread only.
void StartInBackground(const std::function<void(const std::function<void()>& runs)>& work);

} // namespace isb

#endif
