#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# unit.sh HAT: a boot of the machine's own systemd, in the lab, with what 'aajail unit' installs.
. "$AAJ_SOURCE/tests/lab/common.sh"
[ -x /lib/systemd/systemd ] || { echo "systemd is not here"; exit 77; }
plain_or_skip
cp "$AAJ_SOURCE/tests/lab/unit-guest.sh" "$AAJ_SOURCE/tests/lab/jail-build.sh" "$1" "$work"
guest "$work/out" --timeout 240 --ro "$work" --ro "$(dirname "$AAJAIL")" -- \
    bash "$work/unit-guest.sh" "$AAJAIL" "$work/$(basename "$1")"
finish
