/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mount, remount, umount, pivot_root (AppArmor's mount.cc). */
#include "policy/check.h"

#include <errno.h>
#include <stdint.h>

#include "base/escape.h"

/* The kernel's mount flags (linux/mount.h); NOUSER is a bit of our own. */
enum {
    RDONLY = 1, NOSUID = 2, NODEV = 4, NOEXEC = 8, SYNC = 16, REMOUNT = 32, MANDLOCK = 64, DIRSYNC = 128,
    NOSYMFOLLOW = 256, NOATIME = 1024, NODIRATIME = 2048, BIND = 4096, MOVE = 8192, REC = 16384, SILENT = 32768,
    ACL = 1 << 16, UNBINDABLE = 1 << 17, PRIVATE = 1 << 18, SLAVE = 1 << 19, SHARED = 1 << 20,
    RELATIME = 1 << 21, IVERSION = 1 << 23, STRICTATIME = 1 << 24, LAZYTIME = 1 << 25, NOUSER = 1 << 30,
    MAKE = UNBINDABLE | PRIVATE | SLAVE | SHARED | REC,
    COMMANDS = MOVE | REMOUNT | BIND | MAKE,
};

static const struct {
    const char *name;
    int set, clear;
} options[] = {
    { "ro", RDONLY, 0 }, { "r", RDONLY, 0 }, { "read-only", RDONLY, 0 }, { "rw", 0, RDONLY }, { "w", 0, RDONLY },
    { "suid", 0, NOSUID }, { "nosuid", NOSUID, 0 }, { "dev", 0, NODEV }, { "nodev", NODEV, 0 },
    { "exec", 0, NOEXEC }, { "noexec", NOEXEC, 0 }, { "sync", SYNC, 0 }, { "async", 0, SYNC },
    { "remount", REMOUNT, 0 }, { "mand", MANDLOCK, 0 }, { "nomand", 0, MANDLOCK }, { "dirsync", DIRSYNC, 0 },
    { "symfollow", 0, NOSYMFOLLOW }, { "nosymfollow", NOSYMFOLLOW, 0 }, { "atime", 0, NOATIME },
    { "noatime", NOATIME, 0 }, { "diratime", 0, NODIRATIME }, { "nodiratime", NODIRATIME, 0 },
    { "bind", BIND, 0 }, { "B", BIND, 0 }, { "move", MOVE, 0 }, { "M", MOVE, 0 },
    { "rbind", BIND | REC, 0 }, { "R", BIND | REC, 0 }, { "verbose", SILENT, 0 }, { "silent", SILENT, 0 },
    { "loud", 0, SILENT }, { "acl", ACL, 0 }, { "noacl", 0, ACL },
    { "unbindable", UNBINDABLE, 0 }, { "make-unbindable", UNBINDABLE, 0 },
    { "runbindable", UNBINDABLE | REC, 0 }, { "make-runbindable", UNBINDABLE | REC, 0 },
    { "private", PRIVATE, 0 }, { "make-private", PRIVATE, 0 },
    { "rprivate", PRIVATE | REC, 0 }, { "make-rprivate", PRIVATE | REC, 0 },
    { "slave", SLAVE, 0 }, { "make-slave", SLAVE, 0 }, { "rslave", SLAVE | REC, 0 }, { "make-rslave", SLAVE | REC, 0 },
    { "shared", SHARED, 0 }, { "make-shared", SHARED, 0 },
    { "rshared", SHARED | REC, 0 }, { "make-rshared", SHARED | REC, 0 },
    { "relatime", RELATIME, 0 }, { "norelatime", 0, RELATIME }, { "iversion", IVERSION, 0 },
    { "noiversion", 0, IVERSION }, { "strictatime", STRICTATIME, 0 }, { "nostrictatime", 0, STRICTATIME },
    { "lazytime", LAZYTIME, 0 }, { "nolazytime", 0, LAZYTIME }, { "user", 0, NOUSER }, { "nouser", NOUSER, 0 },
};

static bool key_is(const struct aaj_cond *cond, const char *a, const char *b)
{
    return aaj_str_eq(cond->key.value, aaj_str_c(a)) || aaj_str_eq(cond->key.value, aaj_str_c(b));
}

static int check_options(struct aaj_parser *ps, struct aaj_item *item, const struct aaj_cond *cond, int *ret_set,
                         int *ret_clear)
{
    int set = 0, clear = 0;

    for (uint32_t i = 0; i < cond->values.n; i++) {
        struct aaj_str name = cond->values.item[i].value;
        size_t k = 0, n = sizeof(options) / sizeof(*options);

        while (k < n && !aaj_str_eq(name, aaj_str_c(options[k].name)))
            k++;
        if (k == n)
            return aaj_check_fail_at(ps, item, cond->values.item[i], "there is no mount option '%s'",
                                     aaj_escape(ps->rd->arena, name));
        set |= options[k].set;
        clear |= options[k].clear;
    }
    if (item->rule.kind == AAJ_RULE_REMOUNT)
        set |= REMOUNT;
    if (cond->op == AAJ_COND_EQ && set & clear)
        return aaj_check_fail(ps, item, "these mount options contradict each other");
    *ret_set = set;
    *ret_clear = clear;
    return 0;
}

/* gen_flag_rules() in mount.cc: which of the kernel's ways to mount can this be? None: the rule is void. */
static bool makes_rule(const struct aaj_access_rule *rule, int set, bool optional, bool fstype)
{
    bool device = aaj_text_set(rule->arg[0]), point = aaj_text_set(rule->arg[1]);

    if (!set || (set & REMOUNT && !device && !fstype))
        return true;
    if (!fstype && (set & (BIND | MOVE) || (set & MAKE && !(device && point))))
        return true;
    return optional || set & ~COMMANDS;
}

static int check_cond(struct aaj_parser *ps, struct aaj_item *item, const struct aaj_cond *cond)
{
    int r = 0, set, clear;

    if (cond->op != AAJ_COND_EQ && cond->op != AAJ_COND_IN)
        return aaj_check_fail(ps, item, "only '=' and 'in' are possible in mount rules");
    if (key_is(cond, "options", "option"))
        return check_options(ps, item, cond, &set, &clear);
    if (!key_is(cond, "fstype", "vfstype"))
        return aaj_check_fail(ps, item, "a mount rule has no '%s'", aaj_escape(ps->rd->arena, cond->key.value));
    for (uint32_t k = 0; r == 0 && k < cond->values.n; k++)
        r = aaj_check_glob(ps, item, cond->values.item[k], 0);
    return r;
}

static int check_conds(struct aaj_parser *ps, struct aaj_item *item)
{
    const struct aaj_conds *conds = &item->rule.access.conds;
    bool exact = false, optional = false, fstype = false, encoded = false;
    int r = 0, set, clear;

    for (uint32_t i = 0; r == 0 && i < conds->n; i++) {
        r = check_cond(ps, item, &conds->item[i]);
        fstype |= key_is(&conds->item[i], "fstype", "vfstype");
        if (r < 0 || !key_is(&conds->item[i], "options", "option"))
            continue;
        exact |= conds->item[i].op == AAJ_COND_EQ;
        if (conds->item[i].op == AAJ_COND_IN) {
            check_options(ps, item, &conds->item[i], &set, &clear);
            optional |= (set | clear) & ~COMMANDS;
        }
    }
    if (r < 0 || !exact || item->rule.kind != AAJ_RULE_MOUNT)
        return r;
    for (uint32_t i = 0; !encoded && i < conds->n; i++)
        if (key_is(&conds->item[i], "options", "option") && conds->item[i].op == AAJ_COND_EQ) {
            check_options(ps, item, &conds->item[i], &set, &clear);
            encoded = makes_rule(&item->rule.access, set, optional, fstype);
        }
    return encoded ? 0 : aaj_check_fail(ps, item, "these mount options do not go with a source and a mount point");
}

int aaj_check_mount(struct aaj_parser *ps, struct aaj_item *item)
{
    const struct aaj_access_rule *rule = &item->rule.access;
    int r = 0;

    if (item->rule.prefix.owner)
        return aaj_check_fail(ps, item, "a %s rule has no owner", aaj_rule_keyword(item->rule.kind));
    if (rule->target_conds.n)
        return aaj_check_fail(ps, item, "a mount point has no conditions");
    if (item->rule.kind == AAJ_RULE_PIVOT_ROOT) {
        for (uint32_t i = 0; i < rule->conds.n; i++)
            if (!key_is(&rule->conds.item[i], "oldroot", "oldroot"))
                return aaj_check_fail(ps, item, "a pivot_root rule has only 'oldroot='");
    } else {
        r = check_conds(ps, item);
    }
    if (r == 0)
        r = aaj_check_glob(ps, item, rule->arg[0], 0);
    if (r == 0)
        r = aaj_check_glob(ps, item, rule->arg[1], 0);
    return r;
}
