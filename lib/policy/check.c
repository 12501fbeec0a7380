/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What rules mean, as far as apparmor_parser refuses it. Each function says what it finds and returns 0,
 * or -ENOMEM; the reading goes on.
 */
#include "policy/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "glob/glob.h"

/* A finding is said; only a shortage of memory ends the reading. */
static int said(int r)
{
    return r == -EINVAL ? 0 : r;
}

/* Once for each variable: with the tunables forgotten, every line of the abstractions would say the same. */
static int never_set(struct aaj_parser *ps, struct aaj_item *item, struct aaj_text text, struct aaj_str name)
{
    uint32_t id;

    if (aaj_intern_find(&ps->rd->unset, name, &id) == 0)
        return -EINVAL;
    if (aaj_intern_add(&ps->rd->unset, name, &id) < 0)
        return -ENOMEM;
    return aaj_check_fail_at(ps, item, text,
                             "the variable @{%s} was never set; is 'include <tunables/global>' missing before the profile?",
                             aaj_escape(ps->rd->arena, name));
}

int aaj_check_glob(struct aaj_parser *ps, struct aaj_item *item, struct aaj_text text, unsigned flags)
{
    struct aaj_arena *arena = ps->rd->arena;
    struct aaj_glob *glob = NULL;
    struct aaj_str value, missing = { 0 };
    const char *why = NULL, *shown;
    int r;

    if (!aaj_text_set(text) || ps->rd->dead)
        return 0;
    r = aaj_vars_expand(&ps->rd->vars, arena, text.value, &value, &missing);
    shown = aaj_escape(arena, missing);
    if (r == -ENOENT)
        return never_set(ps, item, text, missing);
    if (r == -ELOOP)
        return aaj_check_fail_at(ps, item, text, "the variable @{%s} refers to itself", shown);
    if (r == -EINVAL)
        return aaj_check_fail_at(ps, item, text, "'%s' is no name of a variable", shown);
    if (r == -E2BIG)
        return aaj_check_fail(ps, item, "the variable @{%s} makes this too long", shown);
    ps->rd->expanded += r == 0 && value.p != text.value.p ? value.n : 0;
    if (ps->rd->expanded > AAJ_POLICY_MAX_TOTAL)
        return aaj_check_fail(ps, item, "variables make this policy too large");
    if (r == 0)
        r = aaj_glob_compile(value, flags, &glob, &why);
    aaj_glob_free(glob);
    if (r == -EINVAL || r == -E2BIG)
        return aaj_check_fail_at(ps, item, text, "'%s': %s", aaj_escape(arena, aaj_str_head(value, 200)), why);
    return r;
}

static int check_exec(struct aaj_parser *ps, struct aaj_item *item)
{
    const struct aaj_file_rule *rule = &item->rule.file;
    bool deny = item->rule.prefix.mode == AAJ_MODE_DENY;

    if (!(rule->perms & AAJ_MAY_EXEC)) {
        if (rule->safe)
            return aaj_check_fail(ps, item, "'safe' and 'unsafe' are for exec permissions");
        return 0;
    }
    if (!deny && rule->exec == AAJ_EXEC_NONE)
        return aaj_check_fail(ps, item, "'x' needs to say what happens: ix, Px, Cx, Ux or one of their combinations");
    for (const struct aaj_item *i = item; i; i = aaj_parser_up(ps, i))
        if (rule->exec != AAJ_EXEC_NONE && (i->kind == AAJ_ITEM_BLOCK ? i->block.prefix.mode == AAJ_MODE_DENY
                                                                     : i == item && deny))
            return aaj_check_fail(ps, item, "a deny rule has a bare 'x', without i, p, c or u");
    return 0;
}

/* Of ":ns:name": is there a namespace? */
static bool has_namespace(struct aaj_str label)
{
    if (label.n && label.p[0] == '&')
        label = aaj_str_skip(label, 1);
    return label.n && label.p[0] == ':' && aaj_str_find(aaj_str_skip(label, 1), ':') < label.n - 1;
}

