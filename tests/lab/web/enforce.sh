#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# enforce.sh AAJAIL WORK: run B under what was built in WORK/plain, without a denial; what attackers do; mail() refused. Then as
# an administrator goes on whose application sends mail: the build whose manifest names the mailer, a second round in
# complain mode, since Linux 6.1 logs no network of what runs under no profile yet, a build from both rounds; and mail().
. "$(dirname "$0")/guest.sh"
aajail=$1 work=$2
machine
pool blog 2001
"$aajail" up "$work/plain" || exit 1
start blog
[ "$(cat /proc/$fpm/attr/current)" = "blog (enforce)" ] || wrong "php-fpm is not confined"
day blog B
restart
ask blog "<h1>about" "/?page=about"
echo "$requests requests, $(denied blog | wc -l) denials"
denied blog

# What file permissions alone would let through.
chmod a+rwX /srv/blog /srv/blog/uploads
ask blog refused "/?do=write&f=/srv/blog/uploads/shell.php"
ask blog refused "/?do=write&f=/srv/blog/new.php"
ask blog refused "/?do=read&f=/etc/hostname"
ask blog "sh: 1: id: Permission denied" "/?do=run&c=id"
[ "$(denied blog | wc -l)" -ge 4 ] || wrong "not every attack is in the kernel's log"

if ! mailer; then
    echo "no exim4 here: mail() was not tried"
    stop
    exit $fails
fi
ask blog "not sent" "/?do=mail&to=root@localhost"
denied blog | grep -q 'operation="exec".*name="/usr/sbin/exim4"' || wrong "exim4 was not refused"
stop

cd /run || exit 1
cp "$work/mail.yaml" "$work/blog.rec" "$work/share/files.tsv" .
"$aajail" up "$work/mail" >/dev/null || wrong "up with the mailer"
"$aajail" complain blog >/dev/null || wrong "complain"
"$aajail" learn mail.yaml --live -o second.rec -- bash "$web/mail.sh" 2 || wrong "the second round"
"$aajail" build mail.yaml --recording blog.rec --recording second.rec --files files.tsv -o second >built 2>&1 ||
    wrong "the build from both rounds: $(cat built)"
"$aajail" up second >/dev/null || wrong "up with what both rounds learned"
since=$(denied blog | wc -l)
rm -f /var/mail/*
bash "$web/mail.sh" 1 || wrong "mail()"
# Where dac_override is had the kernel asks for dac_read_search first, which no learned rule grants, and goes on.
denied blog | tail -n +$((since + 1)) | grep -v 'capname="dac_read_search"' && wrong "denials of the mailer"
exit $fails
