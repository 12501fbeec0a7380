/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a manifest adds to the ceiling and what it opens. */
#include <errno.h>

#include "base/escape.h"
#include "ceiling/ceiling_private.h"

struct apply {
    struct aaj_ceiling *ceiling;
    const struct aaj_manifest *manifest;
    struct aaj_diags *diags;
    int error;
};

static void fail(struct apply *a, struct aaj_loc loc, const char *id, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void fail(struct apply *a, struct aaj_loc loc, const char *id, const char *fmt, ...)
{
    char message[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    aaj_diag_add(a->diags, AAJ_ERROR, id, loc, (struct aaj_str){ 0 }, "%s", message);
    a->error = -EINVAL;
}

/* AppArmor's own variables, as wide as they can be on any machine: the ceiling must not be blind where a
 * host's tunables say something else. */
static const struct {
    struct aaj_str name, value;
} tunable[] = {
    { AAJ_STR_INIT("PROC"), AAJ_STR_INIT("/proc/") },
    { AAJ_STR_INIT("sys"), AAJ_STR_INIT("/sys/") },
    { AAJ_STR_INIT("run"), AAJ_STR_INIT("/{,var/}run/") },
    { AAJ_STR_INIT("HOME"), AAJ_STR_INIT("/{root,home/*}/") },
    { AAJ_STR_INIT("HOMEDIRS"), AAJ_STR_INIT("/home/") },
    { AAJ_STR_INIT("etc_ro"), AAJ_STR_INIT("/{usr/,}etc/") },
    { AAJ_STR_INIT("etc_rw"), AAJ_STR_INIT("/etc/") },
    { AAJ_STR_INIT("multiarch"), AAJ_STR_INIT("*-linux-gnu*") },
    { AAJ_STR_INIT("pid"), AAJ_STR_INIT("[0-9]*") },
    { AAJ_STR_INIT("pids"), AAJ_STR_INIT("[0-9]*") },
    { AAJ_STR_INIT("tid"), AAJ_STR_INIT("[0-9]*") },
    { AAJ_STR_INIT("uid"), AAJ_STR_INIT("[0-9]*") },
};

static struct aaj_str value_of(const struct aaj_manifest *m, struct aaj_str name)
{
    for (size_t i = 0; i < m->n_variables; i++)
        if (aaj_str_eq(m->variable[i].name.text, name))
            return m->variable[i].value.text;
    for (size_t i = 0; i < sizeof(tunable) / sizeof(tunable[0]); i++)
        if (aaj_str_eq(tunable[i].name, name))
            return tunable[i].value;
    return AAJ_STR("**"); /* of the target's tunables: anything */
}

/* One pass over @{…}; a value may hold variables once more, hence the bound. */
struct aaj_str aaj_ceiling_expand(const struct aaj_manifest *m, struct aaj_str text, struct aaj_arena *arena)
{
    for (int depth = 0; depth < 8; depth++) {
        size_t at = aaj_str_search(text, AAJ_STR("@{")), n;
        struct aaj_str name, value, rest;

        if (at == text.n)
            break;
        name = aaj_str_skip(text, at + 2);
        n = aaj_str_find(name, '}');
        if (n == name.n)
            break;
        rest = aaj_str_skip(name, n + 1);
        value = value_of(m, aaj_str_head(name, n));
        if (at + value.n + rest.n > 64 * 1024)
            break;
        text = aaj_arena_printf(arena, "%.*s%.*s%.*s", (int)at, text.p, AAJ_STR_ARG(value),
                                AAJ_STR_ARG(rest));
        if (!text.p)
            break;
    }
    return text;
}

/* A rule of the manifest, read; false with a finding. */
static bool read_rule(struct apply *a, const struct aaj_scalar *item, struct aaj_ceiling_rule *ret_rule)
{
    struct aaj_arena *arena = &a->ceiling->arena;
    struct aaj_str text = aaj_ceiling_expand(a->manifest, item->text, arena);
    const char *why = NULL;

    if (!text.p) {
        a->error = -ENOMEM;
        return false;
    }
    if (aaj_ceiling_read_rule(text, ret_rule, &why) == 0)
        return true;
    fail(a, item->loc, "ceiling-rule", "%s", why);
    return false;
}

static void add_never(struct apply *a, const struct aaj_never *never)
{
    struct aaj_ceiling_item item = { .id = AAJ_STR("never"), .loc = never->rule.loc, .never = true,
                                     .reason = AAJ_STR("the manifest says never") };
    struct aaj_ceiling_rule rule;
    const char *why = NULL;
    int r;

    if (never->others || !read_rule(a, &never->rule, &rule))
        return;
    r = aaj_ceiling_add_item(a->ceiling, &item, &rule.item);
    if (r == 0)
        r = aaj_ceiling_add_rule(a->ceiling, &rule, false, &why);
    if (r == -ENOMEM)
        a->error = r;
    else if (r < 0)
        fail(a, never->rule.loc, "ceiling-rule", "%s", why ? why : "this rule cannot be used");
}

static void lift_items(struct apply *a)
{
    for (size_t i = 0; i < a->manifest->lift.n; i++) {
        const struct aaj_scalar *lift = &a->manifest->lift.item[i];
        struct aaj_arena scratch = AAJ_ARENA_INIT;
        struct aaj_str ids = AAJ_STR("");
        bool known = false;

        for (size_t k = 0; k < a->ceiling->n_items; k++) {
            struct aaj_ceiling_item *item = &a->ceiling->item[k];

            if (item->never)
                continue;
            if (aaj_str_eq(item->id, lift->text))
                known = item->lifted = true;
            ids = aaj_arena_printf(&scratch, "%.*s%s%.*s", AAJ_STR_ARG(ids), ids.n ? ", " : "",
                                   AAJ_STR_ARG(item->id));
        }
        if (!known)
            fail(a, lift->loc, "ceiling-lift", "there is no ceiling item '%s'; there are %s",
                 aaj_escape(&scratch, lift->text), ids.p ? ids.p : "");
        aaj_arena_clear(&scratch);
    }
}

/* Opens @item for what @rule says. */
static void add_exception(struct apply *a, const struct aaj_ceiling_rule *rule, uint32_t item)
{
    struct aaj_ceiling_rule except = *rule;
    const char *why;
    int r;

    except.item = item;
    except.except = true;
    r = aaj_ceiling_add_rule(a->ceiling, &except, false, &why);
    if (r < 0)
        a->error = r;
}

static void not_lifted(struct apply *a, const struct aaj_scalar *rule, const struct aaj_crossing *c)
{
    struct aaj_arena scratch = AAJ_ARENA_INIT;

    if (c->item->never) {
        fail(a, rule->loc, "ceiling-never", "this rule grants %s, which 'never' forbids",
             aaj_escape(&scratch, c->name));
        aaj_diag_add(a->diags, AAJ_NOTE, NULL, c->item->loc, (struct aaj_str){ 0 }, "forbidden here");
    } else if (aaj_str_eq(c->item->id, AAJ_STR("other-jails"))) {
        fail(a, rule->loc, "ceiling-crossed", "this rule grants %s, which belongs to another jail; "
             "with `lift: [ other-jails ]` the manifest opens it", aaj_escape(&scratch, c->name));
    } else {
        fail(a, rule->loc, "ceiling-crossed",
             "this rule grants %s, which the ceiling forbids (%.*s: %.*s); write `lift: [ %.*s ]` if that is meant",
             aaj_escape(&scratch, c->name), AAJ_STR_ARG(c->item->id), AAJ_STR_ARG(c->item->reason),
             AAJ_STR_ARG(c->item->id));
    }
    aaj_arena_clear(&scratch);
}

static int crossing(struct apply *a, const struct aaj_ceiling_rule *rule, struct aaj_arena *arena,
                    struct aaj_crossing *ret)
{
    struct aaj_str arg[AAJ_ARGS] = { rule->arg[0], rule->arg[1] };

    if (rule->class == AAJ_CLASS_FILE)
        return aaj_ceiling_crosses_file(a->ceiling, rule->glob, false, rule->mask, NULL, arena, ret);
    if (rule->class == AAJ_CLASS_SIGNAL || rule->class == AAJ_CLASS_PTRACE)
        arg[0] = AAJ_STR("**"); /* conditions are not looked at: any peer */
    return aaj_ceiling_crosses_access(a->ceiling, rule->class, arg, rule->mask, (struct aaj_str){ 0 }, NULL,
                                      arena, ret);
}

/* A rule of the manifest may cross several items; each must be lifted. */
static void check_rule(struct apply *a, const struct aaj_scalar *text)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_ceiling_rule rule;
    struct aaj_crossing c;
    int r = 0;

    if (read_rule(a, text, &rule)) {
        for (uint32_t i = 0; i < a->ceiling->n_items; i++)
            if (a->ceiling->item[i].lifted)
                add_exception(a, &rule, i);
        r = crossing(a, &rule, &arena, &c);
    }
    if (r == 1)
        not_lifted(a, text, &c);
    else if (r < 0)
        a->error = r;
    aaj_arena_clear(&arena);
}

/* Roots that the manifest calls the slave's own; a folder like /srv is no slave's own. */
static void own_roots(struct apply *a, uint32_t item)
{
    for (size_t i = 0; i < a->manifest->roots.n; i++) {
        struct aaj_str root = a->manifest->roots.item[i].text;
        struct aaj_ceiling_rule rule = { .class = AAJ_CLASS_FILE, .mask = UINT32_MAX };

        while (root.n > 1 && root.p[root.n - 1] == '/')
            root.n--;
        if (root.n < 2 || !memchr(root.p + 1, '/', root.n - 1))
            continue;
        rule.glob = aaj_ceiling_escape(&a->ceiling->arena, root, "{,/,/**}");
        if (rule.glob.p)
            add_exception(a, &rule, item);
        else
            a->error = -ENOMEM;
    }
}

/* Naming an executable under `exec` says that it is meant. */
static void named_executables(struct apply *a, uint32_t item)
{
    for (size_t i = 0; i < a->manifest->n_exec; i++) {
        const struct aaj_exec_rule *e = &a->manifest->exec[i];
        struct aaj_ceiling_rule rule = { .class = AAJ_CLASS_FILE, .mask = AAJ_MAY_EXEC };

        if (e->action == AAJ_EXEC_DENY)
            continue;
        rule.glob = aaj_ceiling_expand(a->manifest, e->pattern.text, &a->ceiling->arena);
        if (rule.glob.p)
            add_exception(a, &rule, item);
        else
            a->error = -ENOMEM;
    }
}

/* What an include brings is judged by the proof, in the compiled whole; a deny rule grants nothing. */
static bool grants(struct aaj_str rule)
{
    static const struct aaj_str word[] = { AAJ_STR_INIT("include "), AAJ_STR_INIT("#include "), AAJ_STR_INIT("deny "),
                                           AAJ_STR_INIT("audit deny ") };

    for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
        if (aaj_str_starts(rule, word[i]))
            return false;
    return true;
}

int aaj_ceiling_apply(struct aaj_ceiling *ceiling, const struct aaj_manifest *manifest,
                      struct aaj_diags *diags)
{
    struct apply a = { .ceiling = ceiling, .manifest = manifest, .diags = diags };

    for (uint32_t i = 0; i < ceiling->n_items; i++) {
        if (ceiling->item[i].own_roots)
            own_roots(&a, i);
        if (ceiling->item[i].setuid)
            named_executables(&a, i);
    }
    lift_items(&a);
    for (size_t i = 0; i < manifest->n_nevers; i++)
        add_never(&a, &manifest->never[i]);
    for (size_t i = 0; i < manifest->rules.n; i++)
        if (grants(manifest->rules.item[i].text))
            check_rule(&a, &manifest->rules.item[i]);
    return a.error;
}
