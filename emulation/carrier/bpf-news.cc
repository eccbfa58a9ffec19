// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-news.h"

#include "emulation/carrier/bpf-table.h"
#include "emulation/sys/system-error.h"
#include "kernel/uapi/ist-maps.h"

#include <bpf/libbpf.h>
#include <cstring>
#include <utility>

namespace isb
{

namespace
{

CarrierNews::Kind
KindOf(unsigned int kind)
{
    switch (kind)
    {
    case IST_NEWS_FIRST_SIDE:
        return CarrierNews::FirstSide;
    case IST_NEWS_FELL_BACK:
        return CarrierNews::FellBack;
    case IST_NEWS_ENDED:
        return CarrierNews::Ended;
    default:
        return CarrierNews::Paired;
    }
}

} // namespace

void
BpfNews::RingFreer::operator()(ring_buffer* ring) const
{
    ring_buffer__free(ring);
}

BpfNews::BpfNews(const BpfPins& pins)
    : m_map(pins.Get(IST_MAP_NEWS)),
      m_ring(ring_buffer__new(m_map.Get(), OnNews, this, nullptr))
{
    if (!m_ring)
    {
        throw SystemError("map the ring buffer " + pins.PathOf(IST_MAP_NEWS));
    }
}

int
BpfNews::OnNews(void* self, void* data, size_t size)
{
    ist_news news{};
    if (size < sizeof(news))
    {
        return 0;
    }
    std::memcpy(&news, data, sizeof(news));
    CarrierNews told;
    told.id = news.id;
    told.kind = KindOf(news.kind);
    if (news.peer.family != 0)
    {
        told.peer = {IpAddress(news.peer.family, news.peer.address), news.peer.port};
    }
    told.reason = CarrierReasonName(news.reason);
    told.bytes = news.bytes;
    told.label = news.label;
    told.port = news.port;
    static_cast<BpfNews*>(self)->m_taken.push_back(told);
    return 0;
}

std::vector<CarrierNews>
BpfNews::Take()
{
    const int taken = ring_buffer__consume(m_ring.get());
    if (taken < 0)
    {
        throw SystemError("read the ring buffer " IST_MAP_NEWS, -taken);
    }
    return std::exchange(m_taken, {});
}

int
BpfNews::ReadableDescriptor() const
{
    return ring_buffer__epoll_fd(m_ring.get());
}

} // namespace isb
