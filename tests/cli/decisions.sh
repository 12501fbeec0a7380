#!/bin/bash
# tests/decisions: each table against its profile, compiled here. (tests/lab/decisions.sh puts the rows that name the
# target `lab` to a real kernel.)
set -euo pipefail
cd "$AAJ_SOURCE/tests/decisions"
total=0 bad=0
# The same rows against what another release of the parser made of the same text.
for table in *.tbl; do
    out=$("$AAJAIL" query --target debian13 --table "$table" "parser-4.1/${table%.tbl}.policy") || bad=1
    echo "$table by parser 4.1: $out"
done
[ -x /sbin/apparmor_parser ] || { echo "no apparmor_parser"; [ $bad = 0 ] || exit 1; exit 77; }
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
