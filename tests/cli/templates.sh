#!/bin/bash
# Every template is valid AppArmor text, has its marked place, and its abstractions exist.
set -euo pipefail
parser=$(command -v apparmor_parser || true)
[ -n "$parser" ] || { echo "no apparmor_parser"; exit 77; }
[ -e /etc/apparmor.d/abi/3.0 ] || { echo "no /etc/apparmor.d/abi/3.0"; exit 77; }
n=0
for t in "$AAJ_SOURCE"/templates/*; do
    n=$((n + 1))
    timeout 60 "$parser" -Q -K -S -M /etc/apparmor.d/abi/3.0 "$t" >/dev/null || { echo "$t does not compile"; exit 1; }
    [ "$(grep -c '^ *# aajail: learned rules$' "$t")" = 1 ] || { echo "$t: no place for learned rules"; exit 1; }
    head -1 "$t" | grep -q 'CC0-1.0' || { echo "$t: no licence line"; exit 1; }
    grep -q deny "$t" && { echo "$t: a learning profile holds no deny"; exit 1; }
done
[ "$n" -ge 10 ]
