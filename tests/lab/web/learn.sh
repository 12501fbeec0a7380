#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# learn.sh: run A in the lab, one pool; --pools: two under one master.
. "$(dirname "$0")/guest.sh"
machine
if [ "${1-}" = --pools ]; then
    sites_of_run=(blog shop)
    pool blog 2001 blog
    pool shop 2002 shop
else
    sites_of_run=(blog)
    pool blog 2001
fi
start "${sites_of_run[@]}"
for site in "${sites_of_run[@]}"; do
    day "$site" A
done
kill -USR1 $fpm
sleep 0.5
stop
# What differs from start to start shows at the second.
start "${sites_of_run[@]}"
restart
for site in "${sites_of_run[@]}"; do
    ask "$site" "<h1>home" /
done
stop
find /srv /etc/php /usr/bin /usr/sbin /usr/share/php /var/log -printf '%y\t%m\t%U\t%G\t%p\t%l\n' >/share/files.tsv 2>/dev/null
echo "$requests requests"
exit $fails
