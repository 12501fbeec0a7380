#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# up, down, undo, prune and the boot's restoring, on a real AppArmor kernel, with running slaves.
. "$AAJ_SOURCE/tests/lab/common.sh"
command_or_skip

cp "$AAJ_SOURCE/tests/lab/jail-guest.sh" "$AAJ_SOURCE/tests/lab/jail-build.sh" "$work"
"$AAJAIL" lab --timeout 240 --ro "$work" --ro "$(dirname "$AAJAIL")" -- bash "$work/jail-guest.sh" "$AAJAIL" >"$work/out" 2>&1
check "the guest's checks" 0 $?
[ "$fails" -eq 0 ] || cat "$work/out"
grep -q '^all done$' "$work/out" || fail "the guest did not come to its end"
finish
