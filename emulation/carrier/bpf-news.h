// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_NEWS_H
#define ISB_EMULATION_CARRIER_BPF_NEWS_H

#include "emulation/carrier/bpf-pins.h"
#include "model/core/ist/carrier-news.h"

#include <memory>
#include <vector>

struct ring_buffer;

namespace isb
{

/// News of the programs from their ring buffer. It has one reader's position for all processes:
/// who takes a piece of news has it alone.
class BpfNews
{
  public:
    /// Throws SystemError.
    explicit BpfNews(const BpfPins& pins);

    [[nodiscard]] std::vector<CarrierNews> Take();
    /// Readable when Take() has something.
    [[nodiscard]] int ReadableDescriptor() const;

  private:
    struct RingFreer
    {
        void operator()(ring_buffer* ring) const;
    };

    static int OnNews(void* self, void* data, size_t size);

    Descriptor m_map;
    std::unique_ptr<ring_buffer, RingFreer> m_ring;
    std::vector<CarrierNews> m_taken;
};

} // namespace isb

#endif