static int check_file(struct aaj_parser *ps, struct aaj_item *item)
{
    const struct aaj_file_rule *rule = &item->rule.file;
    bool link = rule->perms & AAJ_MAY_LINK;
    int r;

    if (!aaj_text_set(rule->path))
        return 0;
    if (rule->subset && rule->perms & ~(uint32_t)AAJ_MAY_LINK)
        return aaj_check_fail(ps, item, "'subset' is for rules that are about 'l' alone");
    if (rule->leading && link && aaj_text_set(rule->target)) {
        if (rule->perms & AAJ_MAY_EXEC)
            return aaj_check_fail(ps, item, "'->' cannot be the target of a link and of an exec at once");
        if (has_namespace(rule->target.value))
            return aaj_check_fail(ps, item, "what is linked to has no namespace");
    }
    r = check_exec(ps, item);
    if (r == 0)
        r = aaj_check_glob(ps, item, rule->path, AAJ_GLOB_PATH);
    if (r == 0 && link && !(rule->perms & AAJ_MAY_EXEC))
        r = aaj_check_glob(ps, item, rule->target, AAJ_GLOB_PATH);
    return r;
}

static bool begins_path(struct aaj_str s)
{
    return aaj_str_starts(s, AAJ_STR("/")) || aaj_str_starts(s, AAJ_STR("@{"));
}

static int check_change_profile(struct aaj_parser *ps, struct aaj_item *item)
{
    const struct aaj_change_profile_rule *rule = &item->rule.change_profile;
    int r;

    if (item->rule.prefix.owner)
        return aaj_check_fail(ps, item, "a change_profile rule has no owner");
    if (rule->safe && !aaj_text_set(rule->exec))
        return aaj_check_fail(ps, item, "'safe' and 'unsafe' need the program that is executed");
    if (aaj_text_set(rule->exec) && !begins_path(rule->exec.value))
        return aaj_check_fail(ps, item, "the program that is executed begins with '/'");
    r = aaj_check_glob(ps, item, rule->exec, 0);
    return r ? r : aaj_check_glob(ps, item, rule->target, 0);
}

static int check_capability(struct aaj_parser *ps, struct aaj_item *item)
{
    static const char *const names[] = {
        "audit_control", "audit_read", "audit_write", "block_suspend", "bpf", "checkpoint_restore", "chown",
        "dac_override", "dac_read_search", "fowner", "fsetid", "ipc_lock", "ipc_owner", "kill", "lease",
        "linux_immutable", "mac_admin", "mac_override", "mknod", "net_admin", "net_bind_service",
        "net_broadcast", "net_raw", "perfmon", "setfcap", "setgid", "setpcap", "setuid", "syslog", "sys_admin",
        "sys_boot", "sys_chroot", "sys_module", "sys_nice", "sys_pacct", "sys_ptrace", "sys_rawio",
        "sys_resource", "sys_time", "sys_tty_config", "wake_alarm",
    };

    if (item->rule.prefix.owner)
        return aaj_check_fail(ps, item, "a capability rule has no owner");
    for (uint32_t i = 0; i < item->rule.capability.n; i++) {
        struct aaj_str name = item->rule.capability.item[i].value;
        bool known = false;

        for (size_t k = 0; !known && k < sizeof(names) / sizeof(*names); k++)
            known = aaj_str_eq(name, aaj_str_c(names[k]));
        if (!known)
            return aaj_check_fail_at(ps, item, item->rule.capability.item[i], "there is no capability '%s'",
                                     aaj_escape(ps->rd->arena, name));
    }
    return 0;
}

enum limit_kind { LIMIT_COUNT, LIMIT_BYTES, LIMIT_NICE, LIMIT_SECONDS, LIMIT_MICROSECONDS };

static const struct {
    const char *name;
    enum limit_kind kind;
} limits[] = {
    { "cpu", LIMIT_SECONDS },     { "fsize", LIMIT_BYTES },      { "data", LIMIT_BYTES },   { "stack", LIMIT_BYTES },
    { "core", LIMIT_BYTES },      { "rss", LIMIT_BYTES },        { "nofile", LIMIT_COUNT }, { "ofile", LIMIT_COUNT },
    { "as", LIMIT_BYTES },        { "nproc", LIMIT_COUNT },      { "memlock", LIMIT_BYTES }, { "locks", LIMIT_COUNT },
    { "sigpending", LIMIT_COUNT }, { "msgqueue", LIMIT_BYTES },  { "nice", LIMIT_NICE },    { "rtprio", LIMIT_COUNT },
    { "rttime", LIMIT_MICROSECONDS },
};

