// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IO_UNIX_REQUEST_H
#define ISB_EMULATION_IO_UNIX_REQUEST_H

#include "emulation/sys/descriptor.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace isb
{

/// Connects to a unix stream socket and sends it one text. Blocking; reads and writes give up after
/// `patience`. Throws SystemError.
[[nodiscard]] Descriptor SendUnix(const std::string& path,
                                  std::string_view text,
                                  std::chrono::milliseconds patience = std::chrono::seconds(10));

/// The same, and what the other end answers until it hangs up.
/// \param most bytes of an answer; a longer one is an error (EMSGSIZE)
[[nodiscard]] std::string AskUnix(const std::string& path, std::string_view text, size_t most);

} // namespace isb

#endif
