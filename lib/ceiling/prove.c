/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ceiling against compiled policy: every name at once, not samples. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "ceiling/ceiling_private.h"
#include "match/classes.h"
#include "match/names.h"

enum { COMBINATIONS_MAX = 16 * 1024 * 1024 };

struct prove {
    struct aaj_ceiling *ceiling;
    const struct aaj_match_profile *p;
    struct aaj_arena *arena;
    bool *seen; /* by item */
    aaj_ceiling_found found;
    void *ctx;
};

static int report(struct prove *v, uint32_t item, struct aaj_str name, uint32_t mask)
{
    struct aaj_crossing c = { &v->ceiling->item[item], name, mask };

    if (v->seen[item])
        return 0;
    v->seen[item] = true;
    return v->found(v->ctx, v->p, &c);
}

uint32_t aaj_ceiling_may(uint32_t perms)
{
    static const struct {
        uint32_t perm, may;
    } map[] = {
        { AAJ_PERM_EXEC, AAJ_MAY_EXEC },     { AAJ_PERM_WRITE, AAJ_CEILING_WRITE },
        { AAJ_PERM_READ, AAJ_MAY_READ },     { AAJ_PERM_APPEND, AAJ_MAY_APPEND },
        { AAJ_PERM_LOCK, AAJ_MAY_LOCK },     { AAJ_PERM_LINK, AAJ_MAY_LINK },
        { AAJ_PERM_MMAP, AAJ_MAY_MMAP },
    };
    uint32_t may = 0;

    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
        if (perms & map[i].perm)
            may |= map[i].may;
    return may;
}

/* The file rules as an operand: every state is wanted, what it grants is asked in the visit. */
static int step(void *ctx, uint32_t state, uint8_t byte, uint32_t *ret_state)
{
    *ret_state = aaj_dfa_step(ctx, state, byte);
    return 0;
}

static bool any_state(void *ctx, uint32_t state)
{
    return true;
}

/* "ux", or a fallback to it, out of either half. */
static bool leaves_confinement(const struct aaj_match_profile *p, const struct aaj_perms *perms)
{
    return perms->allow & AAJ_PERM_EXEC && perms->xindex & AAJ_X_UNCONFINED;
}

static int visit(void *ctx, struct aaj_str name, const uint32_t *state)
{
    struct prove *v = ctx;
    struct aaj_perms own = aaj_match_file_state(v->p, state[0], true);
    struct aaj_perms other = aaj_match_file_state(v->p, state[0], false);
    const uint32_t wx = AAJ_CEILING_WRITE | AAJ_MAY_EXEC | AAJ_MAY_MMAP;
    uint32_t may = aaj_ceiling_may((own.allow & ~own.deny) | (other.allow & ~other.deny)), item, crosses;
    int r = 0;

    if (!may || !name.n)
        return 0;
    while (r == 0 && (crosses = aaj_ceiling_state_crosses(v->ceiling, state[1], may, v->seen, &item)))
        r = report(v, item, name, crosses);
    for (item = 0; r == 0 && item < v->ceiling->n_items; item++) {
        const struct aaj_ceiling_item *it = &v->ceiling->item[item];

        if (it->write_and_exec && may & AAJ_CEILING_WRITE && may & (AAJ_MAY_EXEC | AAJ_MAY_MMAP) &&
            !aaj_ceiling_excepted(v->ceiling, state[1], item, may & wx))
            r = report(v, item, name, may);
        if (r == 0 && it->unconfined_exec && may & AAJ_MAY_EXEC &&
            (leaves_confinement(v->p, &own) || leaves_confinement(v->p, &other)) &&
            !aaj_ceiling_excepted(v->ceiling, state[1], item, AAJ_MAY_EXEC))
            r = report(v, item, name, AAJ_MAY_EXEC);
    }
    return r;
}

static int prove_files(struct prove *v)
{
    struct aaj_operand op[2] = { { .want = true }, { .want = true } };
    const struct aaj_dfa *dfa;
    unsigned n_classes;
    int r;

    dfa = aaj_match_file_dfa(v->p, &op[0].a.start);
    if (!dfa)
        return 0;
    op[0].a.ctx = (void *)(uintptr_t)dfa;
    op[0].a.dead = AAJ_DFA_TRAP;
    op[0].a.classes = aaj_dfa_classes(dfa, &n_classes);
    op[0].a.step = step;
    op[0].a.accept = any_state;
    r = aaj_glob_automaton(v->ceiling->files, &op[1].a);
    if (r < 0)
        return r;
    /* Also where no rule of the ceiling can match any more: written and executed is about all names. */
    op[1].a.accept = any_state;
    op[1].a.dead = UINT32_MAX;
    return aaj_product_walk(op, 2, COMBINATIONS_MAX, visit, v);
}

