/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * auditd's PATH records of an exec say mode and capabilities of the file that was run:
 *
 *     AVC … apparmor="ALLOWED" operation="exec" … name="/usr/bin/sudo" …
 *     PATH item=0 name="/usr/bin/sudo" inode=… mode=0104755 ouid=0 ogid=0 … cap_fp=0 …
 *     PATH item=1 name="/lib64/ld-linux-x86-64.so.2" …
 *
 * Item 0 is the file that the call named, later ones are its interpreter and loader. The name is as the call wrote it;
 * only where that is the name which AppArmor resolved, or leads there from the directory of the CWD record without a link,
 * is it about the same file. Of these records only those are taken
 * that say setuid, setgid or capabilities: so a log can make a program more suspect, never less.
 */
#pragma once

#include "fsview/fsview.h"
#include "log/record.h"

/* Whether a line of auditd is a PATH record, item 0, of a regular file with setuid, setgid or capabilities. Cheap: of
 * an auditd log one line in ten is a PATH. */
bool aaj_path_is_privileged(struct aaj_str line);

/* The fact such a record states, if @exec, the payload of an AVC of the same serial, names the same file: 1, else 0.
 * @cwd: the payload of its CWD record, or empty. @scratch: as long as twice all of them and two bytes; the fact's path is in it or in
 * the payloads. */
int aaj_path_fact(struct aaj_str path, struct aaj_str exec, struct aaj_str cwd, char *scratch, struct aaj_fact *ret_fact);

/* Whether a PATH record says that the file has capabilities. */
bool aaj_path_has_caps(struct aaj_str path);

/* @name as it is called in the directory @cwd, made absolute in @buf (both and two bytes): no empty part, no "." and no
 * "..", which is taken to be the parent, as it is where no link leads elsewhere. Empty where it cannot be. */
struct aaj_str aaj_path_absolute(struct aaj_str cwd, struct aaj_str name, char *buf);
