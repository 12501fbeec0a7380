#!/bin/bash
# enforce-pools.sh AAJAIL BUILD: two pools under one master, run B of both; then one is broken into.
. "$(dirname "$0")/guest.sh"
aajail=$1 build=$2
machine
pool blog 2001 blog
pool shop 2002 shop
"$aajail" up "$build" || exit 1
for p in blog shop; do
    "$aajail" firewall apply "$build/$p.yaml" || wrong "the chain of $p"
done
start blog shop
check_label() {
    local got=$(cat "/proc/$1/attr/current")
    [ "$got" = "$2 (enforce)" ] || wrong "pid $1 runs as $got, not $2"
}
check_labels() {
    local pid
    check_label $fpm php-fpm
    for pid in $(pgrep -P $fpm); do
        check_label "$pid" "php-fpm//$(ps -o user= -p "$pid")"
    done
}
check_labels
day blog B
day shop B
kill -USR2 $fpm
sleep 1
check_labels
ask blog "<h1>about" "http://127.0.0.1/?page=about"
echo "$requests requests, $(denied php-fpm | wc -l) denials"
denied php-fpm

# From the blog's worker: into its neighbour, back to the master, at the neighbour's files, out.
u=http://127.0.0.1
ask blog refused -G --data-urlencode "to=changehat 00000000deadbeef^shop" "$u/?do=hat"
ask blog refused -G --data-urlencode "to=changeprofile php-fpm//shop" "$u/?do=hat"
ask blog refused -G --data-urlencode "to=changeprofile php-fpm" "$u/?do=hat"
chmod -R a+rwX /srv/shop
ask blog refused "$u/?do=read&f=/srv/shop/config.php"
ask blog refused "$u/?do=write&f=/srv/shop/uploads/shell.php"
check_labels
stop
exit $fails
