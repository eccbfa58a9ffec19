# SPDX-License-Identifier: GPL-2.0-or-later
"""One module a command; see isblab.cli."""
