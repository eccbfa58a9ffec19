# SPDX-License-Identifier: GPL-2.0-or-later
"""The grid: every pair of NAT behaviours, every way to connect (doc/grid.md)."""
