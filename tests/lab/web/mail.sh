#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mail.sh N: the pool that is there already sends N mails, which arrive.
. "$(dirname "$0")/guest.sh"
n=$1
arrived() { [ "$(grep -c '^From ' /var/mail/* 2>/dev/null)" -ge "$n" ] && [ -z "$(ls /var/spool/exim4/input)" ]; }
start blog
for _ in $(seq "$n"); do
    ask blog sent "/?do=mail&to=root@localhost"
done
until_true arrived
stop
exit $fails
