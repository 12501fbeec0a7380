#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD [MEGABYTES]: a profile of 10,000 rules; then logs made for it and the captured ones repeated. Ratios of
# one run. Files go to BENCH_DIR or a temporary folder, and are removed.
set -euo pipefail
build=$(realpath "$1") megabytes=${2:-200} source=$(realpath "$(dirname "$0")/../..")
shared=${AAJ_SHARED:-$(dirname "$0")/../../../shared}
shared=$(realpath -m "$shared")
dir=$(mktemp -d -p "${BENCH_DIR:-/tmp}")
trap 'rm -rf "$dir"' EXIT
ninja -C "$build" tests/bench/bench-gen tests/bench/bench-log tests/bench/bench-learn tests/bench/bench-policy >/dev/null
"$build/tests/bench/bench-policy" 10000
cd "$dir"
for form in audit syslog distinct; do "$build/tests/bench/bench-gen" $form "$megabytes" >$form.log; done
if [ -d "$shared/data/logs" ]; then
    while [ "$(stat -c %s captured.log 2>/dev/null || echo 0)" -lt $((megabytes << 20)) ]; do
        cat "$shared"/data/logs/*/*/audit.log >>captured.log
    done
else
    echo "no captured logs ($shared): their ratio is left out"
fi
"$build/tests/bench/bench-log" *.log
"$build/tests/bench/bench-gen" service "$megabytes" >service
AAJ_SOURCE=$source "$build/tests/bench/bench-learn" /var/www/gapapp/gap.wt service
# What chains cost, where there are network namespaces and both backends.
if ninja -C "$build" tests/bench/bench-firewall src/libaajail-firewall.so >/dev/null && [ "$(id -u)" -eq 0 ] && unshare -n true 2>/dev/null; then
    "$build/tests/bench/bench-firewall" "$build/src/libaajail-firewall.so"
else
    echo "the firewall's ratios are left out: they need root, network namespaces and both backends"
fi
