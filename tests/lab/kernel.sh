#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# load, enforce, complain, remove and status on a real AppArmor kernel; and without one.
. "$AAJ_SOURCE/tests/lab/common.sh"

# This machine first: where its kernel has no AppArmor each verb says so and ends with 4.
if [ ! -e /sys/kernel/security/apparmor ] && [ ! -e /sys/module/apparmor ]; then
    for verb in "load x" "enforce x" "complain x" "remove x" status "status --json"; do
        # shellcheck disable=SC2086
        said=$("$AAJAIL" $verb 2>&1)
        check "$verb without AppArmor" 4 $?
        case $said in *"this kernel has no AppArmor"*) ;; *) fail "$verb: $said" ;; esac
    done
fi
plain_or_skip
first_boot "$work/out" "$AAJAIL" lab --timeout 280 --ro "$AAJ_SOURCE" --ro "$(dirname "$AAJAIL")" --share "$work" -- \
    bash "$AAJ_SOURCE/tests/lab/kernel-guest.sh" "$AAJ_SOURCE" "$AAJAIL"
check "in the lab" 0 $?
[ "$fails" -eq 0 ] || cat "$work/out"
finish
