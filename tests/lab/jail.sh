#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# up, down, undo, prune and the boot's restoring, on a real AppArmor kernel, with running slaves.
. "$AAJ_SOURCE/tests/lab/common.sh"
plain_or_skip

cp "$AAJ_SOURCE/tests/lab/jail-guest.sh" "$AAJ_SOURCE/tests/lab/jail-build.sh" "$work"
guest "$work/out" --timeout 240 --ro "$work" --ro "$(dirname "$AAJAIL")" -- bash "$work/jail-guest.sh" "$AAJAIL"
finish
