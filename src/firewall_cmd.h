/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the firewall verb's files share. */
#pragma once

#include "firewall/firewall.h"
#include "verb.h"

struct firewall_args {
    struct aaj_firewall_ctx ctx;
    int form; /* enum aaj_firewall_form; -1: not said */
    bool resolve, dry_run, json, has_uid;
    uint32_t uid;
};

/* The places of this machine. */
void firewall_ctx_init(struct aaj_firewall_ctx *ctx);

/* A manifest's plan; @numbers: with its user and hosts looked up. An exit status; findings in @diags. */
int firewall_load_plan(const char *path, const struct firewall_args *a, bool numbers, struct aaj_diags *diags,
                       struct aaj_firewall_plan **ret_plan);

int firewall_run_apply(const struct firewall_args *a, struct aaj_firewall_plan *const *plan, size_t n,
                       struct aaj_diags *diags);
int firewall_run_remove(const struct firewall_args *a, struct aaj_firewall_plan *const *plan, size_t n,
                        struct aaj_diags *diags);
int firewall_run_verify(const struct firewall_args *a, struct aaj_firewall_plan *const *plan, size_t n,
                        struct aaj_diags *diags);
int firewall_run_show(const struct firewall_args *a, struct aaj_firewall_plan *const *plan, size_t n,
                      struct aaj_diags *diags);
