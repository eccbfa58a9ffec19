// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_KERNEL_BPF_BPF_TEST_NET_H
#define ISB_TESTS_KERNEL_BPF_BPF_TEST_NET_H

#include "emulation/sys/descriptor.h"
#include "model/core/ist/ist-settings.h"
#include "tests/splice-cases/case-packet.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace isb::cases
{

/// Two wires in a network namespace that this process enters for good, with a file system of type
/// bpf that only this process sees: both are gone with it.
///
///     user_a === west  (IST)  east === user_b
///
/// Whatever leaves by west or east is read at the other end. Everything happens on one CPU, and a
/// wire keeps the order: when a marker that was sent last has come, all before it has.
class BpfTestNet
{
  public:
    /// Makes it; throws SystemError.
    BpfTestNet();

    /// A packet as it comes from a user, with Ethernet header.
    [[nodiscard]] Bytes Frame(IstSide from, const Bytes& packet) const;
    /// The user to whom a frame goes, by the Ethernet addresses; throws std::runtime_error when
    /// they are not those of one wire.
    [[nodiscard]] IstSide AddresseeOf(const Bytes& frame) const;
    /// All packets that have left by either wire since the last call.
    [[nodiscard]] std::vector<std::pair<IstSide, Bytes>> TakeSent();
    /// Interface number of west or east.
    [[nodiscard]] int Interface(IstSide side) const;

    static constexpr const char* BPFFS = "/sys/fs/bpf";

  private:
    struct Wire
    {
        int nearIndex = 0; ///< of the IST's end
        Descriptor near;   ///< sends markers from there
        Descriptor far;    ///< reads at the user's end
    };

    [[nodiscard]] static Wire OpenWire(const char* near, const char* far);
    void Drain(IstSide side, std::vector<std::pair<IstSide, Bytes>>& sent);

    std::array<Wire, 2> m_wires;
};

} // namespace isb::cases

#endif
