#!/bin/bash
# long.sh DEV SAN: what `make check` does a little of, in earnest (minutes). DEV is a plain build, SAN a sanitized one.
set -euo pipefail
cd "$(dirname "$0")/.."
export AAJ_SOURCE=$PWD AAJ_SHARED=$PWD/../shared
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
ninja -C "$1" tests/bench/bench-match all >/dev/null
ninja -C "$2" >/dev/null
AAJ_QUERIES=1500000 nice "$1/tests/unit/test-glob_policy"
nice -n 19 "$2/tests/fuzz/mutate-blob" 1000000 tests/corpus/blob "$AAJ_SHARED"/data/peer/policy_bins/*.bin
"$1/tests/bench/bench-match"
AAJAIL=$1/src/aajail tests/long/fmt_compile.sh || [ $? = 77 ]
# The firewall: 100 rounds of eight writers, a fault at every call of an apply, three million packets.
for backend in legacy nft; do
    AAJAIL=$(realpath "$1/src/aajail") AAJ_ROUNDS=100 tests/firewall/writers.sh $backend || [ $? = 77 ]
    AAJAIL=$(realpath "$1/src/aajail") AAJ_FAULT_STEP=1 tests/firewall/faults.sh $backend "$1/tests/firewall/test-firewall-probe" || [ $? = 77 ]
    AAJAIL=$(realpath "$1/src/aajail") "$1/tests/firewall/test-firewall-flood" $backend tests/firewall/old.yaml tests/firewall/new.yaml 3000000 1000 || [ $? = 77 ]
done
