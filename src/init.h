/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail init: what can be found out about a slave, and which of them a log tells of. */
#pragma once

#include "base/arena.h"
#include "recording/recording.h"

struct paths;

/* A slave of a log: a profile, or a pool in one. Strings are the recording's or @arena's. */
struct init_service {
    struct aaj_str label; /* the profile's, or the master's */
    struct aaj_str pool;  /* empty: it is no pool */
    struct aaj_str comm;  /* as the kernel calls the process; empty: not said */
    uint32_t uid;         /* what it mostly acts as, root apart; AAJ_UID_NONE: root alone */
    uint64_t events;
    bool master; /* it has pools */
};

/*
 * The slaves of a recording, a master before its pools. A pool is what a profile goes into without executing anything,
 * to act there as another user: so does php-fpm. In @arena.
 */
int init_services(struct aaj_recording *rec, struct aaj_arena *arena, struct init_service **ret_service, size_t *ret_n);

/* What could be found out; empty where it could not. */
struct init_found {
    struct aaj_arena arena;
    struct aaj_diags diags;
    struct aaj_str exe, user, unit, dir, name, source;
    struct aaj_str roots; /* "a, b", quoted: folders that systemd makes for the unit */
    struct aaj_str pool, master, comm;
    uint32_t uid; /* AAJ_UID_NONE: not known, or root */
    bool is_master;
};

/* What is said of @service; its strings are not copied. */
void init_take_service(struct init_found *f, const struct init_service *service);

/* What a log tells of. */
struct init_log {
    struct aaj_recording *rec; /* holds the services' strings */
    struct init_service *service;
    size_t n;
};
/* An exit status with findings; cleared by the caller, whatever it is. */
int init_log_read(struct init_found *f, const struct paths *logs, struct init_log *ret_log);
void init_log_clear(struct init_log *log);
/* By label or uid, as given on the command line, or NULL; else the only one there is. EXIT_INPUT with a list of all. */
int init_log_choose(struct init_found *f, const struct init_log *log, const char *label, const char *uid,
                    const struct init_service **ret_service);

/* malloc'd; with AAJ_MANIFEST_FILL_IN where the executable is not known. */
char *init_manifest(struct init_found *f);
/* In quotes where YAML would read something else. */
struct aaj_str init_quoted(struct init_found *f, struct aaj_str s);
struct aaj_str init_jail_name(struct init_found *f);
