// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_IST_JSON_H
#define ISB_EMULATION_IST_IST_JSON_H

#include "model/core/ist/carrier-news.h"
#include "model/core/ist/ist-engine.h"
#include "model/core/ist/ist-settings.h"
#include "model/wire/result.h"
#include "model/wire/units.h"

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace isb
{

/// JSON of the program ist, printed by --json and spoken on the control socket: one form for both.
/// Seconds are numbers with a fraction, endpoints texts ("192.0.2.1:80"), null = not known yet.
using Json = nlohmann::ordered_json;

/// Keeps words that were read, for the types whose texts are views of static ones. Bounded: words
/// beyond MOST become "?".
class WordStore
{
  public:
    static constexpr size_t MOST = 1024;

    /// The same text, which lives as long as this object.
    [[nodiscard]] std::string_view Keep(std::string_view word);

  private:
    std::set<std::string, std::less<>> m_words;
};

[[nodiscard]] Json PairJson(const IstPair& pair);
/// Text of any kind is refused in words, never thrown at.
[[nodiscard]] Result<IstPair> ReadPair(const Json& json);

/// \param now of the carrier's clock: ages are told, not moments
[[nodiscard]] Json SpliceJson(const IstSpliceInfo& splice, TimePoint now);
[[nodiscard]] Result<IstSpliceInfo> ReadSplice(const Json& json, TimePoint now, WordStore& words);

[[nodiscard]] Json CountersJson(const IstCounters& counters);
[[nodiscard]] Result<IstCounters> ReadCounters(const Json& json, WordStore& words);

[[nodiscard]] Json NewsJson(const CarrierNews& news);
[[nodiscard]] Result<CarrierNews> ReadNews(const Json& json, WordStore& words);

/// "first-side", "paired", "fell-back", "ended"
[[nodiscard]] std::string_view ToString(CarrierNews::Kind kind);
/// The inverse of ToString(SpliceMethod); nothing for any other text.
[[nodiscard]] std::optional<SpliceMethod> MethodOf(std::string_view text);

} // namespace isb

#endif
