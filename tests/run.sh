#!/bin/bash
# run.sh BUILD…: builds each folder, runs its tests and ends with one line over all of them.
set -uo pipefail
passed=0 failed=0 skipped=0
for build in "$@"; do
    ninja -C "$build" || { echo "0 passed, 1 failed"; exit 1; }
    meson test -C "$build" --no-rebuild --print-errorlogs
    while read -r result; do
        case $result in
        OK | EXPECTEDFAIL) passed=$((passed + 1)) ;;
        SKIP) skipped=$((skipped + 1)) ;;
        *) failed=$((failed + 1)) ;;
        esac
    done < <(python3 -c 'import json,sys
for l in open(sys.argv[1]): print(json.loads(l)["result"])' "$build/meson-logs/testlog.json")
    python3 -c 'import json,sys
for l in open(sys.argv[1]):
    t = json.loads(l)
    if t["result"] == "SKIP":
        why = (t.get("stdout") or "").strip().splitlines()
        print("skipped:", t["name"], "-", why[-1] if why else "no reason given")' "$build/meson-logs/testlog.json"
done
[ "$passed" -gt 0 ] || failed=$((failed + 1))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