/* A size's unit is the beginning of KB, MB or GB (strstr() in parser_yacc.y). */
static bool is_size_unit(struct aaj_str unit)
{
    return unit.n && (aaj_str_starts(AAJ_STR("KB"), unit) || aaj_str_starts(AAJ_STR("MB"), unit) ||
                      aaj_str_starts(AAJ_STR("GB"), unit));
}

/* Microseconds in a unit of time; 0: none. */
static long long time_unit(struct aaj_str unit)
{
    static const struct {
        const char *name;
        long long us;
    } units[] = {
        { "us", 1 }, { "microsecond", 1 }, { "microseconds", 1 },
        { "ms", 1000 }, { "millisecond", 1000 }, { "milliseconds", 1000 },
        { "s", 1000000 }, { "sec", 1000000 }, { "second", 1000000 }, { "seconds", 1000000 },
        { "min", 60000000 }, { "minute", 60000000 }, { "minutes", 60000000 },
        { "h", 3600000000ll }, { "hour", 3600000000ll }, { "hours", 3600000000ll },
        { "d", 86400000000ll }, { "day", 86400000000ll }, { "days", 86400000000ll },
        { "week", 604800000000ll }, { "weeks", 604800000000ll },
    };

    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (aaj_str_eq(unit, aaj_str_c(units[i].name)))
            return units[i].us;
    return 0;
}

static bool limit_value_ok(enum limit_kind kind, long long value, struct aaj_text unit)
{
    bool has_unit = aaj_text_set(unit);
    long long us = has_unit ? time_unit(unit.value) : kind == LIMIT_SECONDS ? 1000000 : 1;

    switch (kind) {
    case LIMIT_NICE:
        return !has_unit && value >= -20 && value <= 19;
    case LIMIT_BYTES:
        return value >= 0 && (!has_unit || is_size_unit(unit.value));
    case LIMIT_SECONDS:
        return value >= 0 && us && (us >= 1000000 || value >= 1000000 / us || value == 0);
    case LIMIT_MICROSECONDS:
        return value >= 0 && us;
    default:
        return value >= 0 && !has_unit;
    }
}

static int check_rlimit(struct aaj_parser *ps, struct aaj_item *item)
{
    const struct aaj_rlimit_rule *rule = &item->rule.rlimit;
    char number[32] = "";
    size_t i = 0, n = sizeof(limits) / sizeof(*limits);

    while (i < n && !aaj_str_eq(rule->name.value, aaj_str_c(limits[i].name)))
        i++;
    if (i == n)
        return aaj_check_fail_at(ps, item, rule->name, "there is no limit '%s'", aaj_escape(ps->rd->arena, rule->name.value));
    if (aaj_str_eq(rule->value.value, AAJ_STR("infinity")))
        return 0;
    memcpy(number, rule->value.value.p,
           rule->value.value.n < sizeof(number) ? rule->value.value.n : sizeof(number) - 1);
    if (!limit_value_ok(limits[i].kind, strtoll(number, NULL, 0), rule->unit))
        return aaj_check_fail(ps, item, "the value of this limit is out of its range, or has a wrong unit");
    return 0;
}

int aaj_check_rule(struct aaj_parser *ps, struct aaj_item *item)
{
    switch (item->rule.kind) {
    case AAJ_RULE_FILE:
    case AAJ_RULE_LINK:
        return said(check_file(ps, item));
    case AAJ_RULE_CAPABILITY:
        return said(check_capability(ps, item));
    case AAJ_RULE_CHANGE_PROFILE:
        return said(check_change_profile(ps, item));
    case AAJ_RULE_RLIMIT:
        return said(check_rlimit(ps, item));
    case AAJ_RULE_MOUNT:
    case AAJ_RULE_REMOUNT:
    case AAJ_RULE_UMOUNT:
    case AAJ_RULE_PIVOT_ROOT:
        return said(aaj_check_mount(ps, item));
    case AAJ_RULE_ALL:
        if (item->rule.prefix.owner || item->rule.prefix.priority)
            return said(aaj_check_fail(ps, item, "an 'all' rule has no owner and no priority"));
        return 0;
    default:
        return said(aaj_check_access(ps, item));
    }
}
