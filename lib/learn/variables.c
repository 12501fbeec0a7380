/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places that the target's tunables call by a name: @{run}, @{sys}, @{multiarch}, homes. It says what is meant, and
 * follows where another machine keeps it. A variable that stands for more than was seen has its price: what else it
 * means must not exist apart, nor lie above the ceiling, nor be anybody's but the slave's.
 */
#include <errno.h>

#include "learn/emit.h"
#include "policy/quote.h"
#include "policy/vars.h"

struct variables {
    struct aaj_learner *l;
    struct aaj_vars vars;
    bool run, sys, multiarch, home, homedirs;
};

/* ---- which there are ---- */

static bool is_declared(const struct aaj_learner *l, struct aaj_str name)
{
    for (size_t i = 0; i < l->in->manifest->n_variables; i++)
        if (aaj_str_eq(l->in->manifest->variable[i].name.text, name))
            return true;
    return false;
}

static struct aaj_str without_slash(struct aaj_str s)
{
    return s.n > 1 && s.p[s.n - 1] == '/' ? aaj_str_head(s, s.n - 1) : s;
}

/* A folder that is there, and no link to @same. */
static bool is_apart(struct aaj_learner *l, struct aaj_str folder, struct aaj_str same)
{
    struct aaj_fact fact;
    struct aaj_str real;

    if (!l->in->files || aaj_fsview_get(l->in->files, folder, &fact) <= 0)
        return false;
    if (fact.type != 'l')
        return true;
    return aaj_fsview_canonical(l->in->files, folder, &l->scratch, &real) < 0 || !aaj_str_eq(real, same);
}

/* Is @value one of the variable's values, and is no other of them a place of its own? 1, 0, -ENOMEM. */
static int stands_for(struct variables *v, struct aaj_str name, struct aaj_str value)
{
    const struct aaj_str *values;
    struct aaj_str missing;
    bool found = false, apart = false;
    size_t n = 0;
    int r;

    if (is_declared(v->l, name))
        return 0;
    r = aaj_vars_values(&v->vars, name, &v->l->scratch, &values, &n, &missing);
    for (size_t i = 0; r == 0 && i < n; i++) {
        if (aaj_str_eq(without_slash(values[i]), value))
            found = true;
        else
            apart |= is_apart(v->l, without_slash(values[i]), value);
    }
    return r == -ENOMEM ? r : found && !apart;
}

static int look_up(struct variables *v)
{
    const struct {
        struct aaj_str name, value;
        bool *ret_has;
    } known[] = {
        { AAJ_STR("run"), AAJ_STR("/run"), &v->run },
        { AAJ_STR("sys"), AAJ_STR("/sys"), &v->sys },
        { AAJ_STR("multiarch"), AAJ_STR("*-linux-gnu*"), &v->multiarch },
        { AAJ_STR("HOMEDIRS"), AAJ_STR("/home"), &v->homedirs },
    };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(known); i++) {
        int r = stands_for(v, known[i].name, known[i].value);

        if (r < 0)
            return r;
        *known[i].ret_has = r > 0;
    }
    /* all below @{HOMEDIRS}, and root's */
    v->home = v->homedirs && !is_declared(v->l, AAJ_STR("HOME")) && aaj_vars_assigned(&v->vars, AAJ_STR("HOME"));
    return 0;
}

/* ---- one name ---- */

static struct aaj_str with_multiarch(struct variables *v, struct aaj_str path)
{
    static const struct aaj_str above[] = { AAJ_STR_INIT("/usr/lib/"), AAJ_STR_INIT("/lib/"), AAJ_STR_INIT("/usr/include/") };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(above); i++) {
        struct aaj_str rest = aaj_str_skip(path, above[i].n), triple = aaj_str_head(rest, aaj_str_find(rest, '/'));
        size_t at = aaj_str_search(triple, AAJ_STR("-linux-gnu"));

        if (!aaj_str_starts(path, above[i]) || at == triple.n || at == 0 || triple.n == rest.n ||
            aaj_str_find(triple, '*') < triple.n)
            continue;
        return aaj_arena_printf(v->l->arena, "%.*s@{multiarch}%.*s", AAJ_STR_ARG(above[i]),
                                AAJ_STR_ARG(aaj_str_skip(rest, triple.n)));
    }
    return path;
}

static bool is_below_root(const struct aaj_learner *l, struct aaj_str path)
{
    const struct aaj_scalars *roots = &l->in->manifest->roots;

    for (size_t i = 0; i < roots->n; i++)
        if (aaj_str_starts(path, roots->item[i].text))
            return true;
    return false;
}