struct setuid_walk {
    struct prove *v;
    uint32_t item;
};

static int visit_file(void *ctx, const struct aaj_fact *fact)
{
    struct setuid_walk *w = ctx;
    uint32_t state;
    int r;

    if (!(fact->bits & (AAJ_FACT_SETUID | AAJ_FACT_SETGID | AAJ_FACT_CAPS)) || w->v->seen[w->item])
        return 0;
    if (!(aaj_match_file_perms(w->v->p, fact->path, true).allow & AAJ_PERM_EXEC) &&
        !(aaj_match_file_perms(w->v->p, fact->path, false).allow & AAJ_PERM_EXEC))
        return 0;
    r = aaj_glob_walk(w->v->ceiling->files, AAJ_GLOB_START, fact->path, &state);
    if (r < 0 || aaj_ceiling_excepted(w->v->ceiling, state, w->item, AAJ_MAY_EXEC))
        return r;
    return report(w->v, w->item, fact->path, AAJ_MAY_EXEC);
}

static int prove_setuid(struct prove *v, struct aaj_fsview *files)
{
    struct setuid_walk w = { .v = v };

    for (; w.item < v->ceiling->n_items; w.item++)
        if (v->ceiling->item[w.item].setuid && !v->seen[w.item])
            return aaj_fsview_walk(files, visit_file, &w);
    return 0;
}

static int report_class(struct prove *v, const struct aaj_ceiling_rule *rule, const struct aaj_str arg[AAJ_ARGS])
{
    struct aaj_str name;

    if (aaj_ceiling_class_open(v->ceiling, rule->item, rule->class, arg, rule->mask))
        return 0;
    name = aaj_arena_printf(v->arena, "%s%s%.*s%s%.*s", aaj_class_info[rule->class].name, arg[0].n ? " " : "",
                            AAJ_STR_ARG(arg[0]), arg[1].n ? " " : "", AAJ_STR_ARG(arg[1]));
    return name.p ? report(v, rule->item, name, 0) : -ENOMEM;
}

static int prove_capability(struct prove *v, const struct aaj_ceiling_rule *rule)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < 64; i++) {
        const char *name = aaj_capability_name(i);
        struct aaj_str arg[AAJ_ARGS] = { aaj_str_c(name) };

        if (name && (!rule->arg[0].n || aaj_str_eq(rule->arg[0], arg[0])) &&
            aaj_match_capability(v->p, i).verdict == AAJ_ALLOW)
            r = report_class(v, rule, arg);
    }
    return r;
}

/* Is a socket of this kind allowed to come into being, whatever its protocol? */
static bool net_allowed(const struct aaj_match_profile *p, unsigned family, unsigned type)
{
    static const unsigned protocol[] = { 0, 1, 2, 6, 17, 41, 47, 58, 89, 103, 132, 255, 0x0300, 3 };

    for (size_t i = 0; i < sizeof(protocol) / sizeof(protocol[0]); i++)
        if (aaj_match_net(p, family, type, protocol[i], NULL, NULL, AAJ_PERM_CREATE).verdict == AAJ_ALLOW)
            return true;
    return false;
}

static int prove_network(struct prove *v, const struct aaj_ceiling_rule *rule)
{
    int r = 0;

    for (unsigned family = 1; r == 0 && family < AF_MAX; family++)
        for (unsigned type = 1; r == 0 && type <= SOCK_PACKET; type++) {
            struct aaj_str arg[AAJ_ARGS] = { aaj_str_c(aaj_family_name(family)),
                                             aaj_str_c(aaj_socket_type_name(type)) };

            if (!arg[0].n || !arg[1].n || (rule->arg[0].n && !aaj_str_eq(rule->arg[0], arg[0])) ||
                (rule->arg[1].n && !aaj_str_eq(rule->arg[1], arg[1])) || !net_allowed(v->p, family, type))
                continue;
            r = report_class(v, rule, arg);
        }
    return r;
}

