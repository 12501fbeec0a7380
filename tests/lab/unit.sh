#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# unit.sh HAT: a slave with a hat and a child profile under the settings that 'aajail unit' prints for it, and under those that it
# leaves out; and a second boot that restores what was up. There is no systemd in the lab, so its settings are made by
# hand: mount namespace with read-only binds and a private /tmp, no_new_privs, a changed uid.
. "$AAJ_SOURCE/tests/lab/common.sh"
command_or_skip
cp "$AAJ_SOURCE/tests/lab/unit-guest.sh" "$AAJ_SOURCE/tests/lab/jail-build.sh" "$1" "$work"
mkdir -m 777 "$work/share"
for boot in first second; do
    "$AAJAIL" lab --timeout 240 --ro "$work" --ro "$(dirname "$AAJAIL")" --ro "$AAJ_SOURCE" --share "$work/share" -- \
        bash "$work/unit-guest.sh" "$AAJAIL" "$work/$(basename "$1")" $boot >"$work/out" 2>&1
    check "the guest's checks, $boot boot" 0 $?
    [ "$fails" -eq 0 ] || cat "$work/out"
    grep -q '^all done$' "$work/out" || fail "the guest did not come to its end"
done
finish