/*
 * A home of one, /home/app, may be anybody's as long as only its owner gets in, and the jail is one user alone. @{HOME}
 * is root's, too: for what is only read, by a jail that is never root.
 */
static struct aaj_str with_home(struct variables *v, struct aaj_str path, const struct aaj_rule *rule)
{
    struct aaj_learner *l = v->l;
    struct aaj_str rest = aaj_str_skip(path, strlen("/home/")), name = aaj_str_head(rest, aaj_str_find(rest, '/')), wide;
    bool owner = rule->prefix.owner == AAJ_OWNER_OWNER, all = aaj_str_eq(name, AAJ_STR("*"));
    bool reads = !(rule->file.perms & ~(uint32_t)(AAJ_MAY_READ | AAJ_MAY_LOCK));
    struct aaj_crossing crossing;

    if (name.n == rest.n || is_below_root(l, path) || (!all && (!owner || l->n_uids != 1 || l->as_root)))
        return path;
    rest = aaj_str_skip(rest, name.n);
    wide = aaj_arena_printf(&l->scratch, "/home/*%.*s", AAJ_STR_ARG(rest));
    if (!wide.p || (!all && l->in->ceiling &&
                    aaj_ceiling_crosses_file(l->in->ceiling, wide, false, rule->file.perms, l->in->files, &l->scratch, &crossing)))
        return path;
    wide = aaj_arena_printf(&l->scratch, "/root%.*s", AAJ_STR_ARG(rest));
    if (v->home && owner && reads && !l->as_root && wide.p &&
        !(l->in->ceiling && aaj_ceiling_crosses_file(l->in->ceiling, wide, false, rule->file.perms, l->in->files, &l->scratch, &crossing)))
        return aaj_arena_printf(l->arena, "@{HOME}%.*s", AAJ_STR_ARG(rest));
    return aaj_arena_printf(l->arena, "@{HOMEDIRS}/*%.*s", AAJ_STR_ARG(rest));
}

static struct aaj_str with_names(struct variables *v, struct aaj_str path, const struct aaj_rule *rule)
{
    if (v->run && aaj_str_starts(path, AAJ_STR("/run/")))
        return aaj_arena_printf(v->l->arena, "@{run}%.*s", AAJ_STR_ARG(aaj_str_skip(path, strlen("/run"))));
    if (v->sys && aaj_str_starts(path, AAJ_STR("/sys/")))
        return aaj_arena_printf(v->l->arena, "@{sys}%.*s", AAJ_STR_ARG(aaj_str_skip(path, strlen("/sys"))));
    if (v->homedirs && aaj_str_starts(path, AAJ_STR("/home/")))
        return with_home(v, path, rule);
    return v->multiarch ? with_multiarch(v, path) : path;
}

static int rewrite(struct variables *v, struct aaj_draft *d, struct aaj_text *text)
{
    struct aaj_str path = with_names(v, text->value, &d->item->rule);

    if (!path.p)
        return -ENOMEM;
    if (path.p == text->value.p)
        return 0;
    if (!d->plain.n)
        d->plain = text->value;
    d->inferences |= 1u << AAJ_INFER_VARIABLE;
    return aaj_text_from_value(v->l->arena, path, AAJ_TEXT_PATH, text);
}

/* What the manifest says stays as it is said; and a program is found by its own name. */
static bool is_candidate(const struct aaj_draft *d)
{
    const struct aaj_rule *rule = d->item && d->item->kind == AAJ_ITEM_RULE ? &d->item->rule : NULL;

    return rule && rule->kind == AAJ_RULE_FILE && rule->file.exec == AAJ_EXEC_NONE && aaj_text_set(rule->file.path) &&
           !d->from.n && !(d->inferences & (1u << AAJ_INFER_MANIFEST));
}

int aaj_name_places(struct aaj_learner *l)
{
    struct variables v = { .l = l };
    int r = aaj_infers(l, AAJ_INFER_VARIABLE) ? aaj_vars_init(&v.vars) : 1;

    if (r)
        return r < 0 ? r : 0;
    r = aaj_cover_variables(l->template, &v.vars);
    if (r == 0)
        r = look_up(&v);
    for (size_t i = 0; r == 0 && i < l->n_drafts; i++)
        if (is_candidate(&l->draft[i]))
            r = rewrite(&v, &l->draft[i], &l->draft[i].item->rule.file.path);
    aaj_vars_clear(&v.vars);
    return r;
}
