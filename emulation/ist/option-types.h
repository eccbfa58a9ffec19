// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_OPTION_TYPES_H
#define ISB_EMULATION_IST_OPTION_TYPES_H

#include "model/core/ist/ist-settings.h"
#include "model/wire/ip-endpoint.h"
#include "model/wire/units.h"

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// Options of the command line whose values are our own types. A value that is none is refused
/// with what would be right.
///
/// A duration is a number of seconds ("1.5") or has a unit ("1500 ms").
CLI::Option* AddDuration(CLI::App& app,
                         const std::string& name,
                         Duration& value,
                         const std::string& help);
CLI::Option* AddRate(CLI::App& app,
                     const std::string& name,
                     uint64_t& bitsPerSecond,
                     const std::string& help);
CLI::Option* AddBytes(CLI::App& app,
                      const std::string& name,
                      uint64_t& bytes,
                      const std::string& help);
CLI::Option* AddPort(CLI::App& app,
                     const std::string& name,
                     uint16_t& port,
                     const std::string& help);
CLI::Option* AddAddress(CLI::App& app,
                        const std::string& name,
                        std::optional<IpAddress>& value,
                        const std::string& help);
/// May be given several times.
CLI::Option* AddAddresses(CLI::App& app,
                          const std::string& name,
                          std::vector<IpAddress>& values,
                          const std::string& help);
CLI::Option* AddPlace(CLI::App& app,
                      const std::string& name,
                      IpEndpoint& value,
                      const std::string& help);
/// A word out of a list.
CLI::Option* AddWord(CLI::App& app,
                     const std::string& name,
                     std::string& value,
                     std::vector<std::string_view> words,
                     const std::string& help);

} // namespace isb

#endif
