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
restart
check_labels
ask blog "<h1>about" "/?page=about"
echo "$requests requests, $(denied php-fpm | wc -l) denials"
denied php-fpm

# From the blog's worker: into its neighbour, back to the master, at the neighbour's files, out.
ask blog refused "/?do=hat&to=changehat%2000000000deadbeef%5Eshop"
ask blog refused "/?do=hat&to=changeprofile%20php-fpm//shop"
ask blog refused "/?do=hat&to=changeprofile%20php-fpm"
chmod -R a+rwX /srv/shop
ask blog refused "/?do=read&f=/srv/shop/config.php"
ask blog refused "/?do=write&f=/srv/shop/uploads/shell.php"
check_labels
stop
exit $fails
