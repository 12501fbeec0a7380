#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# jail-faults.sh PROBE SERIES: each system call of up, undo and down that matters fails once, and is the last one
# once; see jail-faults-guest.sh. AAJ_FAULT_STEP=1: all of them, which takes an hour
# (a part of them in every check).
. "$AAJ_SOURCE/tests/lab/common.sh"
plain_or_skip
command -v strace >/dev/null || { echo "strace is not here"; exit 77; }
cp "$AAJ_SOURCE/tests/lab/jail-faults-guest.sh" "$AAJ_SOURCE/tests/lab/jail-build.sh" "$1" "$work"
guest "$work/out" --timeout "${AAJ_FAULT_TIMEOUT:-850}" --ro "$work" --ro "$(dirname "$AAJAIL")" -- \
    bash "$work/jail-faults-guest.sh" "$AAJAIL" "$work/$(basename "$1")" "$2" "${AAJ_FAULT_STEP:-24}"
[ "$fails" -ne 0 ] || cat "$work/out"
finish
