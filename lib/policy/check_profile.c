/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Heads of profiles: names, flags, what they attach to (AppArmor's profile.h). */
#include "policy/check.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"
#include "glob/glob.h"

/* Flags of one group exclude each other. */
enum group { FREE, MODE, RELATIVE, DELETED, ATTACH, CHROOT };

static const struct {
    const char *name;
    enum group group;
} flags[] = {
    { "enforce", MODE },  { "complain", MODE }, { "kill", MODE }, { "unconfined", MODE },
    { "prompt", MODE },   { "default_allow", MODE },
    { "debug", FREE },    { "audit", FREE },    { "interruptible", FREE },
    { "chroot_relative", RELATIVE }, { "namespace_relative", RELATIVE },
    { "mediate_deleted", DELETED },  { "delegate_deleted", DELETED },
    { "attach_disconnected", ATTACH }, { "no_attach_disconnected", ATTACH },
    { "attach_disconnected.ipc", FREE },
    { "chroot_attach", CHROOT },     { "chroot_no_attach", CHROOT },
};

static bool is_errno(struct aaj_str name)
{
    enum { LAST = 200 };

    for (int e = 1; e < LAST; e++) {
        const char *known = strerrorname_np(e);

        if (known && strlen(known) == name.n && strncasecmp(known, name.p, name.n) == 0)
            return true;
    }
    return false;
}

static int find_flag(struct aaj_str flag)
{
    for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
        if (aaj_str_eq(flag, aaj_str_c(flags[i].name)))
            return (int)i;
    return -1;
}

/* flag=value: 1 fine, 0 no such flag, -EINVAL its value is wrong. */
static int valued_flag(struct aaj_str flag)
{
    size_t eq = aaj_str_find(flag, '=');
    struct aaj_str key = aaj_str_head(flag, eq), value = aaj_str_skip(flag, eq + 1);

    if (eq == flag.n)
        return 0;
    if (aaj_str_eq(key, AAJ_STR("attach_disconnected.path")) || aaj_str_eq(key, AAJ_STR("attach_disconnected.ipc")))
        return value.n && (value.p[0] == '/' || value.p[0] == '@') ? 1 : -EINVAL;
    if (aaj_str_eq(key, AAJ_STR("kill.signal")))
        return aaj_is_signal(value) ? 1 : -EINVAL;
    if (aaj_str_eq(key, AAJ_STR("error")))
        return is_errno(value) ? 1 : -EINVAL;
    return 0;
}

static bool group_of(struct aaj_str flag, enum group *ret_group)
{
    int i = find_flag(flag);

    *ret_group = i >= 0 ? flags[i].group : FREE;
    if (aaj_str_starts(flag, AAJ_STR("attach_disconnected.path=")))
        *ret_group = ATTACH;
    return *ret_group != FREE;
}

static bool conflict(struct aaj_str a, struct aaj_str b)
{
    static const struct aaj_str no_attach = AAJ_STR_INIT("no_attach_disconnected");
    static const struct aaj_str ipc = AAJ_STR_INIT("attach_disconnected.ipc");
    size_t eq = aaj_str_find(a, '=');
    enum group ga, gb;

    if (aaj_str_eq(a, b))
        return false;
    if (eq < a.n && aaj_str_starts(b, aaj_str_head(a, eq + 1)))
        return true; /* two values */
    if ((aaj_str_starts(a, ipc) && aaj_str_eq(b, no_attach)) || (aaj_str_starts(b, ipc) && aaj_str_eq(a, no_attach)))
        return true;
    if (!group_of(a, &ga) || !group_of(b, &gb) || ga != gb)
        return false;
    return ga != ATTACH || aaj_str_eq(a, no_attach) || aaj_str_eq(b, no_attach);
}

/* attach_disconnected.path=@{VAR}: what it comes to is a path. */
static int check_flag_path(struct aaj_parser *ps, struct aaj_item *item, struct aaj_str flag)
{
    struct aaj_str path = aaj_str_skip(flag, aaj_str_find(flag, '=') + 1), missing;
    int r;

    if (!aaj_str_starts(flag, AAJ_STR("attach_disconnected.")) || path.n == 0 || ps->rd->dead)
        return 0;
    r = aaj_vars_expand(&ps->rd->vars, ps->rd->arena, path, &path, &missing);
    if (r == -ENOMEM || (r == 0 && aaj_str_starts(path, AAJ_STR("/"))))
        return r;
    return aaj_check_fail(ps, item, "the value of '%s' has to begin with '/'", aaj_escape(ps->rd->arena, flag));
}

static int check_flags(struct aaj_parser *ps, struct aaj_item *item)
{
    const struct aaj_texts *list = &item->profile.flags;

    for (uint32_t i = 0; i < list->n; i++) {
        struct aaj_str flag = list->item[i].value;
        int r = find_flag(flag) >= 0 ? 1 : valued_flag(flag);

        if (r <= 0)
            return aaj_check_fail_at(ps, item, list->item[i],
                                     r ? "the value of the flag '%s' is wrong" : "there is no flag '%s'",
                                     aaj_escape(ps->rd->arena, flag));
        r = check_flag_path(ps, item, flag);
        if (r < 0)
            return r;
        for (uint32_t k = 0; k < i; k++)
            if (conflict(list->item[k].value, flag))
                return aaj_check_fail(ps, item, "the flags '%s' and '%s' exclude each other",
                                      aaj_escape(ps->rd->arena, list->item[k].value),
                                      aaj_escape(ps->rd->arena, flag));
    }
    return 0;
}

/* ":ns:name" or ":ns://name" into its parts; -EINVAL with a finding. */
static int split_label(struct aaj_parser *ps, struct aaj_item *item, struct aaj_str label, struct aaj_str *ret_ns,
                       struct aaj_str *ret_name)
{
    size_t end;

    *ret_ns = (struct aaj_str){ 0 };
    *ret_name = label;
    if (label.n && label.p[0] == '&')
        return aaj_check_fail(ps, item, "the name of a profile cannot begin with '&'");
    if (label.n && label.p[0] == ':') {
        label = aaj_str_skip(label, 1);
        end = aaj_str_find(label, ':');
        if (end == label.n)
            return aaj_check_fail(ps, item, "the namespace is not ended by a ':'");
        if (end == 0)
            return aaj_check_fail(ps, item, "the namespace is empty");
        *ret_ns = aaj_str_head(label, end);
        *ret_name = aaj_str_skip(label, end + 1);
        if (aaj_str_starts(*ret_name, AAJ_STR("//")))
            *ret_name = aaj_str_skip(*ret_name, 2);
    }
    if (ret_name->n == 0)
        return aaj_check_fail(ps, item, "the name of the profile is empty");
    return 0;
}

static int check_form(struct aaj_parser *ps, struct aaj_item *item, struct aaj_str name, bool namespace)
{
    const struct aaj_profile *p = &item->profile;
    bool top = !aaj_parser_up(ps, item);

    if (top && p->keyword == AAJ_PROFILE_BARE && name.p[0] != '/' && !namespace)
        return aaj_check_fail(ps, item, "a profile whose name is no path begins with the word 'profile'");
    if (aaj_text_set(p->attachment) && !aaj_str_starts(p->attachment.value, AAJ_STR("/")) &&
        !aaj_str_starts(p->attachment.value, AAJ_STR("@{")))
        return aaj_check_fail(ps, item, "what a profile attaches to begins with '/' or a variable");
    if (p->xattrs.said && !top && (p->keyword == AAJ_PROFILE_HAT || p->keyword == AAJ_PROFILE_CARET))
        return aaj_check_fail(ps, item, "a hat has no xattrs");
    for (uint32_t i = 0; i < p->xattrs.n; i++)
        if (p->xattrs.item[i].op > AAJ_COND_EQ)
            return aaj_check_fail(ps, item, "xattrs have '=' only");
    return 0;
}

/* Names are unique: parent and child make one name. */
static int check_unique(struct aaj_parser *ps, struct aaj_item *item, struct aaj_str ns, struct aaj_str name)
{
    struct aaj_intern *known = &ps->rd->profiles;
    struct aaj_str full = { 0 };
    uint32_t id, before = known->n;
    int r;

    for (const struct aaj_item *i = aaj_parser_up(ps, item); i && !full.p; i = aaj_parser_up(ps, i))
        if (i->kind == AAJ_ITEM_PROFILE)
            full = aaj_arena_printf(ps->rd->arena, "%.*s//%.*s", AAJ_STR_ARG(i->profile.full_name), AAJ_STR_ARG(name));
    if (!full.p && ns.n)
        full = aaj_arena_printf(ps->rd->arena, ":%.*s:%.*s", AAJ_STR_ARG(ns), AAJ_STR_ARG(name));
    if (!full.p)
        full = name;
    item->profile.full_name = full;
    if (ps->rd->dead)
        return 0;
    r = aaj_intern_add(known, full, &id);
    if (r == 0 && known->n == before)
        return aaj_check_fail(ps, item, "there is a second profile '%s'", aaj_escape(ps->rd->arena, full));
    return r;
}

/* escape_re() in parser_variable.c: a profile's name is no glob. */
static struct aaj_str escape_name(struct aaj_arena *arena, struct aaj_str name)
{
    char *p = aaj_arena_alloc(arena, name.n * 2 + 1);
    size_t n = 0;

    for (size_t i = 0; p && i < name.n; i++) {
        if (name.p[i] == '\\' && i + 1 < name.n)
            p[n++] = name.p[i++];
        else if (name.p[i] && strchr("{}[]*?", name.p[i]))
            p[n++] = '\\';
        p[n++] = name.p[i];
    }
    return (struct aaj_str){ p, n };
}

/* "b" of "a//b". */
static struct aaj_str local_name(struct aaj_str name)
{
    size_t at;

    while ((at = aaj_str_search(name, AAJ_STR("//"))) < name.n)
        name = aaj_str_skip(name, at + 2);
    return name;
}

/* @{profile_name}, @{attach_path} and @{exec_path} of the rules in this profile; NULL: in none. */
static int set_own_variables(struct aaj_parser *ps, const struct aaj_item *item)
{
    struct aaj_vars *vars = &ps->rd->vars;
    struct aaj_str attachment = { 0 }, name = { 0 }, missing;
    int r = 0;

    aaj_vars_unset(vars, AAJ_STR("profile_name"));
    aaj_vars_unset(vars, AAJ_STR("attach_path"));
    aaj_vars_unset(vars, AAJ_STR("exec_path"));
    if (!item)
        return 0;
    attachment = item->profile.attachment.value;
    name = item->profile.full_name;
    if (!attachment.p && local_name(name).n && local_name(name).p[0] == '/')
        attachment = local_name(name);
    if (attachment.p) {
        r = aaj_vars_expand(vars, ps->rd->arena, attachment, &attachment, &missing);
        if (r == 0)
            r = aaj_vars_set(vars, AAJ_STR("attach_path"), attachment);
        if (r == 0)
            r = aaj_vars_set(vars, AAJ_STR("exec_path"), attachment);
    }
    return r ? r : aaj_vars_set(vars, AAJ_STR("profile_name"), escape_name(ps->rd->arena, name));
}

int aaj_check_leave_profile(struct aaj_parser *ps, struct aaj_item *item)
{
    const struct aaj_item *up = aaj_parser_up(ps, item);
    int r;

    r = ps->rd->dead ? 0 : aaj_check_exec_conflicts(ps, item);
    if (r == -ENOMEM)
        return r;
    while (up && up->kind != AAJ_ITEM_PROFILE)
        up = aaj_parser_up(ps, up);
    r = set_own_variables(ps, up);
    return r == -ENOMEM ? r : 0;
}

int aaj_check_profile(struct aaj_parser *ps, struct aaj_item *item)
{
    struct aaj_profile *p = &item->profile;
    struct aaj_str ns, name, missing;
    int r = split_label(ps, item, p->name.value, &ns, &name);

    p->full_name = name;
    if (r == 0)
        r = check_form(ps, item, name, ns.n > 0);
    if (r == 0)
        r = check_flags(ps, item);
    if (r == 0)
        r = aaj_check_glob(ps, item, aaj_text_set(p->attachment) ? p->attachment : (struct aaj_text){ name, name },
                           AAJ_GLOB_PATH);
    if (r == 0)
        r = aaj_vars_expand(&ps->rd->vars, ps->rd->arena, name, &name, &missing);
    if (r == 0)
        r = check_unique(ps, item, ns, name);
    if (r == 0)
        r = set_own_variables(ps, item);
    for (uint32_t i = 0; r == 0 && i < p->xattrs.n; i++)
        if (p->xattrs.item[i].values.n)
            r = aaj_check_glob(ps, item, p->xattrs.item[i].values.item[0], 0);
    return r == -ENOMEM ? r : 0;
}
