// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_NETWORK_INTERFACE_H
#define ISB_EMULATION_SYS_NETWORK_INTERFACE_H

#include "model/wire/endpoint.h"

#include <cstdint>
#include <optional>
#include <string>

namespace isb
{

/// An address and the length of its subnet's prefix.
struct InterfaceAddress
{
    Ipv4 address;
    uint8_t prefixLength = 32;
};

/// What a network interface is to be.
struct InterfaceSettings
{
    std::optional<InterfaceAddress> address; ///< nothing: left as it is
    uint16_t mtu = 1500;                     ///< bytes of the largest IP packet
    uint32_t queueLength = 1000;             ///< packets that wait for their reader
};

/// Configures an interface and sets it up. Needs CAP_NET_ADMIN; SystemError says what was tried.
void ConfigureInterface(const std::string& name, const InterfaceSettings& settings);

} // namespace isb

#endif
