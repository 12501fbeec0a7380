#!/bin/bash
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
start ${sites_of_run[*]}
for site in ${sites_of_run[*]}; do
    day $site A
done
kill -USR1 $fpm
sleep 0.5
stop
# What differs from start to start shows at the second.
start ${sites_of_run[*]}
kill -USR2 $fpm
sleep 1
for site in ${sites_of_run[*]}; do
    ask $site "<h1>home" http://127.0.0.1/
done
stop
find /srv /etc/php /usr/bin /usr/sbin /usr/share/php /var/log -printf '%y\t%m\t%U\t%G\t%p\t%l\n' >/share/files.tsv 2>/dev/null
echo "$requests requests"
exit $fails
