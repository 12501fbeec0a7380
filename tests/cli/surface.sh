#!/bin/bash
# aajail surface: counts over a list, what was learned told apart, secrets and setuid executables, JSON, a real tree.
set -euo pipefail
[ -x /sbin/apparmor_parser ] || { echo "no apparmor_parser"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "surface: $*"; exit 1; }
surface() { # surface STATUS ARG…: output in $dir/out
    local status=$1 rc=0
    shift
    "$AAJAIL" surface "$@" >"$dir/out" 2>"$dir/err" </dev/null || rc=$?
    [ "$rc" = "$status" ] || fail "$* ended with $rc, not $status: $(cat "$dir/out" "$dir/err")"
}
json() { python3 -c "import json,sys; o=json.load(open('$dir/out')); sys.exit(0 if ($1) else 'not: $1\n'+json.dumps(o,indent=1))"; }
cat >"$dir/p" <<'AA'
profile p /usr/bin/p {
  /etc/* r,
  /srv/app/** r,
  owner /srv/app/data/* rw,
  /usr/bin/* Cx,
  profile kid { /var/lib/kid/* w, }
}
AA
printf '%s\n' \
    $'d\t755\t0\t0\t/' $'d\t755\t0\t0\t/etc' $'f\t644\t0\t0\t/etc/passwd' $'f\t640\t0\t42\t/etc/shadow' \
    $'l\t777\t0\t0\t/etc/link\tpasswd' $'d\t755\t0\t0\t/srv/app' $'f\t600\t7\t7\t/srv/app/key' \
    $'f\t644\t7\t7\t/srv/app/data/mine' $'f\t644\t0\t0\t/srv/app/data/theirs' \
    $'f\t4755\t0\t0\t/usr/bin/su' $'f\t755\t0\t0\t/usr/bin/id' $'f\t644\t0\t0\t/var/lib/kid/x' >"$dir/list"
surface 1 --json "$dir/p" --files "$dir/list" --uid 7
json 'o["walked"] == 8'
json 'o["opened"] == {"read": 5, "write": 2, "exec": 2}'
json 'o["outside"] == {"read": 5, "write": 2, "exec": 0}'
json 'o["not_world_readable"]["read"] == 2'
json '[f["path"] for f in o["files"] if f["concern"] == "secret"] == ["/etc/shadow"]'
json '[f["path"] for f in o["files"] if f["concern"] == "setuid"] == ["/usr/bin/su"]'
json '[f["path"] for f in o["files"] if f["concern"] == "hidden"] == ["/etc/shadow", "/srv/app/key"]'
json '[d for d in o["directories"] if d["path"] == "/srv/app"] == [{"read": 3, "write": 1, "exec": 0, "path": "/srv/app"}]'
json '[d["by"] for d in o["opened_by"] if d["write"]] == ["line 4: owner /srv/app/data/* rw,", "line 6: /var/lib/kid/* w,"]'
# Without the uid owner rules could be about anything.
surface 1 --json "$dir/p" --files "$dir/list"
json 'o["opened"]["write"] == 3'
# Learned files are no surplus; the manifest lifts what it names.
printf 'type=AVC msg=audit(1700000000.100:1): apparmor="ALLOWED" operation="open" profile="p" name="/srv/app/key" pid=1 comm="p" requested_mask="r" denied_mask="r" fsuid=7 ouid=7\n' >"$dir/log"
surface 1 --json "$dir/p" --files "$dir/list" --uid 7 --log "$dir/log"
json 'o["beyond_learned"]["read"] == 4'
json '[f["path"] for f in o["files"] if f["concern"] == "hidden"] == ["/etc/shadow"]'
printf 'jail: p\nslave: /usr/bin/p\nlift: [ credentials ]\nrules: [ "/etc/shadow r," ]\n' >"$dir/m.yaml"
surface 1 --json "$dir/p" --files "$dir/list" --manifest "$dir/m.yaml"
json 'not [f for f in o["files"] if f["concern"] == "secret"]'
sed '/usr.bin.. Cx/d' "$dir/p" >"$dir/q"
surface 0 "$dir/q" --files "$dir/list" --manifest "$dir/m.yaml"
grep -q "8 files looked at" "$dir/out" || fail "$(cat "$dir/out")"
# A tree.
mkdir -p "$dir/root/srv/app/data" "$dir/root/proc/1"
touch "$dir/root/srv/app/data/a" "$dir/root/srv/app/b" "$dir/root/proc/1/mem"
surface 0 --json "$dir/q" --root "$dir/root" --uid "$(id -u)"
json 'o["opened"] == {"read": 2, "write": 1, "exec": 0}'
surface 2 "$dir/p" --uid x
surface 2
surface 3 "$dir/p" --files "$dir/none"
