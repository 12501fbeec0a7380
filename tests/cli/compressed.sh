#!/bin/bash
# A log reads the same plain and compressed, from a file and from standard input; a cut one says so and is learned up to there.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
zstd -dqc "$AAJ_SOURCE/tests/corpus/logs/slave/A/audit.log.zst" >"$tmp/log"
gzip -k "$tmp/log"
xz -k "$tmp/log"
zstd -q "$tmp/log" -o "$tmp/log.zst"
learn() { "$AAJAIL" learn /usr/local/sbin/slave --log "$1" -o - 2>"$tmp/err"; }
learn "$tmp/log" >"$tmp/plain.rec"
[ "$(grep -c '"kind":"access"' "$tmp/plain.rec")" -eq 98 ]
for packed in gz xz zst; do
    learn "$tmp/log.$packed" >"$tmp/packed.rec"
    cmp "$tmp/plain.rec" "$tmp/packed.rec"
    learn - <"$tmp/log.$packed" >"$tmp/packed.rec"
    cmp "$tmp/plain.rec" "$tmp/packed.rec"
    size=$(stat -c %s "$tmp/log.$packed")
    head -c $((size - 20)) "$tmp/log.$packed" >"$tmp/cut"
    status=0
    learn "$tmp/cut" >"$tmp/cut.rec" || status=$?
    [ "$status" -eq 5 ] || { echo "a cut $packed log: status $status"; exit 1; }
    grep -q 'damaged or cut' "$tmp/err"
done
cat "$tmp/log.zst" "$tmp/log.zst" >"$tmp/twice.zst" # frames may follow one another
learn "$tmp/twice.zst" >"$tmp/twice.rec"
grep -q '"lines":1302' "$tmp/twice.rec"
