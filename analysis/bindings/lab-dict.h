// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BINDINGS_LAB_DICT_H
#define ISB_BINDINGS_LAB_DICT_H

#include <cstddef>
#include <optional>
#include <pybind11/pybind11.h>

namespace isb
{

struct Lab;
struct Traffic;

/// Name of a site, or None.
[[nodiscard]] pybind11::object SiteNameOf(const Lab& lab, std::optional<size_t> site);
/// The user, provider and service of a traffic, or None.
[[nodiscard]] pybind11::object FromTrafficService(const Lab& lab, const Traffic& traffic);
/// Adds sites, users, brokers, translators, crowds and incidents to the dict of a lab.
void AddWorld(const Lab& lab, pybind11::dict& answer);

} // namespace isb

#endif
