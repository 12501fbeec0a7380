/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the manifest says itself becomes drafts like what was learned. */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ceiling/ceiling_private.h"
#include "learn/emit.h"
#include "policy/parse.h"
#include "policy/quote.h"

struct aaj_str aaj_expand(struct aaj_learner *l, struct aaj_str pattern)
{
    for (size_t i = 0; i < l->in->manifest->n_variables; i++) {
        const struct aaj_manifest_variable *v = &l->in->manifest->variable[i];
        struct aaj_str name = aaj_arena_printf(&l->scratch, "@{%.*s}", AAJ_STR_ARG(v->name.text));
        size_t at = aaj_str_search(pattern, name);

        if (name.p && at < pattern.n)
            pattern = aaj_arena_printf(&l->scratch, "%.*s%.*s%.*s", (int)at, pattern.p, AAJ_STR_ARG(v->value.text),
                                       AAJ_STR_ARG(aaj_str_skip(pattern, at + name.n)));
    }
    return pattern;
}

enum { MANIFEST_INCLUDES = 32 };

/* Only files that the target has, found as its parser finds them: below its own folders, by a name that stays there. */
static int check_include(struct aaj_learner *l, const struct aaj_item *item, struct aaj_loc loc)
{
    const struct aaj_include *include = &item->include;
    struct aaj_str path = include->path.value;
    const char *dir[] = { l->in->target->base, l->in->target->abstraction_dir };

    if (!include->magic)
        return aaj_error(l->diags, loc, "an include in a manifest is written <…>: only the target's own folders are read");
    if (path.n == 0 || path.p[0] == '/' || aaj_str_starts(path, AAJ_STR("../")) || aaj_str_ends(path, AAJ_STR("/..")) ||
        aaj_str_search(path, AAJ_STR("/../")) < path.n)
        return aaj_error(l->diags, loc, "an include stays below the target's folders: no '/' in front and no '..'");
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(dir); i++) {
        struct aaj_str file = aaj_arena_printf(&l->scratch, "%s/%.*s", dir[i] ? dir[i] : "", AAJ_STR_ARG(path));

        if (!file.p)
            return -ENOMEM;
        if (dir[i] && access(file.p, R_OK) == 0)
            return 0;
    }
    if (include->if_exists)
        return 0;
    return aaj_error(l->diags, loc, "the target %s has no %.*s in %s", l->in->target->name, AAJ_STR_ARG(path),
                     l->in->target->base);
}

static int add_rule(struct aaj_learner *l, const struct aaj_scalar *rule, size_t *includes)
{
    struct aaj_draft d = { .inferences = 1u << AAJ_INFER_MANIFEST,
                           .key = l->hat ? aaj_ceiling_expand(l->in->manifest, rule->text, l->arena)
                                         : aaj_arena_dup(l->arena, rule->text) };
    int r = aaj_policy_parse_rule(l->arena, d.key, rule->loc, l->diags, &d.item);

    if (r < 0)
        return r;
    if (d.item->kind == AAJ_ITEM_INCLUDE) {
        r = check_include(l, d.item, rule->loc);
        if (r == 0 && ++*includes > MANIFEST_INCLUDES)
            r = aaj_error(l->diags, rule->loc, "more than %d includes", MANIFEST_INCLUDES);
        d.key = d.from = d.item->include.path.value;
    } else if (d.item->kind != AAJ_ITEM_RULE) {
        r = aaj_error(l->diags, rule->loc, "expected a rule or an include");
    }
    return r < 0 ? r : aaj_draft_add(l, &d);
}

static int add_rules(struct aaj_learner *l)
{
    const struct aaj_manifest *m = l->in->manifest;
    size_t includes = 0;
    int error = 0;

    for (size_t i = 0; i < m->rules.n; i++) { /* all of them, so that one run shows every mistake */
        int r = add_rule(l, &m->rules.item[i], &includes);

        if (r == -ENOMEM)
            return r;
        error = r < 0 ? r : error;
    }
    return error;
}

/* A destination that the chain lets through is of no use without the socket: manifest, chain and profile agree. */
static int add_sockets(struct aaj_learner *l)
{
    static const struct {
        const char *family, *type;
        uint8_t af, proto;
    } socket[] = {
        { "inet", "stream", AF_INET, IPPROTO_TCP },
        { "inet", "dgram", AF_INET, IPPROTO_UDP },
        { "inet6", "stream", AF_INET6, IPPROTO_TCP },
        { "inet6", "dgram", AF_INET6, IPPROTO_UDP },
    };
    const struct aaj_manifest *m = l->in->manifest;

    for (size_t s = 0; s < AAJ_ARRAY_SIZE(socket); s++) {
        struct aaj_draft d = { .inferences = 1u << AAJ_INFER_MANIFEST, .key = AAJ_STR("network") };
        bool wanted = false;

        for (size_t i = 0; i < m->n_dests; i++)
            wanted |= (m->dest[i].family == AF_UNSPEC || m->dest[i].family == socket[s].af) &&
                      (m->dest[i].proto == 0 || m->dest[i].proto == socket[s].proto);
        if (!wanted)
            continue;
        d.item = aaj_rule_access(l->arena, AAJ_RULE_NETWORK, 0);
        if (d.item) {
            d.item->rule.access.arg[0] = aaj_text_word(socket[s].family);
            d.item->rule.access.arg[1] = aaj_text_word(socket[s].type);
        }
        if (aaj_draft_add(l, &d) < 0)
            return -ENOMEM;
    }
    return 0;
}
int aaj_draft_manifest(struct aaj_learner *l)
{
    int r = add_rules(l);

    return r == 0 ? add_sockets(l) : r;
}
