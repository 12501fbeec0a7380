#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# enforce.sh AAJAIL BUILD BUILD-WITH-MAIL: run B under what was built, without a denial; what attackers do; mail() refused;
# then a second round of learning, with the mailer's profile in complain mode: /share/second.log.
. "$(dirname "$0")/guest.sh"
aajail=$1 build=$2 build_mail=$3 u=http://127.0.0.1
machine
pool blog 2001
"$aajail" up "$build" || exit 1
start blog
[ "$(cat /proc/$fpm/attr/current)" = "blog (enforce)" ] || wrong "php-fpm is not confined"
day blog B
kill -USR2 $fpm
sleep 1
ask blog "<h1>about" "$u/?page=about"
echo "$requests requests, $(denied blog | wc -l) denials"
denied blog

# What file permissions alone would let through.
chmod a+rwX /srv/blog /srv/blog/uploads
ask blog refused "$u/?do=write&f=/srv/blog/uploads/shell.php"
ask blog refused "$u/?do=write&f=/srv/blog/new.php"
ask blog refused "$u/?do=read&f=/etc/hostname"
ask blog "sh: 1: id: Permission denied" "$u/?do=run&c=id"
[ "$(denied blog | wc -l)" -ge 4 ] || wrong "not every attack is in the kernel's log"

if ! mailer; then
    echo "no exim4 here: mail() was not tried"
else
    ask blog "not sent" "$u/?do=mail&to=root@localhost"
    denied blog | grep -q 'operation="exec".*name="/usr/sbin/exim4"' || wrong "exim4 was not refused"
    stop
    "$aajail" up "$build_mail" || exit 1
    "$aajail" complain blog || wrong "complain"
    "$aajail" firewall remove "$build_mail/blog.yaml" >/dev/null
    start blog
    for i in 1 2 3; do
        ask blog sent "$u/?do=mail&to=root@localhost"
    done
    sleep 2
    dmesg >/share/second.log
fi
stop
exit $fails
