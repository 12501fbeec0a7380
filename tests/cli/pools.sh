#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pools in their master: built together whichever is named, each proved on its own, none within reach of another.
set -uo pipefail
command -v apparmor_parser >/dev/null || { echo "no apparmor_parser"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fails=0
fail() { echo "FAILED: $*"; fails=$((fails + 1)); }
logs=$AAJ_SOURCE/tests/corpus/logs/php-fpm-pools
log=$logs/A/audit.log.zst files=$logs/files.tsv.zst
cp "$AAJ_SOURCE"/tests/corpus/manifests/pools/*.yaml .
build() { "$AAJAIL" build "$@" --log "$log" --files "$files" >out 2>&1; }
says() { grep -q -- "$1" out || { fail "it does not say: $1"; cat out; }; }

build blog.yaml -o one || { fail "a pool"; cat out; }
says "'blog' is a pool of 'php-fpm': the master is built with all its pools"
says "pool 'shop' is built with its master"
says "3 jails built, 0 failures"
build php-fpm.yaml -o two || { fail "the master"; cat out; }
build shop.yaml blog.yaml php-fpm.yaml -o one 2>/dev/null && fail "several names and one output"
for f in php-fpm.policy aajail.php-fpm blog.firewall.v4 shop.firewall.v6 blog.report.json; do
    cmp one/$f two/$f || fail "$f depends on who is named"
done
for f in one/*.yaml; do cmp "$f" "$(basename "$f")" || fail "$f is not the manifest"; done

# A pool is a profile, not a hat, which a worker of another pool could change to.
grep -q '^  profile blog {$' one/aajail.php-fpm || fail "no profile for the pool"
ask() { # ask ANSWER QUESTION…: LABEL CLASS ARGUMENTS
    local want=$1 got
    shift
    got=$(printf '%s\t' "$@" | sed 's/\t$/\n/' | "$AAJAIL" query one/php-fpm.policy --batch | head -1)
    [[ $got == "$want"* ]] || fail "$*: $got, not $want"
}
ask allow php-fpm change_profile php-fpm//blog
ask allow php-fpm change_profile php-fpm//shop
ask deny php-fpm change_profile php-fpm//blog-dash
ask deny php-fpm change_profile unconfined
ask deny php-fpm//blog change_profile php-fpm//shop
ask deny php-fpm//blog change_hat shop
ask deny php-fpm//blog change_profile php-fpm
ask allow php-fpm//blog file /srv/blog/config.php r other
ask deny php-fpm//blog file /srv/shop/config.php r other
ask deny php-fpm//shop-dash file /srv/blog/config.php r owner
ask deny php-fpm file /srv/blog/config.php r other
ask allow php-fpm file /var/log/blog/access.log w other

# Replay follows php-fpm into its pools, also after it executed itself.
"$AAJAIL" check one/aajail.php-fpm --log "$log" >out 2>&1
grep -v exim4 out | grep -q '# [0-9]* event' && { fail "what was learned is denied"; cat out; }

# Without its master's manifest there is nothing to put a pool into; two jails are not one pool.
mkdir alone && cp blog.yaml alone/
build alone/blog.yaml -o none
[ $? = 3 ] || fail "a pool alone"
says "php-fpm.yaml beside this one"
mkdir twice && cp ./*.yaml twice/ && sed 's/^jail:.*/jail: third/' blog.yaml >twice/third.yaml
build twice/php-fpm.yaml -o none
[ $? = 3 ] || fail "one pool twice"
says "is the pool 'blog' of the same master"
sed 's/: blog$/: gone/' blog.yaml >gone.yaml
build php-fpm.yaml -o none
[ $? = 3 ] || fail "a pool that is not in the log"
says "the pool 'gone' does not occur under 'php-fpm'"
rm gone.yaml
[ ! -e none ] || fail "something was written"

# One variable, two meanings.
for p in blog shop; do
    printf 'variables: { ROOT: /srv/%s }\nrules: [ "@{ROOT}/more/* r," ]\n' $p >>$p.yaml
done
build php-fpm.yaml -o three || { fail "variables"; cat out; }
grep -q '/srv/blog/more/\* r,' three/aajail.php-fpm && grep -q '/srv/shop/more/\* r,' three/aajail.php-fpm || fail "variables"

# Without manifests of their own pools are children like others.
mkdir solo && cp php-fpm.yaml solo/
build solo/php-fpm.yaml -o solo/out || { fail "a master alone"; cat out; }
grep -q 'change_profile -> php-fpm//shop,' solo/out/aajail.php-fpm || fail "a master alone does not reach its pools"
# They have users of their own, and no chain: both who builds and who takes it up is told, with what to write.
says "not fenced: the pool 'shop', which ran as uid [0-9]*, has no manifest"
says '{ jail: blog, hat: blog, master: php-fpm, user: NAME-OF-[0-9]*, template: php-fpm-pool }'
"$AAJAIL" up -n solo/out >out 2>&1 # where this kernel has no AppArmor, that is told after it
says 'warning: the pool php-fpm//shop, which ran as uid [0-9]*, has no manifest, so its network is not fenced'
"$AAJAIL" up -n one >out 2>&1
grep -q 'has no manifest' out && { fail "a pool with a manifest is said to have none"; cat out; }
cp blog.yaml solo/ && build solo/php-fpm.yaml -o solo/out || { fail "a master with one pool of two"; cat out; }
grep -q "not fenced: the pool 'blog'" out && fail "the pool with a manifest"
says "not fenced: the pool 'shop'"
[ "$fails" -eq 0 ]
