/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

struct audit_rules {
    bool excluded; /* a rule keeps records of type AVC, which are AppArmor's, from everybody */
    bool locked;   /* rules cannot be changed until the next boot (auditctl -e 2) */
};
/* -errno where the kernel does not tell: another user namespace, no CAP_AUDIT_CONTROL. */
int audit_ask_rules(struct audit_rules *ret_rules);
