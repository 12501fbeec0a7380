#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD [MEGABYTES]: a profile of 10,000 rules; then logs made for it and the captured ones repeated, and a table of
# ratios beside their targets. Files go to BENCH_DIR or a temporary folder, and are removed. ROUNDS: how often each is
# measured; MILLIONS: up to how many million distinct accesses (0.3 kB of log each).
set -euo pipefail
build=$(realpath "$1") megabytes=${2:-200} millions=${MILLIONS:-10} source=$(realpath "$(dirname "$0")/../..")
shared=${AAJ_SHARED:-$(dirname "$0")/../../../shared}
shared=$(realpath -m "$shared")
dir=$(mktemp -d -p "${BENCH_DIR:-/tmp}")
trap 'rm -rf "$dir"' EXIT
ninja -C "$build" tests/bench/bench-gen tests/bench/bench-log tests/bench/bench-learn tests/bench/bench-policy >/dev/null
"$build/tests/bench/bench-policy" 10000
cd "$dir"
gen=$build/tests/bench/bench-gen logs=()
for form in audit syslog distinct; do
    "$gen" $form "$megabytes" >$form.log
    logs+=("$form=$form.log")
done
if [ -d "$shared/data/logs" ]; then
    while [ "$(stat -c %s captured.log 2>/dev/null || echo 0)" -lt $((megabytes << 20)) ]; do
        cat "$shared"/data/logs/*/*/audit.log >>captured.log
    done
    logs+=(captured=captured.log)
else
    echo "no captured logs ($shared): their ratio is left out"
fi
"$build/tests/bench/bench-gen" service "$megabytes" >service
AAJ_SOURCE=$source "$build/tests/bench/bench-learn" /var/www/gapapp/gap.wt service
rm -f service
"$build/tests/bench/bench-log" -r "${ROUNDS:-7}" "${logs[@]}"
rm -f -- *.log
# The same paths in a log five times as long: memory must not grow with it.
"$gen" audit $((megabytes * 5)) >long.log
"$build/tests/bench/bench-log" -r 1 long=long.log | tail -n +2
rm -f long.log
for n in 1 10 100; do
    [ $((millions * 10)) -ge $n ] || break
    "$gen" distinct $((n * 29)) >linear.log
    "$build/tests/bench/bench-log" -r 3 linear=linear.log | tail -n +2
    rm -f linear.log
done
# What chains cost, where there are network namespaces and both backends.
if ninja -C "$build" tests/bench/bench-firewall src/libaajail-firewall.so >/dev/null && [ "$(id -u)" -eq 0 ] && unshare -n true 2>/dev/null; then
    "$build/tests/bench/bench-firewall" "$build/src/libaajail-firewall.so"
else
    echo "the firewall's ratios are left out: they need root, network namespaces and both backends"
fi