/* Peers that a rule accepts: all labels at once. The slave itself and what is below it are no strangers. */
struct peer_visit {
    struct prove *v;
    const struct aaj_ceiling_rule *rule;
    uint32_t perms;
};

static bool is_own_label(const struct aaj_match_profile *p, struct aaj_str label)
{
    struct aaj_str top = p->name;
    size_t at = aaj_str_search(top, AAJ_STR("//"));

    top = aaj_str_head(top, at);
    return aaj_str_starts(label, top) &&
           (label.n == top.n || aaj_str_starts(aaj_str_skip(label, top.n), AAJ_STR("//")));
}

static int visit_peer(void *ctx, struct aaj_str label, const uint32_t *state)
{
    struct peer_visit *w = ctx;
    struct aaj_perms perms = aaj_match_state_perms(w->v->p, state[0]);
    struct aaj_str arg[AAJ_ARGS] = { label };

    if (!(perms.allow & ~perms.deny & w->perms) || !label.n || is_own_label(w->v->p, label))
        return 0;
    return report_class(w->v, w->rule, arg);
}

static int prove_peers(struct prove *v, const struct aaj_ceiling_rule *rule, uint32_t start, uint32_t perms)
{
    struct peer_visit w = { v, rule, perms };
    struct aaj_operand op = { .want = true };
    unsigned n_classes;

    if (start == AAJ_DFA_TRAP)
        return 0;
    op.a.ctx = (void *)(uintptr_t)aaj_match_policy_dfa(v->p);
    op.a.start = start;
    op.a.dead = AAJ_DFA_TRAP;
    op.a.classes = aaj_dfa_classes(aaj_match_policy_dfa(v->p), &n_classes);
    op.a.step = step;
    op.a.accept = any_state;
    return aaj_product_walk(&op, 1, COMBINATIONS_MAX, visit_peer, &w);
}

static int prove_ptrace(struct prove *v, const struct aaj_ceiling_rule *rule)
{
    static const uint32_t perm[] = { AAJ_PERM_PTRACE_READ, AAJ_PERM_PTRACE_TRACE, AAJ_PERM_PTRACE_READBY,
                                     AAJ_PERM_PTRACE_TRACEDBY };
    uint32_t perms = 0, start = aaj_match_class_start(v->p, AAJ_MATCH_LABEL);

    for (size_t i = 0; i < 4; i++)
        if (rule->mask & 1u << i)
            perms |= perm[i];
    return start ? prove_peers(v, rule, aaj_match_step(v->p, start, AAJ_MATCH_PTRACE), perms) : 0;
}

static int prove_signal(struct prove *v, const struct aaj_ceiling_rule *rule)
{
    uint32_t perms = (rule->mask & 1 ? AAJ_PERM_SEND : 0u) | (rule->mask & 2 ? AAJ_PERM_RECEIVE : 0u);
    uint32_t start = aaj_match_class_start(v->p, AAJ_MATCH_SIGNAL);
    int r = 0;

    for (unsigned signal = 1; start && r == 0 && signal < 36; signal++)
        r = prove_peers(v, rule, aaj_match_step(v->p, start, (uint8_t)signal), perms);
    return r;
}

/* Does any rule of the class grant one of @perms? All states that its start leads to, NULs between the
 * parts of a rule included. -ENOMEM. */
static int class_grants(const struct aaj_match_profile *p, uint32_t start, uint32_t perms)
{
    const struct aaj_dfa *dfa = aaj_match_policy_dfa(p);
    uint32_t n = aaj_dfa_states(dfa), *todo = malloc(n * sizeof(*todo)), left = 0;
    uint8_t *seen = calloc(n, 1);
    int r = todo && seen ? 0 : -ENOMEM;

    if (r == 0) {
        todo[left++] = start;
        seen[start] = 1;
    }
    while (r == 0 && left) {
        uint32_t state = todo[--left];
        struct aaj_perms have = aaj_match_state_perms(p, state);

        /* The class itself is marked with a read bit, to say that it is mediated (parser_regex.c). */
        if (have.allow & ~have.deny & perms & (state == start ? ~(uint32_t)AAJ_PERM_READ : UINT32_MAX))
            r = 1;
        for (unsigned byte = 0; byte < 256; byte++) {
            uint32_t next = aaj_dfa_step(dfa, state, (uint8_t)byte);

            if (next != AAJ_DFA_TRAP && !seen[next]) {
                seen[next] = 1;
                todo[left++] = next;
            }
        }
    }
    free(todo);
    free(seen);
    return r;
}

