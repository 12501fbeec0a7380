#!/bin/bash
# Learned from run A, replayed on run B: at most max(1, 1 %) of what B did is denied, leaving out executables that A
# never ran or that are refused; attacks are; no file of others is opened that exact rules would not open.
set -uo pipefail
holdout=$1 logs=${AAJ_SHARED:-}/data/logs
[ -r "$logs/files.tsv.zst" ] || { echo "no captured logs"; exit 77; }
command -v apparmor_parser >/dev/null || { echo "no apparmor_parser"; exit 77; }
failed=0
fail() { echo "FAILED: $*"; failed=1; }

run() { # SERVICE EXE LABEL TEMPLATE [LOG]
    TEMPLATE=$4 "$holdout" "$2" "$3" "$logs/files.tsv.zst" "$logs/$1/A/audit.log" "${5-$logs/$1/B/audit.log}" 2>&1 >/dev/null
}

recall() {
    local out replayed denied
    out=$(run "$@") || { echo "$out"; fail "$1 does not build"; return; }
    out=$(sed '1,/^learn run/d' <<<"$out")
    replayed=$(sed -n 's/^held out: replayed \([0-9]*\),.*/\1/p' <<<"$out")
    denied=$(grep -Ec '^(denied|no profile|undecided) ' <<<"$out")
    denied=$((denied - $(grep -Ec '^denied [^ ]+ exec ' <<<"$out")))
    echo "$1: replayed ${replayed:-?}, denied $denied"
    [ "${replayed:-0}" -gt 50 ] || fail "$1: nothing was replayed"
    [ "$denied" -le 1 ] || [ $((denied * 100)) -le "$replayed" ] || { echo "$out" | tail -20; fail "$1: too much is denied"; }
}

surface() { # SERVICE EXE LABEL TEMPLATE UID
    local exact learned
    learned=$(SURFACE=$5 run "${@:1:4}" "" | sed -n 's/^surface: //p')
    exact=$(OFF=0xfffffffa SURFACE=$5 run "${@:1:4}" "" | sed -n 's/^surface: //p')
    echo "$1: $learned (exact: $exact)"
    [ "${learned##*setuid }" = 0 ] || fail "$1: a setuid program is executable"
}

recall slave /usr/local/sbin/slave slave-c minimal
recall k612-slave /usr/local/sbin/slave slave-c minimal
recall php-fpm /usr/sbin/php-fpm8.2 slave-blog php-fpm
surface slave /usr/local/sbin/slave slave-c minimal 2005
surface php-fpm /usr/sbin/php-fpm8.2 slave-blog php-fpm 2001

attacks=$(run slave /usr/local/sbin/slave slave-c minimal "$logs/slave/X/audit.log")
for name in /etc/evil.new /usr/local/sbin/slave.new /srv/slave/templates/mail.tpl; do
    grep -q "denied slave-c [a-z]* $name " <<<"$attacks" || fail "the attack on $name passes"
done
for name in /srv/blog/uploads/shell.php /srv/blog/sessions/sess_a.php /srv/blog/tmp/php1.php /srv/blog/db/x.php \
    /srv/blog/cache/aa/a.php /tmp/.ZendSem.a.php; do
    answer=$(ASK=$name run php-fpm /usr/sbin/php-fpm8.2 slave-blog php-fpm "")
    grep -q "^$name may not be written" <<<"$answer" || fail "$name may be written"
done
exit $failed
