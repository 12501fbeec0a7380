/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of the kernel's audit that keep AppArmor's records from everybody (auditctl -a always,exclude). */
#include <errno.h>
#include <libaudit.h>
#include <poll.h>

#include "base/clock.h"
#include "session/internal.h"

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

/* Each question is answered by a thread of its own, so that either answer may be the first: the rules, which end with
 * NLMSG_DONE (audit_list_rules_send, kernel/auditfilter.c), and the status. */
static int read_replies(int fd, struct audit_rules *ret)
{
    int64_t end = aaj_clock_ms() + REPLY_MS;
    bool listed = false, told = false;
    struct audit_reply reply;

    while (!listed || !told) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int64_t left = end - aaj_clock_ms();

        if (left <= 0)
            return -ETIMEDOUT;
        if (poll(&p, 1, (int)left) <= 0 || audit_get_reply(fd, &reply, GET_REPLY_NONBLOCKING, 0) <= 0)
            continue;
        if (reply.type == AUDIT_LIST_RULES)
            ret->excluded |= excludes_avc(reply.ruledata);
        listed |= reply.type == NLMSG_DONE;
        if (reply.type == AUDIT_GET) {
            ret->locked = reply.status->enabled == 2;
            told = true;
        }
    }
    return 0;
}

int audit_ask_rules(struct audit_rules *ret)
{
    struct audit_rules rules = { 0 };
    int fd = audit_open(), r;

    if (fd < 0)
        return -errno;
    if (audit_request_rules_list_data(fd) <= 0 || audit_request_status(fd) <= 0)
        r = -EPERM;
    else
        r = read_replies(fd, &rules);
    audit_close(fd);
    if (r == 0)
        *ret = rules;
    return r;
}