static uint32_t mount_perms(struct aaj_str operation)
{
    if (aaj_str_eq(operation, AAJ_STR("umount")))
        return AAJ_PERM_UMOUNT;
    return aaj_str_eq(operation, AAJ_STR("pivot_root")) ? AAJ_PERM_PIVOT_ROOT : AAJ_PERM_MOUNT;
}

static int prove_any(struct prove *v, const struct aaj_ceiling_rule *rule, unsigned class, uint32_t perms)
{
    uint32_t start = aaj_match_class_start(v->p, class);
    struct aaj_str arg[AAJ_ARGS] = { rule->arg[0] };
    int r = start == AAJ_DFA_TRAP ? 0 : class_grants(v->p, start, perms);

    return r == 1 ? report_class(v, rule, arg) : r;
}

/* change_profile rules live among the file rules, by the target's name; a slave's own hats and children are
 * its own business. */
static int visit_change(void *ctx, struct aaj_str label, const uint32_t *state)
{
    struct peer_visit *w = ctx;
    struct aaj_perms perms = aaj_match_file_state(w->v->p, state[0], true);
    struct aaj_str arg[AAJ_ARGS] = { label };

    if (!(perms.allow & ~perms.deny & AAJ_PERM_CHANGE_PROFILE) || !label.n || is_own_label(w->v->p, label))
        return 0;
    return report_class(w->v, w->rule, arg);
}

static int prove_change_profile(struct prove *v, const struct aaj_ceiling_rule *rule)
{
    struct peer_visit w = { v, rule, 0 };
    struct aaj_operand op = { .want = true };
    const struct aaj_dfa *dfa = aaj_match_file_dfa(v->p, &op.a.start);
    unsigned n_classes;

    if (!dfa)
        return 0;
    op.a.ctx = (void *)(uintptr_t)dfa;
    op.a.dead = AAJ_DFA_TRAP;
    op.a.classes = aaj_dfa_classes(dfa, &n_classes);
    op.a.step = step;
    op.a.accept = any_state;
    return aaj_product_walk(&op, 1, COMBINATIONS_MAX, visit_change, &w);
}

static int prove_rule(struct prove *v, const struct aaj_ceiling_rule *rule)
{
    const uint32_t any = ~(uint32_t)AAJ_PERM_LOCK; /* which stands everywhere in permissions of old form */

    switch (rule->class) {
    case AAJ_CLASS_CAPABILITY: return prove_capability(v, rule);
    case AAJ_CLASS_NET: return prove_network(v, rule);
    case AAJ_CLASS_PTRACE: return prove_ptrace(v, rule);
    case AAJ_CLASS_SIGNAL: return prove_signal(v, rule);
    case AAJ_CLASS_MOUNT: return prove_any(v, rule, AAJ_MATCH_MOUNT, mount_perms(rule->arg[0]));
    case AAJ_CLASS_USERNS: return prove_any(v, rule, AAJ_MATCH_NS, AAJ_PERM_USERNS_CREATE);
    case AAJ_CLASS_DBUS: return prove_any(v, rule, AAJ_MATCH_DBUS, any);
    case AAJ_CLASS_IO_URING: return prove_any(v, rule, AAJ_MATCH_IO_URING, any);
    case AAJ_CLASS_MQUEUE: return prove_any(v, rule, AAJ_MATCH_POSIX_MQUEUE, any);
    case AAJ_CLASS_CHANGE_PROFILE: return prove_change_profile(v, rule);
    default: return 0;
    }
}

int aaj_ceiling_prove(struct aaj_ceiling *ceiling, const struct aaj_match_profile *p, struct aaj_fsview *files,
                      aaj_ceiling_found found, void *ctx)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct prove v = { ceiling, p, &arena, calloc(ceiling->n_items + 1, sizeof(bool)), found, ctx };
    int r = v.seen ? 0 : -ENOMEM;

    if (r == 0)
        r = prove_files(&v);
    if (r == 0 && files)
        r = prove_setuid(&v, files);
    for (size_t i = 0; r == 0 && i < ceiling->n_rules; i++)
        if (!ceiling->rule[i].except && !v.seen[ceiling->rule[i].item])
            r = prove_rule(&v, &ceiling->rule[i]);
    free(v.seen);
    aaj_arena_clear(&arena);
    return r;
}
