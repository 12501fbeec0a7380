#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The demonstration's part in the lab, with a profile written by hand: the slave's own work passes, three attacks are
# AppArmor's to deny, and the chain refuses what AppArmor cannot.
. "$AAJ_SOURCE/tests/lab/common.sh"
plain_or_skip
lab_or_skip
cat >"$work/aajail.slave-c" <<'X'
abi <abi/3.0>,
include <tunables/global>
profile slave-c /usr/local/sbin/slave {
  include <abstractions/base>
  include <abstractions/nameservice>
  capability setgid,
  capability setuid,
  network inet stream,
  network inet6 stream,
  network inet dgram,
  /etc/slave/slave.conf r,
  /usr/local/sbin/slave mr,
  owner /srv/slave/data/** rwlk,
  owner /tmp/slave-* rw,
  owner /var/log/slave/*.log w,
  /usr/local/lib/slave/helper Cx -> helper,
  /usr/bin/dash Cx -> sh,
  signal peer=@{profile_name},

  profile helper {
    include <abstractions/base>
    network inet stream,
    /usr/local/lib/slave/helper mr,
    /srv/slave/templates/*.tpl r,
    owner /srv/slave/data/helper-*.out w,
  }

  profile sh {
    include <abstractions/base>
    include <abstractions/nameservice>
    network inet stream,
    /usr/bin/dash mr,
    /usr/bin/{date,id} mrix,
  }
}
X
"$AAJ_SOURCE/tests/demo/lab-slave.sh" "$AAJAIL" "$work" "$AAJ_SOURCE/tests/corpus"
check "the demonstration" 0 $?
finish
