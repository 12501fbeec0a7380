#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each row of tests/decisions for the target `lab` is done under its profile on a real kernel: kernel, table and
# evaluator must agree, and so must the profile that an exec leads to. decisions.sh DECIDE HELPER SANITIZER
. "$AAJ_SOURCE/tests/lab/common.sh"
[ "${3-none}" = none ] || { echo "the sanitizers' memory does not fit into the lab; the plain build runs this"; exit 77; }
lab_or_skip
[ -x /sbin/apparmor_parser ] || { echo "no apparmor_parser"; exit 77; }

mkdir "$work/in" "$work/out"
cp "$1" "$work/in/decide"
cp "$2" "$work/in/helper"
for table in "$AAJ_SOURCE"/tests/decisions/*.tbl; do
    grep -q '^# target: lab$' "$table" || continue
    name=$(basename "$table" .tbl)
    tables="${tables-} $name"
    cp "$table" "$work/in/"
    # The kernel is given the very bytes that the evaluator reads.
    /sbin/apparmor_parser -Q -K --config-file=/dev/null -b /etc/apparmor.d \
        -M "$AAJ_SOURCE/targets/debian12/features" -o "$work/in/$name.policy" "${table%.tbl}.profile" || fail "$name does not compile"
    grep -v '^#' "$table" >"$work/$name.rows"
    cut -f2- "$work/$name.rows" | "$AAJAIL" query --target lab --batch --json "$work/in/$name.policy" >"$work/$name.eval"
done
cat >"$work/in/run.sh" <<'X'
cd "$1" || exit 1
umask 0
/sbin/modprobe -q ipv6
export HELPER=$1/helper
shift
for name; do
    /sbin/apparmor_parser --config-file=/dev/null -K -B "$name.policy" || exit 1
    ./decide "$name.tbl" >"/share/$name.kernel" || exit 1
done
X
# shellcheck disable=SC2086
"$AAJAIL" lab --timeout 500 --klog "$work/klog" --ro "$work/in" --share "$work/out" -- sh "$work/in/run.sh" "$work/in" $tables ||
    fail "the lab ended with $?"
python3 - "$work" $tables <<'PY' || fail "kernel and evaluator differ"
import json, sys
work, bad, rows, by_class = sys.argv[1], 0, 0, {}
for name in sys.argv[2:]:
    table = open(f"{work}/{name}.rows", errors="surrogateescape").read().splitlines()
    kernel = open(f"{work}/out/{name}.kernel", errors="surrogateescape").read().splitlines()
    evaluated = open(f"{work}/{name}.eval").read().splitlines()
    if not len(table) == len(kernel) == len(evaluated):
        sys.exit(f"{name}: {len(table)} rows, {len(kernel)} from the kernel, {len(evaluated)} from the evaluator")
    for row, k, e in zip(table, kernel, evaluated):
        expected, label, cls = row.split("\t")[:3]
        verdict, now, errno = k.split("\t")
        e = json.loads(e)
        said = "allow" if e["verdict"] == "not-mediated" else e["verdict"]
        wanted = "allow" if expected == "not-mediated" else expected
        detail = e.get("detail", "")
        if cls == "attach":  # the exec itself always goes through
            lead = detail if said == "allow" else "unconfined"
            ok = verdict == "allow" and now == lead and said == wanted
        else:
            ok = verdict == said == wanted
            if ok and cls == "exec" and said == "allow":
                words = detail.split(", environment")[0].replace(" (fallback)", "").split()
                lead = words[2] if words[1:2] == ["profile"] else label if words[-1] == "inherit" else "unconfined"
                ok = now == lead
        rows += 1
        by_class[cls] = by_class.get(cls, 0) + 1
        if not ok:
            bad += 1
            print(f"{name}: {row}: kernel {verdict} {now} {errno}, evaluator {said} {detail}")
print(f"{rows} rows put to the kernel, {bad} differ:", ", ".join(f"{n} {c}" for c, n in sorted(by_class.items())))
sys.exit(bad > 0 or rows < 300)
PY
finish
