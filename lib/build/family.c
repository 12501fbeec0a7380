/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A master and its pools: each is learned on its own, written into one profile, and proved on its own again. */
#include <errno.h>
#include <stdlib.h>

#include "build/internal.h"
#include "learn/cover.h"
#include "policy/print.h"

static const char mark[] = "aajail: pools";

/* The pools' names, for the master's rules about them. */
static int name_pools(struct aaj_build_input *in, size_t n, struct aaj_arena *arena)
{
    struct aaj_str *pool = aaj_arena_new_array(arena, n, struct aaj_str);

    if (!pool)
        return -ENOMEM;
    for (size_t i = 1; i < n; i++)
        pool[i - 1] = in[i].manifest->hat.text;
    in[0].pool = pool;
    in[0].n_pools = n - 1;
    return 0;
}

static struct aaj_item *place_for_pools(struct aaj_item *master)
{
    for (struct aaj_item *i = master->profile.body.first; i; i = i->next)
        if (i->kind == AAJ_ITEM_COMMENT && aaj_str_search(i->comment, aaj_str_c(mark)) < i->comment.n)
            return i;
    return master->profile.body.last;
}

/* All profiles in the pool's shell go into the master. */
static void move_in(struct aaj_policy *master, struct aaj_item *into, struct aaj_item **after, struct aaj_item *shell)
{
    for (struct aaj_item *i = shell->profile.body.first, *next; i; i = next) {
        next = i->next;
        if (i->kind != AAJ_ITEM_PROFILE)
            continue;
        i->state = AAJ_STATE_NEW; /* of this text */
        aaj_item_remove(i);
        aaj_block_insert(master, into, *after, i);
        *after = i;
    }
}

static int print_policy(FILE *out, const void *policy)
{
    return aaj_policy_print(out, policy);
}

/* The pool's own names begin with the master's, which is its shell. */
static void forget_shell(struct aaj_built *b)
{
    b->n_names--;
    memmove(b->name, b->name + 1, b->n_names * sizeof(*b->name));
}

static int compose(struct aaj_built **b, size_t n, struct aaj_build_whole *whole)
{
    struct aaj_policy *master = b[0]->learned->policy;
    struct aaj_item *into = aaj_first_profile(master), *after = place_for_pools(into);
    size_t names = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        r = aaj_build_find_names(b[i], b[i]->learned->policy);
        if (r == 0 && i)
            forget_shell(b[i]);
        names += b[i]->n_names;
    }
    whole->name = aaj_arena_new_array(&b[0]->arena, names + 1, struct aaj_str);
    if (r < 0 || !whole->name)
        return r < 0 ? r : -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        memcpy(whole->name + whole->n_names, b[i]->name, b[i]->n_names * sizeof(*whole->name));
        whole->n_names += b[i]->n_names;
        if (i)
            move_in(master, into, &after, aaj_first_profile(b[i]->learned->policy));
    }
    whole->file = b[0]->own_file;
    return aaj_build_print(&b[0]->arena, print_policy, master, &whole->text);
}

static bool known_twice(const struct aaj_build_input *in, size_t n, struct aaj_diags *diags)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = 1; j < i; j++)
            if (aaj_str_eq(in[i].manifest->hat.text, in[j].manifest->hat.text)) {
                aaj_error(diags, in[i].manifest->hat.loc, "jail '%.*s' is the pool '%.*s' of the same master",
                          AAJ_STR_ARG(in[j].manifest->jail.text), AAJ_STR_ARG(in[j].manifest->hat.text));
                return true;
            }
    return false;
}

int aaj_build_family(struct aaj_build_input *input, size_t n, struct aaj_diags *diags, struct aaj_built **ret_built)
{
    struct aaj_build_whole whole = { 0 };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_built **b = calloc(n, sizeof(*b));
    int r = b ? name_pools(input, n, &arena) : -ENOMEM;

    if (r == 0 && known_twice(input, n, diags))
        r = -EINVAL;
    for (size_t i = 0; r == 0 && i < n; i++) {
        r = aaj_build_start(&input[i], diags, &b[i]);
        if (r == 0)
            r = aaj_build_learn(&input[i], b[i], diags);
    }
    if (r == 0)
        r = compose(b, n, &whole);
    for (size_t i = 0; r == 0 && i < n; i++) {
        r = aaj_build_prove_part(&input[i], b[i], &whole, diags);
        whole.policy = b[0]->policy;
        if (r == 0)
            r = aaj_build_plan(&input[i], b[i], diags);
    }
    for (size_t i = 0; b && i < n; i++)
        if (r < 0) {
            aaj_build_explain_size(&input[i], b[i], diags);
            aaj_built_free(b[i]);
        } else {
            ret_built[i] = b[i];
        }
    input[0].pool = NULL; /* in this arena */
    input[0].n_pools = 0;
    aaj_arena_clear(&arena);
    free(b);
    return r;
}
