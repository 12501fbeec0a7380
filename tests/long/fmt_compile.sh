#!/bin/bash
# fmt_compile.sh: every profile of AppArmor 3.0.8 compiles to the same bytes before and after `aajail fmt`.
# Takes minutes (the parser does): part of `make check-long`, not of `make check`.
set -uo pipefail
peer=${AAJ_SHARED:-}/data/peer
[ -d "$peer/profiles_3.0.8" ] || { echo "no $peer/profiles_3.0.8"; exit 77; }
[ -x /sbin/apparmor_parser ] || { echo "no apparmor_parser"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp -r "$peer/profiles_3.0.8" "$dir/base"
cp -r "$peer/abstractions_3.0.8" "$dir/base/abstractions"
compile() {
    timeout -k 1 60 /sbin/apparmor_parser -Q -K --config-file=/dev/null -M /etc/apparmor.d/abi/3.0 -I "$dir/base" -S \
        <"$1" 2>/dev/null
}
same=0 skipped=0 failed=0
for profile in "$dir"/base/* "$dir"/base/extras/*; do
    { [ -f "$profile" ] && [[ $profile != *README* ]]; } || continue
    if ! compile "$profile" >"$dir/before"; then
        skipped=$((skipped + 1)) # not for this parser, or too slow for it
        continue
    fi
    if "$AAJAIL" fmt "$profile" >"$dir/text" && compile "$dir/text" >"$dir/after" &&
        cmp -s "$dir/before" "$dir/after"; then
        same=$((same + 1))
    else
        echo "differs: ${profile#"$dir"/base/}"
        failed=$((failed + 1))
    fi
done
echo "$same the same, $failed different, $skipped that apparmor_parser did not compile before"
[ "$failed" = 0 ] && [ "$same" -gt 0 ]
