#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Shell completion, and that every verb and option has its place in a man page.
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
fails=0
fail() { echo "FAILED: $*"; fails=$((fails + 1)); }
cd "$work" || exit 1

verbs=$("$AAJAIL" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
[ "$(wc -w <<<"$verbs")" -gt 20 ] || fail "the verbs are not found in --help"
for v in $verbs; do
    page=$AAJ_SOURCE/man/aajail-$v.1.scd
    [ -f "$page" ] || { fail "$v has no man page"; continue; }
    for o in $("$AAJAIL" "$v" --help | sed -n 's/^ \{2,6\}\(-., \)\?--\([a-z-]*\).*/--\2/p'); do
        [ "$o" = --help ] || grep -q -e "$o" "$page" || fail "$v $o is not in its man page"
    done
    grep -q "^[A-Z].*: .*[*]$v[*]" "$AAJ_SOURCE/man/aajail.1.scd" || fail "aajail(1) does not name $v"
    grep -q "'aajail-$v.1'" "$AAJ_SOURCE/man/meson.build" || fail "the page of $v is not installed"
done

# bash: what stands in COMPREPLY for these words, the last one being typed.
"$AAJAIL" completion bash >bash.sh || fail "completion bash"
cat >ask.sh <<'X'
. ./bash.sh
compopt() { :; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_aajail
printf '%s\n' "${COMPREPLY[@]}" | sort
X
expect() { # WORD… = LINES
    local want=${*: -1} words=("${@:1:$#-2}") got
    got=$(bash ask.sh "${words[@]}" 2>&1)
    [ "$got" = "$want" ] || fail "${words[*]}: $got"
}
expect aajail bui = build
expect aajail firewall ve = verify
expect aajail build --no = $'--no-infer\n--no-surface'
expect aajail build --target debian = $'debian12\ndebian13'
expect aajail build --denied "" = $'grant\nreport'
mkdir -p dir "build/\$(touch injected)" 'build/two words'
touch 'a file.yaml' dir.txt
expect aajail build 'a f' = 'a file.yaml'
expect aajail build --root d = dir
expect aajail up tw = 'two words'
expect aajail up '$(' = '$(touch injected)'
[ ! -e injected ] || fail "a name was run"
expect aajail lab -- no-such-command- = ""

# The other shells, where they are: that they take the script.
for shell in zsh fish; do
    "$AAJAIL" completion $shell >"script.$shell" || fail "completion $shell"
    [ -s "script.$shell" ] || fail "completion $shell prints nothing"
    if command -v $shell >/dev/null; then $shell -n "script.$shell" || fail "$shell does not take it"; fi
done
if command -v fish >/dev/null; then
    got=$(HOME=$work fish --no-config -c 'source script.fish; complete -C "aajail build --target debian1"' | cut -f1)
    [ "$got" = $'debian12\ndebian13' ] || fail "fish: $got"
fi
"$AAJAIL" completion csh 2>said
[ $? = 2 ] && grep -q "bash|zsh|fish" said || fail "an unknown shell"
# Help by either way, and a hand for who slips.
[ "$("$AAJAIL" help review)" = "$("$AAJAIL" review --help)" ] || fail "help VERB is not VERB --help"
for slip in revew:review statsu:status chekc:check; do
    rc=0; said=$("$AAJAIL" "${slip%:*}" 2>&1) || rc=$?
    [ $rc = 2 ] && [ "$said" = "aajail: there is no verb '${slip%:*}'; did you mean '${slip#*:}'?" ] || fail "$rc $said"
done
rc=0; said=$("$AAJAIL" $'\e[31mx' 2>&1) || rc=$?
[ $rc = 2 ] && [[ $said == *'\x1b[31mx'*"Try 'aajail --help'." ]] || fail "$rc $said"
[ $fails -eq 0 ]
