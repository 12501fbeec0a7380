#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What 'aajail unit' prints, word for word, and what systemd-analyze thinks of it.
set -u
work=$(mktemp -d) && cd "$work" || exit 1
trap 'rm -rf "$work"' EXIT
fails=0
golden=$AAJ_SOURCE/tests/golden/unit
fail() { echo "FAILED: $*"; fails=$((fails + 1)); }

# golden NAME ARGUMENT…: AAJ_GOLDEN=write makes it anew.
golden() {
    local name=$1
    shift
    "$AAJAIL" unit "$@" >"$name" 2>err || fail "unit $*: $(cat err)"
    sed "s|$AAJAIL|/usr/bin/aajail|g" "$name" >"$name.plain"
    [ "${AAJ_GOLDEN-}" != write ] || cp "$name.plain" "$golden/$name"
    diff -u "$golden/$name" "$name.plain" || fail "unit $*"
}
golden boot boot
golden firewall firewall
for m in "$golden"/*.yaml; do golden "$(basename "$m" .yaml).conf" "$m"; done
golden inherit-transitions.conf --transitions "$golden/inherit.yaml"

# Installed where they belong, with a unit for each slave.
mkdir -p root/etc/systemd/system
"$AAJAIL" unit boot --install --root root >installed 2>err || fail "installing: $(cat err)"
"$AAJAIL" unit firewall --install --root root >>installed 2>>err || fail "installing: $(cat err)"
for m in "$golden"/*.yaml; do
    unit=$(sed -n 's/^unit: //p' "$m")
    [ -n "$unit" ] || continue
    "$AAJAIL" unit "$m" --install --root root >>installed 2>>err || fail "installing: $(cat err)"
    printf '[Service]\nUser=daemon\nExecStart=/bin/true\n' >"root/etc/systemd/system/$unit"
done
while read -r f; do [ -s "$f" ] || fail "$f is not there"; done <installed
grep -q '^root/etc/systemd/system/nftables.service.d/aajail.conf$' installed || fail "no drop-in for nftables.service"
grep -q 'daemon-reload' err || fail "it does not say what makes it count"
"$AAJAIL" unit "$golden/nounit.yaml" --install --root root >out 2>&1
[ $? -eq 2 ] || fail "a drop-in without a unit: $(cat out)"
"$AAJAIL" unit nosuch.yaml >out 2>&1
[ $? -eq 3 ] || fail "a manifest that is not there: $(cat out)"
[ "$fails" -eq 0 ] || exit 1
if ! command -v systemd-analyze >/dev/null; then
    echo "systemd-analyze is not here: what it thinks was not asked"
    exit 77
fi
# The rest of the machine's units beside them; what they themselves lack is not ours.
cp root/etc/systemd/system/nftables.service.d/aajail.conf nftables.conf
printf '[Service]\nType=oneshot\nExecStart=/bin/true\n' >root/etc/systemd/system/nftables.service
for unit in aajail.service aajail@child.service nftables.service $(sed -n 's/^unit: //p' "$golden"/*.yaml); do
    said=$(SYSTEMD_UNIT_PATH="$work/root/etc/systemd/system:" systemd-analyze verify --man=no "$unit" 2>&1 |
        grep -E '^[^ ]*(aajail|nftables|slave)[^ ]*:|aajail.conf')
    [ -z "$said" ] || fail "verify $unit: $said"
done
# A mistake is seen, else silence means nothing.
printf '[Service]\nNoSuchSetting=1\n' >root/etc/systemd/system/nftables.service.d/z.conf
SYSTEMD_UNIT_PATH="$work/root/etc/systemd/system:" systemd-analyze verify --man=no nftables.service 2>&1 | grep -q NoSuchSetting ||
    fail "verify does not read the drop-ins"
exposure() { systemd-analyze security --offline=yes --root=root "$1" 2>/dev/null | sed -n 's/.*exposure level for [^:]*: \([0-9]*\)\.\([0-9]\).*/\1\2/p'; }
printf '[Service]\nUser=daemon\nExecStart=/bin/true\n' >root/etc/systemd/system/bare.service
bare=$(exposure bare.service) inherit=$(exposure inherit-slave.service) child=$(exposure child-slave.service)
echo "exposure, in tenths: bare $bare, children $child, inherit-only $inherit"
[ -n "$bare" ] && [ "$child" -lt "$bare" ] && [ "$inherit" -lt "$child" ] || fail "the drop-ins do not lower the exposure"
[ "$inherit" -le 60 ] || fail "an inherit-only slave is more exposed than it need be"
[ "$fails" -eq 0 ] || exit 1
