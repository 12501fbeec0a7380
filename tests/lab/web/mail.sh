#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mail.sh AAJAIL BUILD: a build whose manifest names the mailer lets mail() through, to the mailbox.
. "$(dirname "$0")/guest.sh"
aajail=$1 build=$2
machine
pool blog 2001
"$aajail" up "$build" || exit 1
start blog
ask blog sent "http://127.0.0.1/?do=mail&to=root@localhost"
until_true test -n "$(ls /var/mail)"
echo "mailboxes: $(ls /var/mail)"
denied blog
stop
exit $fails
