# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced in the lab by the tests of up and down.

# A build's folder as 'aajail build' leaves it: build DIR PORT RULE [PROFILES]
build() {
    mkdir -p "$1"
    cat >"$1/app.yaml" <<Y
jail: app
slave: /usr/local/bin/slave1
roots: [ /srv/app ]
user: "41234"
template: http-slave
network:
  allow: [ "tcp 127.0.0.1:$2", "tcp [::1]:$2" ]
Y
    cat >"$1/aajail.app" <<P
abi <abi/3.0>,
profile app /usr/local/bin/slave1 {
  /usr/** rm,
  /etc/ld.so.* r,
  network,
  signal,
  ptrace,
  $3
}
P
    apparmor_parser -QKT -o "$1/app.policy" "$1/aajail.app" 2>/dev/null || fail "apparmor_parser"
    build_list "$1" "${4:-\"app\"}"
}

# build_list DIR [PROFILES [JAIL]]: the list of artefacts, for what is there.
build_list() {
    local jail=${3:-app}
    (cd "$1" && printf '{"schema":1,"jail":"%s","user":"%s","target":"lab","profiles":[%s],"files":{%s}}' "$jail" \
        "$(sed -n 's/^user: //p' "$jail.yaml" | tr -d '"')" "${2:-\"app\"}" \
        "$(sha256sum "$jail.yaml" "aajail.$jail" "$jail.policy" | sed 's/\([^ ]*\) *\(.*\)/"\2":"\1"/' | paste -sd,)") >"$1/artefacts.json"
}
