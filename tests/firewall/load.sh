#!/bin/bash
# load.sh legacy|iptables-nft|nft MANIFEST UID: loads what `firewall plan` prints with the system's own tools, as people
# do who apply rules their own way. The user stays a name until the tool looks it up: it is given the uid here.
set -euo pipefail
if [ "${4-}" != inside ]; then exec unshare -m "$0" "$1" "$2" "$3" inside; fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
user=$(sed -n 's/^user: //p' "$2")
{ cat /etc/passwd; echo "$user:x:$3:$3::/:/bin/false"; } >"$dir/passwd"
mount --bind "$dir/passwd" /etc/passwd
export XTABLES_LOCKFILE=$dir/lock
plan() { "$AAJAIL" firewall plan --format "$1" "$2" >"$dir/$1"; }
case $1 in
legacy | iptables-nft)
    for v in iptables ip6tables; do
        tool=$v-$1-restore; [ "$1" = legacy ] || tool=$v-nft-restore
        plan $v "$2"
        grep -q -- "--uid-owner $user " "$dir/$v"
        $tool --noflush --test <"$dir/$v"
        $tool --noflush <"$dir/$v"
        $tool --noflush <"$dir/$v" # loading it again does no harm
    done ;;
nft)
    plan nft "$2"
    grep -q "{ $user : goto" "$dir/nft"
    nft -c -f "$dir/nft"
    "$AAJAIL" firewall plan --format nft --uid "$3" "$2" | nft -c -f -
    nft -f "$dir/nft"
    before=$(nft list ruleset)
    nft -f "$dir/nft" # loading it again changes nothing
    [ "$before" = "$(nft list ruleset)" ] ;;
esac
