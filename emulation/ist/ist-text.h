// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_IST_TEXT_H
#define ISB_EMULATION_IST_IST_TEXT_H

#include "emulation/carrier/capability-report.h"
#include "model/core/ist/carrier-news.h"
#include "model/core/ist/ist-engine.h"
#include "model/core/ist/ist-settings.h"
#include "model/wire/units.h"

#include <cstdint>
#include <string>
#include <vector>

namespace isb
{

// What the program ist tells people. All texts end with a newline.

/// Three digits and a unit: "0 B", "999 B", "1.23 MB", "12.3 GB".
[[nodiscard]] std::string RoundedBytes(uint64_t bytes);
/// "0 ms", "1.5 s", "2 min 3 s", "1 h 2 min"
[[nodiscard]] std::string RoundedTime(Duration time);

/// A table, a line a splice.
/// \param now of the carrier's clock
[[nodiscard]] std::string ListText(const std::vector<IstSpliceInfo>& splices, TimePoint now);
/// Everything about one splice.
[[nodiscard]] std::string SpliceText(const IstSpliceInfo& splice, TimePoint now);
[[nodiscard]] std::string CountersText(const IstCounters& counters);
[[nodiscard]] std::string NewsText(const CarrierNews& news);
/// What a new splice waits for.
[[nodiscard]] std::string AddedText(const IstPair& pair, uint64_t id);
[[nodiscard]] std::string CapabilitiesText(const std::vector<CapabilityReport>& reports);

} // namespace isb

#endif
