#!/bin/bash
# enforce-pools.sh AAJAIL BUILD: two pools under one master, run B of both; then one is broken into.
. "$(dirname "$0")/guest.sh"
aajail=$1 build=$2
machine
pool blog 2001 blog
pool shop 2002 shop
# By a pool's name, both pools by both names once.
mkdir -p /run/admin && cd /run/admin || exit 1
mkdir build && cp -r "$build" build/php-fpm
"$aajail" up blog shop >out 2>&1 || exit 1
says() { grep -qF -- "$1" out || { wrong "it does not say: $1"; cat out; }; }
chains() { { iptables-legacy -S; ip6tables-legacy -S; } | sed -n 's/^-N \(aajail-[0-9]*\)$/\1/p' | sort | paste -sd' '; }
says "'blog' is a pool of 'php-fpm', which goes up with all its pools"
says "blog: uid 2001 fenced"
says "shop: uid 2002 fenced"
[ "$(grep -c '^php-fpm: ' out)" = 1 ] || wrong "the master goes up once for each pool"
"$aajail" up blog >out 2>&1 || exit 1
says "php-fpm: up already, nothing changed"
[ "$(chains)" = "aajail-2001 aajail-2001 aajail-2002 aajail-2002" ] || wrong "chains: $(chains)"
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

# As an administrator sees it. A pool does not go alone, nor while its workers run.
"$aajail" status blog >out 2>&1 || wrong "status: $(cat out)"
says "jail php-fpm: up, blog's uid 2001 fenced, shop's uid 2002 fenced, as it was proved"
"$aajail" down blog >out 2>&1
[ $? = 3 ] || wrong "down of a pool"
says "'blog' is a pool of 'php-fpm' and goes with it"
iptables-legacy -D OUTPUT 1
"$aajail" status php-fpm >out 2>&1 && wrong "a wiped firewall is as it was proved"
"$aajail" up --boot php-fpm >out 2>&1 || wrong "restoring the chains: $(cat out)"
"$aajail" status php-fpm >out 2>&1 || wrong "status after the restoring: $(cat out)"
rm -r build
cp -r "$build/../one" build
"$aajail" up build >out 2>&1
[ $? = 4 ] || wrong "a build without a pool that runs"
says "pool 'shop' is not in this build, and its workers still run"
[ "$(chains)" = "aajail-2001 aajail-2001 aajail-2002 aajail-2002" ] || wrong "a refused up changed the chains: $(chains)"
stop
"$aajail" up build >out 2>&1 || wrong "a build without the pool: $(cat out)"
[ "$(chains)" = "aajail-2001 aajail-2001" ] || wrong "the chain of a pool that is gone: $(chains)"
loaded() { grep -q "^$1 (enforce)" /sys/kernel/security/apparmor/profiles; }
loaded php-fpm//shop-dash && wrong "a profile of the pool that is gone is loaded"
"$aajail" undo php-fpm >out 2>&1 || wrong "undo: $(cat out)"
[ "$(chains)" = "aajail-2001 aajail-2001 aajail-2002 aajail-2002" ] || wrong "undo: $(chains)"
loaded php-fpm//shop-dash || wrong "undo did not bring the pool back"
mkdir -p /etc/aajail/roles
echo shop >/etc/aajail/roles/web
"$aajail" prune >out 2>&1 || wrong "prune: $(cat out)"
[ "$(chains)" = "aajail-2001 aajail-2001 aajail-2002 aajail-2002" ] || wrong "prune took down a master whose pool a role names"
"$aajail" down php-fpm >out 2>&1 || wrong "down: $(cat out)"
[ -z "$(chains)" ] || wrong "chains after down: $(chains)"
exit $fails
