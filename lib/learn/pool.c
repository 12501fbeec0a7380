/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pool is a profile inside its master's, with a manifest of its own: php-fpm calls it a hat (apparmor_hat), and enters
 * it with change_profile. In the log its label begins with the master's; the master may have executed itself before.
 */
#include <errno.h>

#include "base/escape.h"
#include "learn/private.h"
#include "log/label.h"
#include "policy/parse.h"
#include "policy/print.h"
#include "policy/quote.h"

/* How templates call a pool and its master, in their rules about each other. */
static const struct aaj_str a_pool = AAJ_STR_INIT("template//pool"), a_master = AAJ_STR_INIT("peer=template");

static bool is_under(struct aaj_str label, struct aaj_str top)
{
    return aaj_str_starts(label, top) && (label.n == top.n || aaj_str_starts(aaj_str_skip(label, top.n), AAJ_STR("//")));
}

static bool is_pool(const struct aaj_learner *l, struct aaj_str name)
{
    for (size_t i = 0; i < l->in->n_pools; i++)
        if (aaj_str_eq(l->in->pool[i], name))
            return true;
    return false;
}

/* The first step that is no exec: into a hat or a child. */
static bool first_inside(const struct aaj_learner *l, struct aaj_str label, struct aaj_step *ret_step)
{
    struct aaj_step s = { .end = l->log_top.n };

    while (aaj_label_step(label, s.end, &s))
        if (s.kind != AAJ_STEP_EXEC) {
            *ret_step = s;
            return true;
        }
    return false;
}

bool aaj_pool_is_ours(const struct aaj_learner *l, struct aaj_str label, size_t *ret_end)
{
    struct aaj_step s;

    *ret_end = l->log_top.n;
    if (!is_under(label, l->log_top))
        return false;
    if (l->hat) {
        if (!first_inside(l, label, &s) || !aaj_str_eq(s.name, l->in->manifest->hat.text))
            return false;
        *ret_end = s.end;
        return true;
    }
    return l->in->n_pools == 0 || !first_inside(l, label, &s) || !is_pool(l, s.name);
}

int aaj_pool_peer(struct aaj_learner *l, struct aaj_str label, struct aaj_str *ret_name)
{
    struct aaj_learned *out = l->out;
    struct aaj_str name = label;
    struct aaj_step s;

    if (is_under(label, l->log_top)) {
        if (!first_inside(l, label, &s))
            name = l->top;
        else if (s.end == label.n)
            name = aaj_arena_printf(l->arena, "%.*s//%.*s", AAJ_STR_ARG(l->top), AAJ_STR_ARG(s.name));
    }
    if (!name.p)
        return -ENOMEM;
    *ret_name = name;
    if (aaj_str_eq(name, label))
        return 0;
    if (AAJ_GROW(out->peer, out->n_peers, l->cap_peers) < 0)
        return -ENOMEM;
    out->peer[out->n_peers++] = (struct aaj_learned_peer){ aaj_arena_dup(l->arena, label), name };
    return 0;
}

int aaj_pool_find(struct aaj_learner *l)
{
    const struct aaj_manifest *m = l->in->manifest;
    size_t end;

    for (size_t i = 0; i < l->n_access; i++)
        if (aaj_pool_is_ours(l, aaj_recording_str(l->in->recording, l->access[i].label), &end))
            return 0;
    aaj_error(l->diags, m->hat.loc, "the pool '%.*s' does not occur under '%s': is apparmor_hat = %.*s in its configuration?",
              AAJ_STR_ARG(m->hat.text), aaj_escape(&l->scratch, l->log_top), AAJ_STR_ARG(m->hat.text));
    return -ENOENT;
}

bool aaj_pool_is_entered(const struct aaj_learner *l, struct aaj_str target)
{
    struct aaj_step s;

    return !l->hat && is_under(target, l->log_top) && first_inside(l, target, &s) && s.end == target.n && is_pool(l, s.name);
}

