/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What up, down, undo and prune share. */
#pragma once

#include "jail/jail.h"
#include "verb.h"

/* The places of this machine. */
void jail_ctx_init(struct aaj_jail_ctx *ctx);

/* Jails by name: operands and the lines of role files. */
struct jail_names {
    struct aaj_arena arena;
    struct aaj_str *name;
    size_t n, cap;
};
int jail_names_add(struct jail_names *names, struct aaj_str name);
/* /etc/aajail/roles/ROLE: a jail a line, '#' for remarks. An exit status, findings shown. */
int jail_names_role(struct jail_names *names, const char *role);
/* Every role's; *ret_roles: how many there are. */
int jail_names_all_roles(struct jail_names *names, size_t *ret_roles);
void jail_names_clear(struct jail_names *names);

/* One line or JSON object a jail, and the tasks; adds to @json where that is wanted. */
struct json_object;
void jail_report(const struct aaj_jail_result *result, const char *done, const char *nothing, struct json_object *json);
void jail_print_json(struct json_object *json);

/* For 'status': the jails that are up and what is stale about them, as warnings; adds to @json where that is
 * wanted, else prints a line each. EXIT_FINDING when anything is stale. */
int jail_show_states(char *const *name, int n_names, struct json_object *json, struct aaj_diags *diags);
