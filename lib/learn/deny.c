/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The manifest's deny rules, and those of what it includes: in its own profile the slave will never be allowed what
 * they say, so that nothing is learned of it. An access that a deny rule stops is refused before anything is concluded
 * from it; a rule of which a part is stopped, since it was seen to do more, stays, and a note says so.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "learn/emit.h"
#include "learn/other.h"
#include "policy/parse.h"
#include "policy/place.h"
#include "policy/print.h"
#include "policy/vars.h"

struct aaj_deny {
    struct aaj_rule rule;  /* as if it granted, for comparisons */
    struct aaj_glob *glob; /* of FILE and LINK; NULL: every name */
    struct aaj_str pattern, text;
    struct aaj_loc loc;
    size_t partly; /* rules of which it stops a part */
    struct aaj_str example;
};

struct aaj_denies {
    struct aaj_policy *policy;
    struct aaj_vars vars;
    struct aaj_deny *deny;
    size_t n, cap;
};

static uint32_t all_of(uint32_t perms)
{
    return perms & AAJ_MAY_WRITE ? perms | AAJ_MAY_APPEND : perms;
}

/* ---- reading ---- */

static bool is_include(struct aaj_str rule)
{
    return aaj_str_starts(rule, AAJ_STR("include")) || aaj_str_starts(rule, AAJ_STR("#include"));
}

/* A profile that holds the manifest's rules, one a line from the third on. */
static struct aaj_str text_of(struct aaj_learner *l)
{
    const struct aaj_scalars *rules = &l->in->manifest->rules;
    struct aaj_str text = AAJ_STR("include <tunables/global>\nprofile p {\n");
    bool wanted = false;

    for (size_t i = 0; text.p && i < rules->n; i++) {
        struct aaj_str rule = aaj_arena_dup(&l->scratch, aaj_expand(l, rules->item[i].text));

        wanted |= is_include(rule) || aaj_str_search(rule, AAJ_STR("deny")) < rule.n;
        while (rule.n && (rule.p[rule.n - 1] == ',' || rule.p[rule.n - 1] == ' '))
            rule.n--;
        for (size_t k = 0; k < rule.n; k++)
            if (rule.p[k] == '\n')
                ((char *)(uintptr_t)rule.p)[k] = ' ';
        text = aaj_arena_printf(&l->scratch, "%.*s%.*s%s\n", AAJ_STR_ARG(text), AAJ_STR_ARG(rule),
                                is_include(rule) ? "" : ",");
    }
    return wanted && text.p ? aaj_arena_printf(&l->scratch, "%.*s}\n", AAJ_STR_ARG(text)) : AAJ_STR("");
}

static int take_variable(void *ctx, struct aaj_item *item)
{
    struct aaj_learner *l = ctx;

    return item->kind == AAJ_ITEM_VARIABLE && aaj_vars_assign(&l->denies->vars, item, false, NULL) == -ENOMEM ? -ENOMEM
                                                                                                              : 0;
}

/* Where a person finds it: in the manifest, or in the file that it includes. */
static struct aaj_loc place_of(const struct aaj_learner *l, const struct aaj_item *item)
{
    const struct aaj_scalars *rules = &l->in->manifest->rules;

    if (item->policy == l->denies->policy && item->line >= 3 && item->line - 3 < rules->n)
        return rules->item[item->line - 3].loc;
    return aaj_item_loc(item);
}

static int compile(struct aaj_learner *l, struct aaj_deny *d)
{
    struct aaj_str missing;
    int r;

    if ((d->rule.kind != AAJ_RULE_FILE && d->rule.kind != AAJ_RULE_LINK) || !aaj_text_set(d->rule.file.path))
        return 0;
    r = aaj_vars_expand(&l->denies->vars, &l->scratch, d->rule.file.path.value, &d->pattern, &missing);
    return r < 0 ? r : aaj_glob_compile(d->pattern, AAJ_GLOB_PATH, &d->glob, NULL);
}

