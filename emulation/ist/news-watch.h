// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_NEWS_WATCH_H
#define ISB_EMULATION_IST_NEWS_WATCH_H

#include "emulation/carrier/splice-carrier.h"
#include "emulation/sys/descriptor.h"

#include <csignal>
#include <optional>
#include <vector>

namespace isb
{

/// Waits for a carrier's news until SIGINT or SIGTERM, which it keeps from ending the program while
/// it lives.
class NewsWatch
{
  public:
    /// From here on all news is told. \param carrier must outlive this object
    explicit NewsWatch(SpliceCarrier& carrier);
    ~NewsWatch();
    NewsWatch(const NewsWatch&) = delete;
    NewsWatch& operator=(const NewsWatch&) = delete;

    /// What has come, at least one; nothing when a signal says that it is enough.
    [[nodiscard]] std::optional<std::vector<CarrierNews>> Wait();

  private:
    SpliceCarrier& m_carrier;
    sigset_t m_before{};
    Descriptor m_signals;
};

} // namespace isb

#endif
