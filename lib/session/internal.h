/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* How long the kernel may take to answer; a thread of its own does, which a busy machine runs late. */
enum { REPLY_MS = 5000 };

struct audit_rules {
    bool excluded; /* a rule keeps records of type AVC, which are AppArmor's, from everybody */
    bool locked;   /* rules cannot be changed until the next boot (auditctl -e 2) */
};
/* -EPERM where the kernel does not tell: another user namespace, no CAP_AUDIT_CONTROL. -ETIMEDOUT; -errno. */
int audit_ask_rules(struct audit_rules *ret_rules);