static int take_rule(void *ctx, struct aaj_item *item)
{
    struct aaj_learner *l = ctx;
    struct aaj_denies *all = l->denies;
    struct aaj_deny d = { 0 };
    int r;

    if (item->kind != AAJ_ITEM_RULE || item->rule.prefix.mode != AAJ_MODE_DENY || item->rule.prefix.has_priority ||
        item->rule.prefix.owner == AAJ_OWNER_OTHER)
        return 0;
    d.rule = item->rule;
    d.rule.prefix = (struct aaj_prefix){ .owner = item->rule.prefix.owner };
    d.loc = place_of(l, item);
    d.text = aaj_rule_text(l->arena, &item->rule);
    r = d.text.p ? compile(l, &d) : -ENOMEM;
    if (r < 0) /* what the parser cannot read either is its to report */
        return r == -ENOMEM ? r : 0;
    if (AAJ_GROW(all->deny, all->n, all->cap) < 0) {
        aaj_glob_free(d.glob);
        return -ENOMEM;
    }
    all->deny[all->n++] = d;
    return 0;
}

int aaj_denies_read(struct aaj_learner *l)
{
    struct aaj_str text = text_of(l);
    struct aaj_item *profile;
    int r;

    if (text.n == 0)
        return text.p ? 0 : -ENOMEM;
    l->denies = aaj_arena_new(&l->scratch, struct aaj_denies);
    if (!l->denies)
        return -ENOMEM;
    r = aaj_vars_init(&l->denies->vars);
    if (r == 0)
        r = aaj_cover_read(l->in->target, text, AAJ_STR("rules"), NULL, &l->denies->policy);
    profile = l->denies->policy ? aaj_first_profile(l->denies->policy) : NULL;
    if (r == -ENOMEM || !profile)
        return r == -ENOMEM ? r : 0; /* its rules are read one by one later, and mistakes shown */
    r = aaj_policy_walk(l->denies->policy, true, take_variable, l);
    return r == 0 ? aaj_block_walk(&profile->profile.body, true, take_rule, l) : r;
}

void aaj_denies_free(struct aaj_learner *l)
{
    if (!l->denies)
        return;
    for (size_t i = 0; i < l->denies->n; i++)
        aaj_glob_free(l->denies->deny[i].glob);
    free(l->denies->deny);
    aaj_vars_clear(&l->denies->vars);
    aaj_policy_free(l->denies->policy);
}

/* ---- files, as they are learned ---- */

bool aaj_denies_file(const struct aaj_learner *l, struct aaj_str path, uint32_t perms, bool owner,
                     struct aaj_str *ret_rule)
{
    for (size_t i = 0; l->denies && i < l->denies->n; i++) {
        struct aaj_deny *d = &l->denies->deny[i];

        if (d->rule.kind != AAJ_RULE_FILE || !(all_of(d->rule.file.perms) & perms) ||
            (d->rule.prefix.owner && !owner) || (d->glob && aaj_glob_match(d->glob, path) <= 0))
            continue;
        *ret_rule = d->text;
        return true;
    }
    return false;
}

/* ---- everything else, when it has become a rule ---- */

/* The accesses behind @draft that asked for one of @perms (0: all of them) are granted no more. */
static int refuse_evidence(struct aaj_learner *l, struct aaj_draft *draft, uint32_t perms, const struct aaj_deny *d,
                           bool *taken)
{
    uint32_t *link = &draft->ev;
    int r = 0;

    while (r == 0 && *link) {
        struct aaj_ev *e = &l->ev[*link];
        const struct aaj_access *a = &l->access[e->access];

        if (perms && !(aaj_other_mask(a) & perms)) {
            link = &e->next;
            continue;
        }
        if (!taken[e->access]) {
            taken[e->access] = true;
            l->out->stats.granted_events -= a->allowed + a->denied + a->audited;
            r = aaj_refuse(l, e->access, AAJ_REFUSED_RULE, d->text);
        }
        *link = e->next;
    }
    return r;
}

static int take_from(struct aaj_learner *l, struct aaj_draft *draft, const struct aaj_deny *d, bool *taken)
{
    uint32_t had = aaj_rule_is_of_perms(draft->item->rule.kind) ? draft->item->rule.access.perms : 0;
    bool all = aaj_rule_subtract(&draft->item->rule, &d->rule);
    uint32_t left = had ? draft->item->rule.access.perms : 0;
    int r;

    if (!all && left == had)
        return 0;
    r = refuse_evidence(l, draft, all ? 0 : had & ~left, d, taken);
    if (all)
        draft->item = NULL;
    return r;
}

