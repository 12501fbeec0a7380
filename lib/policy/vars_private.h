/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What setting variables and putting them in share. */
#pragma once

#include "policy/vars.h"

enum aaj_var_kind { AAJ_VAR_UNSET, AAJ_VAR_SET, AAJ_VAR_BOOLEAN };

struct aaj_var {
    enum aaj_var_kind kind;
    bool truth;
    bool busy; /* being expanded */
    struct aaj_str *value;
    size_t n, cap;
    struct aaj_str own; /* stands before all of that while .p is there */
};

/* vars.c. NULL: never set. */
struct aaj_var *aaj_var_find(const struct aaj_vars *vars, struct aaj_str name);
