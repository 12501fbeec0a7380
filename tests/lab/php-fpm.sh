#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A php-fpm instance behind nginx: learned in the lab, built, and enforced there for a day with other requests, without a
# denial; mail() is refused with its setuid mailer, and works once the manifest names that.
. "$AAJ_SOURCE/tests/lab/common.sh"
php_or_skip
plain_or_skip
web=$AAJ_SOURCE/tests/lab/web
cd "$work" || exit 1
mkdir -m 777 share
cat >blog.yaml <<X2
jail: blog
slave: $php
roots: [ /srv/blog, /var/log/blog ]
user: blog
template: php-fpm
X2
sed '$a exec: { /usr/sbin/exim4: child }' blog.yaml >mail.yaml

first_boot out "$AAJAIL" learn blog.yaml --lab --timeout 300 --share share --ro "$web" -- bash "$web/learn.sh"
check "learning" 0 $?
[ "$fails" -eq 0 ] || { cat out; finish; }
"$AAJAIL" build blog.yaml --files share/files.tsv -o plain >out 2>&1
check "the build" 0 $?
if [ -u /usr/sbin/exim4 ]; then
    grep -q "leaves the uid that the firewall chain is for: /usr/sbin/exim4" out || fail "exim4's refusal is not explained"
fi
"$AAJAIL" build mail.yaml --recording blog.rec --files share/files.tsv -o mail >>out 2>&1
check "the build with the mailer" 0 $?
[ "$fails" -eq 0 ] || { cat out; finish; }
"$AAJAIL" lab --timeout 300 --ro "$web" --ro "$(dirname "$AAJAIL")" --ro "$AAJ_SOURCE" --ro "$work" -- \
    bash "$web/enforce.sh" "$AAJAIL" "$work" >out 2>&1
check "enforcing" 0 $?
grep -q "17 requests, 0 denials" out || fail "denials"
grep -q "no exim4 here" out && echo "no exim4 here: mail() was not tried"
[ "$fails" -eq 0 ] || cat out
finish
