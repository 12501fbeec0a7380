#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two pools of php-fpm under one master (apparmor_hat): learned in the lab with the master's manifest, built as one profile,
# and enforced there, with a chain for each, without a denial for either and without a way from one to the other.
. "$AAJ_SOURCE/tests/lab/common.sh"
php_or_skip
plain_or_skip
web=$AAJ_SOURCE/tests/lab/web
cd "$work" || exit 1
mkdir -m 777 share
cp "$AAJ_SOURCE"/tests/corpus/manifests/pools/*.yaml .
sed -i "s#^slave:.*#slave: $php#" php-fpm.yaml

first_boot out "$AAJAIL" learn php-fpm.yaml --lab --timeout 300 --share share --ro "$web" -- bash "$web/learn.sh" --pools
check "learning" 0 $?
[ "$fails" -eq 0 ] || { cat out; finish; }
"$AAJAIL" build blog.yaml --files share/files.tsv -o built >out 2>&1
check "the build" 0 $?
[ "$fails" -eq 0 ] || { cat out; finish; }
# Without one of the pools.
mkdir fewer && cp php-fpm.yaml blog.yaml fewer/
"$AAJAIL" build fewer/php-fpm.yaml --recording php-fpm.rec --files share/files.tsv -o one >>out 2>&1
check "the build without a pool" 0 $?
[ "$fails" -eq 0 ] || { cat out; finish; }
"$AAJAIL" lab --timeout 300 --ro "$web" --ro "$(dirname "$AAJAIL")" --ro "$AAJ_SOURCE" --ro "$work" -- \
    bash "$web/enforce-pools.sh" "$AAJAIL" "$work/built" >out 2>&1
check "enforcing" 0 $?
grep -q "33 requests, 0 denials" out || fail "denials"
[ "$fails" -eq 0 ] || cat out
finish
