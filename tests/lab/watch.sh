#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# watch on a real kernel's audit channel: what an enforced jail is denied is told while it happens.
. "$AAJ_SOURCE/tests/lab/common.sh"
command_or_skip
cp "$AAJ_SOURCE/tests/lab/watch-guest.sh" "$work"
"$AAJAIL" lab --timeout 200 --ro "$work" --ro "$(dirname "$AAJAIL")" -- bash "$work/watch-guest.sh" "$AAJAIL" >"$work/out" 2>&1
check "the guest's checks" 0 $?
[ "$fails" -eq 0 ] || cat "$work/out"
grep -q '^all done$' "$work/out" || fail "the guest did not come to its end"
finish
