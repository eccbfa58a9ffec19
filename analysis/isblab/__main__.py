# SPDX-License-Identifier: GPL-2.0-or-later
"""python3 -m isblab"""

import sys

from isblab.cli import main

sys.exit(main())
