/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Variables: set, added to, looked up. */
#include "policy/vars_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

int aaj_vars_init(struct aaj_vars *vars)
{
    *vars = (struct aaj_vars){ 0 };
    return aaj_intern_init(&vars->names);
}

void aaj_vars_clear(struct aaj_vars *vars)
{
    for (size_t i = 0; i < vars->cap; i++)
        free(vars->var[i].value);
    free(vars->var);
    aaj_intern_clear(&vars->names);
    aaj_arena_clear(&vars->arena);
    *vars = (struct aaj_vars){ 0 };
}

struct aaj_var *aaj_var_find(const struct aaj_vars *vars, struct aaj_str name)
{
    uint32_t id;

    if (aaj_intern_find(&vars->names, name, &id) < 0 || id >= vars->cap)
        return NULL;
    return vars->var[id].kind == AAJ_VAR_UNSET && !vars->var[id].own.p ? NULL : &vars->var[id];
}

static struct aaj_var *make(struct aaj_vars *vars, struct aaj_str name)
{
    uint32_t id;
    size_t cap = vars->cap ? vars->cap : 32;
    struct aaj_var *var;

    if (aaj_intern_add(&vars->names, name, &id) < 0)
        return NULL;
    while (cap <= id)
        cap *= 2;
    if (cap != vars->cap) {
        var = reallocarray(vars->var, cap, sizeof(*var));
        if (!var)
            return NULL;
        memset(var + vars->cap, 0, (cap - vars->cap) * sizeof(*var));
        vars->var = var;
        vars->cap = cap;
    }
    return &vars->var[id];
}

static int add_value(struct aaj_vars *vars, struct aaj_var *var, struct aaj_str value)
{
    struct aaj_str copy = aaj_arena_dup(&vars->arena, value);

    if (!copy.p || AAJ_GROW(var->value, var->n, var->cap) < 0)
        return -ENOMEM;
    var->value[var->n++] = copy;
    return 0;
}

int aaj_vars_assign(struct aaj_vars *vars, const struct aaj_item *item, bool truth, const char **ret_why)
{
    const struct aaj_variable *v = &item->variable;
    struct aaj_var *var = aaj_var_find(vars, v->name.value);
    int r = 0;

    if (v->assign == AAJ_ASSIGN_ADD && (!var || var->kind != AAJ_VAR_SET)) {
        *ret_why = "was not set before, so nothing can be added to it";
        return -EINVAL;
    }
    if (v->assign == AAJ_ASSIGN_SET && var) {
        *ret_why = "was set before; use '+=' to add to it, ':=' to replace it";
        return -EINVAL;
    }
    if (v->assign == AAJ_ASSIGN_DEFAULT && var)
        return 0;
    if (!var)
        var = make(vars, v->name.value);
    if (!var)
        return -ENOMEM;
    if (v->assign != AAJ_ASSIGN_ADD)
        var->n = 0;
    var->kind = item->kind == AAJ_ITEM_BOOLEAN ? AAJ_VAR_BOOLEAN : AAJ_VAR_SET;
    var->truth = truth;
    for (uint32_t i = 0; r == 0 && var->kind == AAJ_VAR_SET && i < v->values.n; i++)
        r = add_value(vars, var, v->values.item[i].value);
    return r;
}

int aaj_vars_set(struct aaj_vars *vars, struct aaj_str name, struct aaj_str value)
{
    struct aaj_var *var = make(vars, name);

    if (!var)
        return -ENOMEM;
    var->own = aaj_arena_dup(&vars->arena, value);
    return var->own.p ? 0 : -ENOMEM;
}

void aaj_vars_unset(struct aaj_vars *vars, struct aaj_str name)
{
    struct aaj_var *var = aaj_var_find(vars, name);

    if (var)
        var->own = (struct aaj_str){ 0 };
}

int aaj_vars_boolean(const struct aaj_vars *vars, struct aaj_str name, bool *ret_truth)
{
    const struct aaj_var *var = aaj_var_find(vars, name);

    if (!var)
        return 0;
    if (var->kind != AAJ_VAR_BOOLEAN)
        return -EINVAL;
    *ret_truth = var->truth;
    return 1;
}

bool aaj_vars_assigned(const struct aaj_vars *vars, struct aaj_str name)
{
    const struct aaj_var *var = aaj_var_find(vars, name);

    return var && var->kind != AAJ_VAR_UNSET;
}

bool aaj_vars_defined(const struct aaj_vars *vars, struct aaj_str name)
{
    return aaj_var_find(vars, name) != NULL;
}
