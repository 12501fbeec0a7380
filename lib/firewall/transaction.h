/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several chains from live to wanted, under the backend's lock. */
#pragma once

#include "firewall/internal.h"

enum { AAJ_FIREWALL_SIDES_MAX = 2 };

struct transaction {
    const struct aaj_firewall *fw;
    const struct aaj_firewall_backend *backend;
    struct aaj_firewall_session *session;
    struct aaj_diags *diags;
    struct aaj_firewall_live live[AAJ_FIREWALL_SIDES_MAX]; /* as it was when the lock was taken */
    unsigned families[AAJ_FIREWALL_SIDES_MAX];
    struct aaj_firewall_change *change; /* n of them, for the caller to fill */
    size_t n;
    struct aaj_firewall_plan **closed; /* by change, made when needed */
    bool committed;                    /* some side has been changed */
};

/* Takes the lock and reads every side. Whatever it returns, transaction_end() follows. */
int transaction_begin(struct transaction *t, const struct aaj_firewall *fw,
                      const struct aaj_firewall_backend *backend, size_t n, struct aaj_diags *diags);

/* Makes the changes, with a journal where that takes more than one commit. A failure half way closes the uids
 * that were to get a plan. */
int transaction_run(struct transaction *t, struct aaj_firewall_result *ret_result);

void transaction_end(struct transaction *t);

/*
 * The journal: what was intended, while it is being done. It is written under the lock, so one that is found
 * under the lock belongs to a process that died.
 */
/* Sets fw->journal, which stays NULL where none is kept. */
int journal_find(struct aaj_firewall *fw);
int journal_write(const struct transaction *t);
void journal_clear(const struct aaj_firewall *fw);
bool journal_exists(const struct aaj_firewall *fw);

/* What is to be done again; nothing and 0 when there is no journal of this boot. -EBADMSG: it is damaged. */
struct journal {
    struct aaj_firewall_plan **plan;
    size_t n_plans;
    uint32_t *remove;
    size_t n_removes;
    char backend[16];
};
int journal_read(const struct aaj_firewall *fw, struct journal *ret);
void journal_free(struct journal *j);
