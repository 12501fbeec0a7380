/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of the kernel's audit that keep AppArmor's records from everybody (auditctl -a always,exclude). */
#include <errno.h>
#include <libaudit.h>
#include <poll.h>

#include "session/internal.h"

enum { REPLY_MS = 500, REPLIES_MAX = 10000 };

static bool compares(uint32_t op, uint32_t left, uint32_t right)
{
    switch (op & AUDIT_OPERATORS) {
    case AUDIT_NOT_EQUAL:
        return left != right;
    case AUDIT_LESS_THAN:
        return left < right;
    case AUDIT_LESS_THAN_OR_EQUAL:
        return left <= right;
    case AUDIT_GREATER_THAN:
        return left > right;
    case AUDIT_GREATER_THAN_OR_EQUAL:
        return left >= right;
    default:
        return left == right;
    }
}

/* By type alone: a rule that asks for more (a uid, a program) hides a part of the records. */
static bool excludes_avc(const struct audit_rule_data *rule)
{
    bool typed = false;

    if ((rule->flags & ~(uint32_t)AUDIT_FILTER_PREPEND) != AUDIT_FILTER_EXCLUDE)
        return false;
    for (uint32_t i = 0; i < rule->field_count && i < AUDIT_MAX_FIELDS; i++) {
        if (rule->fields[i] != AUDIT_MSGTYPE)
            continue;
        if (!compares(rule->fieldflags[i], AUDIT_AVC, rule->values[i]))
            return false;
        typed = true;
    }
    return typed;
}

/* Replies until AUDIT_GET's, which is asked for last. */
int audit_ask_rules(struct audit_rules *ret)
{
    struct audit_rules rules = { 0 };
    struct audit_reply reply;
    int fd = audit_open(), r = -ENODATA;

    if (fd < 0)
        return -errno;
    if (audit_request_rules_list_data(fd) <= 0 || audit_request_status(fd) <= 0) {
        audit_close(fd);
        return -EPERM;
    }
    for (int i = 0; i < REPLIES_MAX && r == -ENODATA; i++) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        if (poll(&p, 1, REPLY_MS) <= 0 || audit_get_reply(fd, &reply, GET_REPLY_NONBLOCKING, 0) <= 0)
            break;
        if (reply.type == AUDIT_LIST_RULES)
            rules.excluded |= excludes_avc(reply.ruledata);
        if (reply.type != AUDIT_GET)
            continue;
        rules.locked = reply.status->enabled == 2;
        r = 0;
    }
    audit_close(fd);
    if (r == 0)
        *ret = rules;
    return r;
}