void aaj_pool_share(struct aaj_learner *l)
{
    for (size_t i = 0; l->hat && i < l->n_access; i++) {
        const struct aaj_access *a = &l->access[i];
        struct aaj_str path = aaj_arg(l, a, AAJ_FILE_NAME);
        struct aaj_step s;
        uint32_t node;

        if (a->class == AAJ_CLASS_FILE && (a->requested & AAJ_MAY_CREATE) &&
            aaj_str_eq(aaj_recording_str(l->in->recording, a->op), AAJ_STR("mknod")) &&
            is_under(aaj_recording_str(l->in->recording, a->label), l->log_top) &&
            !first_inside(l, aaj_recording_str(l->in->recording, a->label), &s) &&
            aaj_area_of(l->in, path) == AAJ_AREA_SHARED && aaj_path_find(l, path, &node))
            l->node[node].flags |= AAJ_NODE_MADE;
    }
}

/* ---- the templates' rules about pools ---- */

static struct aaj_str replace(struct aaj_learner *l, struct aaj_str text, struct aaj_str what, struct aaj_str by)
{
    struct aaj_str out = { "", 0 };

    for (size_t at; out.p && (at = aaj_str_search(text, what)) < text.n; text = aaj_str_skip(text, at + what.n))
        out = aaj_arena_printf(l->arena, "%.*s%.*s%.*s", AAJ_STR_ARG(out), (int)at, text.p, AAJ_STR_ARG(by));
    return out.p ? aaj_arena_printf(l->arena, "%.*s%.*s", AAJ_STR_ARG(out), AAJ_STR_ARG(text)) : out;
}

/* The rule @text, behind @after; what it is about called @name. */
static int write_one(struct aaj_learner *l, struct aaj_item **after, struct aaj_str text, struct aaj_str what,
                     struct aaj_str name)
{
    struct aaj_text quoted;
    struct aaj_item *item;
    int r = aaj_text_literal(l->arena, name, AAJ_TEXT_COND, &quoted);

    if (r == 0)
        text = replace(l, text, what, what.p == a_master.p ? aaj_arena_printf(l->arena, "peer=%.*s", AAJ_STR_ARG(quoted.raw))
                                                           : quoted.raw);
    if (r == 0)
        r = text.p ? aaj_policy_parse_rule(l->arena, text, (struct aaj_loc){ .file = l->in->template_name }, l->diags, &item)
                   : -ENOMEM;
    if (r < 0)
        return r;
    aaj_block_insert(l->template, l->main, *after, item);
    *after = item;
    return 0;
}

static int write_for_pools(struct aaj_learner *l, struct aaj_item *rule, struct aaj_str text)
{
    struct aaj_item *after = rule;
    int r = 0;

    for (size_t i = 0; r == 0 && i < l->in->n_pools; i++)
        r = write_one(l, &after, text, a_pool,
                      aaj_arena_printf(l->arena, "%.*s//%.*s", AAJ_STR_ARG(l->top), AAJ_STR_ARG(l->in->pool[i])));
    for (size_t i = 1; r == 0 && i < l->n_doms; i++)
        if (l->dom[i].same == i && (l->dom[i].entered || l->dom[i].kind == AAJ_DOM_HAT))
            r = write_one(l, &after, text, a_pool, l->dom[i].full);
    aaj_item_remove(rule);
    return r;
}

int aaj_pool_write(struct aaj_learner *l)
{
    struct aaj_item *next;
    int r = 0;

    for (struct aaj_item *i = l->main->profile.body.first; r == 0 && i; i = next) {
        struct aaj_str text;

        next = i->next;
        if (i->kind != AAJ_ITEM_RULE || i->state != AAJ_STATE_READ)
            continue;
        text = aaj_rule_text(&l->scratch, &i->rule);
        if (!text.p)
            return -ENOMEM;
        if (aaj_str_search(text, a_pool) < text.n) {
            r = write_for_pools(l, i, text);
        } else if (l->hat && aaj_str_search(text, a_master) < text.n) {
            struct aaj_item *after = i;

            r = write_one(l, &after, text, a_master, l->top);
            aaj_item_remove(i);
        }
    }
    return r;
}
