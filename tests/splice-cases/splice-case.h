// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_SPLICE_CASES_SPLICE_CASE_H
#define ISB_TESTS_SPLICE_CASES_SPLICE_CASE_H

#include "model/core/ist/ist-settings.h"
#include "tests/splice-cases/case-packet.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace isb::cases
{

/// Initial sequence numbers that the IST of an Active splice drew: they cannot be foretold, so
/// they are read from its SYN-ACK and SYN, and later packets are made with them.
struct Numbers
{
    uint32_t shownToA = 0;
    uint32_t shownToB = 0;
};

/// A packet, made when its turn comes.
using Recipe = std::function<Bytes(const Numbers&)>;

/// What an IST does with a packet.
enum class Fate : uint8_t
{
    Passes,    ///< not the IST's; it goes on untouched
    Consumed,  ///< the IST took it
    Forwarded, ///< it leaves rewritten: the first of Step::out
    Dropped,   ///< Step::reason says why
};

/// A packet that leaves the IST.
struct Sent
{
    IstSide to = IstSide::A; ///< by the device of that user
    Recipe packet;
};

/// One packet in, and what must come of it.
struct Step
{
    std::string what;
    IstSide at = IstSide::A; ///< the device that it comes by
    Recipe in;
    Fate fate = Fate::Consumed;
    std::string reason{};         ///< Dropped: as counted by every carrier
    std::vector<Sent> out{};      ///< all that leaves, in any order
    bool overtakes = false;       ///< a fragment before its first one: who cannot hold packets
                                  ///< drops it as "ist.fragment-limit" or lets it pass to the
                                  ///< host, and `released` of the first one does not leave
    std::vector<Sent> released{}; ///< leaves if the carrier can hold packets
};

/// Orders and packets. The clock stands still as far as the splice can tell: no timer is due.
struct SpliceCase
{
    std::string name; ///< unique; letters, digits, '_'
    IstSettings settings;
    /// Added before the step of that number.
    std::vector<std::pair<size_t, IstPair>> pairs{};
    std::vector<Step> steps{};
    bool ipv4Only = true; ///< every packet is IPv4
    /// An IPv4 packet made of an IPv6 one, if it may be fragmented, has an identification that the
    /// IST chooses: it is not compared.
    bool crossesFamilies = false;
};

/// All cases: each once for IPv4, IPv6 and both ways across families, as far as it makes sense.
[[nodiscard]] const std::vector<SpliceCase>& AllCases();

} // namespace isb::cases

#endif
