#!/bin/bash
# tests/decisions: each table against its profile, compiled here. (tests/lab/decisions.sh puts the rows that name the
# target `lab` to a real kernel.)
set -euo pipefail
[ -x /sbin/apparmor_parser ] || { echo "no apparmor_parser"; exit 77; }
cd "$AAJ_SOURCE/tests/decisions"
total=0 bad=0
for table in *.tbl; do
    target=$(sed -n 's/^# target: //p' "$table")
    if [ "$target" = abi3 ] && [ ! -e /etc/apparmor.d/abi/3.0 ]; then
        echo "$table: no /etc/apparmor.d/abi/3.0"
        continue
    fi
    out=$("$AAJAIL" query --target "$target" --table "$table" "${table%.tbl}.profile") || bad=1
    echo "$table: $out"
    rows=$(tail -n 1 <<<"$out")
    total=$((total + ${rows%% *}))
done
echo "$total rows"
[ "$total" -ge 300 ] && exit "$bad"
echo "fewer than 300 rows"
exit 1