int aaj_denies_others(struct aaj_learner *l)
{
    struct aaj_learned *out = l->out;
    size_t kept = 0;
    bool *taken;
    int r = 0;

    if (!l->denies || l->denies->n == 0)
        return 0;
    taken = aaj_arena_new_array(&l->scratch, l->n_access + 1, bool);
    if (!taken)
        return -ENOMEM;
    for (size_t k = 0; r == 0 && k < l->denies->n; k++)
        for (size_t i = 0; r == 0 && i < l->n_drafts; i++)
            if (l->draft[i].dom == 0 && l->draft[i].item && l->draft[i].item->kind == AAJ_ITEM_RULE)
                r = take_from(l, &l->draft[i], &l->denies->deny[k], taken);
    for (size_t i = 0; i < out->n_granted; i++)
        if (!taken[out->granted[i].access])
            out->granted[kept++] = out->granted[i];
    out->n_granted = kept;
    return r;
}

/* ---- what was concluded beyond what was seen ---- */

static void take_perms(struct aaj_draft *draft, uint32_t denied)
{
    struct aaj_file_rule *file = &draft->item->rule.file;

    file->perms &= ~denied;
    if (denied & AAJ_MAY_EXEC)
        file->exec = AAJ_EXEC_NONE;
    if (file->perms == 0)
        draft->item = NULL;
}

static int narrow(struct aaj_learner *l, struct aaj_draft *draft, struct aaj_deny *d)
{
    struct aaj_file_rule *file = &draft->item->rule.file;
    uint32_t denied = file->perms & all_of(d->rule.file.perms);
    struct aaj_str pattern, missing, witness;
    struct aaj_glob *glob = NULL;
    int r, within = !d->glob, meets = 0;

    if (!denied || (d->rule.prefix.owner && draft->item->rule.prefix.owner != AAJ_OWNER_OWNER && !draft->by_owner))
        return 0;
    r = aaj_vars_expand(&l->denies->vars, &l->scratch, file->path.value, &pattern, &missing);
    if (r == 0 && d->glob && aaj_globs_begin_alike(pattern, d->pattern)) {
        r = aaj_glob_compile(pattern, AAJ_GLOB_PATH, &glob, NULL);
        within = r == 0 ? aaj_glob_subset(glob, d->glob, NULL, NULL) : 0;
        meets = r == 0 && within == 0 ? aaj_glob_intersect(glob, d->glob, &l->scratch, &witness) : 0;
        aaj_glob_free(glob);
    }
    if (within > 0) {
        take_perms(draft, denied);
    } else if (meets > 0 && d->partly++ == 0) {
        d->example = aaj_rule_text(&l->scratch, &draft->item->rule);
    }
    return r == -ENOMEM || within == -ENOMEM || meets == -ENOMEM ? -ENOMEM : 0;
}

static void tell(struct aaj_learner *l, const struct aaj_deny *d)
{
    if (d->partly)
        aaj_diag_add(l->diags, AAJ_NOTE, "deny-part", d->loc, AAJ_STR(""),
                     "'%.*s' stops a part of %zu learned rule%s, which stay%s for the rest: %s", AAJ_STR_ARG(d->text),
                     d->partly, d->partly == 1 ? "" : "s", d->partly == 1 ? "s" : "",
                     aaj_escape(&l->scratch, d->example));
}

int aaj_denies_narrow(struct aaj_learner *l)
{
    int r = 0;

    for (size_t k = 0; l->denies && r == 0 && k < l->denies->n; k++) {
        struct aaj_deny *d = &l->denies->deny[k];

        for (size_t i = 0; r == 0 && d->rule.kind == AAJ_RULE_FILE && i < l->n_drafts; i++)
            if (l->draft[i].dom == 0 && l->draft[i].item && l->draft[i].item->kind == AAJ_ITEM_RULE &&
                l->draft[i].item->rule.kind == AAJ_RULE_FILE && aaj_text_set(l->draft[i].item->rule.file.path))
                r = narrow(l, &l->draft[i], d);
        tell(l, d);
    }
    return r;
}
