#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# watch on a real kernel's audit channel: what an enforced jail is denied is told while it happens.
. "$AAJ_SOURCE/tests/lab/common.sh"
plain_or_skip
cp "$AAJ_SOURCE/tests/lab/watch-guest.sh" "$work"
guest "$work/out" --timeout 200 --ro "$work" --ro "$(dirname "$AAJAIL")" -- bash "$work/watch-guest.sh" "$AAJAIL"
finish
