// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/news-watch.h"

#include "emulation/sys/system-error.h"

#include <array>
#include <poll.h>
#include <sys/signalfd.h>

namespace isb
{

NewsWatch::NewsWatch(SpliceCarrier& carrier)
    : m_carrier(carrier)
{
    sigset_t set{};
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, &m_before);
    m_signals = Descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!m_signals)
    {
        throw SystemError("wait for signals");
    }
    (void)m_carrier.NewsDescriptor();
}

NewsWatch::~NewsWatch()
{
    signalfd_siginfo taken{};
    while (m_signals && ::read(m_signals.Get(), &taken, sizeof(taken)) > 0)
    {
    }
    pthread_sigmask(SIG_SETMASK, &m_before, nullptr);
}

std::optional<std::vector<CarrierNews>>
NewsWatch::Wait()
{
    for (;;)
    {
        std::vector<CarrierNews> news = m_carrier.TakeNews();
        if (!news.empty())
        {
            return news;
        }
        std::array<pollfd, 2> waited{
            {{m_carrier.NewsDescriptor(), POLLIN, 0}, {m_signals.Get(), POLLIN, 0}}};
        if (poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR)
        {
            throw SystemError("wait for news");
        }
        if (waited[1].revents != 0)
        {
            return std::nullopt;
        }
    }
}

} // namespace isb
