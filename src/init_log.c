/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The slaves of a log, and which of them is meant. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "init.h"
#include "reader.h"
#include "verb.h"

enum { LISTED = 40 };

int init_log_read(struct init_found *f, const struct paths *logs, struct init_log *ret_log)
{
    struct init_log log = { 0 };
    int status = aaj_recording_new(&log.rec) < 0 ? EXIT_REFUSED : read_logs(logs, NULL, log.rec, &f->diags);

    if (status == EXIT_DONE && init_services(log.rec, &f->arena, &log.service, &log.n) < 0)
        status = EXIT_REFUSED;
    if (status == EXIT_DONE && log.n == 0) {
        aaj_error(&f->diags, (struct aaj_loc){ .file = aaj_str_c(logs->item[0]) },
                  "no event of any profile is in it: is it the log of the machine where the slave worked under a profile, in "
                  "complain mode? Without one there, 'aajail init EXECUTABLE' writes a manifest");
        status = EXIT_INPUT;
    }
    f->source = aaj_arena_dup(&f->arena, aaj_str_c(logs->item[0]));
    *ret_log = log;
    return status;
}

void init_log_clear(struct init_log *log)
{
    aaj_recording_free(log->rec);
    *log = (struct init_log){ 0 };
}

/* "1502 events, uid 33, calls itself 'nginx'" */
static void describe(struct init_found *f, const struct init_service *s)
{
    struct aaj_str text = aaj_arena_printf(&f->arena, "%" PRIu64 " event%s", s->events, s->events == 1 ? "" : "s");

    if (s->uid != AAJ_UID_NONE)
        text = aaj_arena_printf(&f->arena, "%.*s, uid %u", AAJ_STR_ARG(text), s->uid);
    if (s->comm.n)
        text =
            aaj_arena_printf(&f->arena, "%.*s, calls itself '%s'", AAJ_STR_ARG(text), aaj_escape(&f->arena, s->comm));
    aaj_diag_add(&f->diags, AAJ_NOTE, NULL, (struct aaj_loc){ 0 }, AAJ_STR(""), "%s%s%s: %.*s",
                 aaj_escape(&f->arena, s->label), s->pool.n ? "//" : "", aaj_escape(&f->arena, s->pool),
                 AAJ_STR_ARG(text));
}

static int say_which(struct init_found *f, const struct init_log *log, const char *why)
{
    aaj_error(&f->diags, (struct aaj_loc){ .file = f->source },
              "%s: say which with --profile or --uid, or let --all -o DIR write a manifest for each. There are", why);
    for (size_t i = 0; i < log->n && i < LISTED; i++)
        describe(f, &log->service[i]);
    if (log->n > LISTED)
        aaj_diag_add(&f->diags, AAJ_NOTE, NULL, (struct aaj_loc){ 0 }, AAJ_STR(""), "and %zu more", log->n - LISTED);
    return EXIT_INPUT;
}

static bool is_called(const struct init_service *s, struct aaj_str label)
{
    return aaj_str_starts(label, s->label) &&
           (s->pool.n ? label.n == s->label.n + 2 + s->pool.n && aaj_str_ends(label, s->pool) : label.n == s->label.n);
}

int init_log_choose(struct init_found *f, const struct init_log *log, const char *label, const char *uid,
                    const struct init_service **ret_service)
{
    const struct init_service *found = NULL;
    size_t n = 0;

    for (size_t i = 0; i < log->n; i++) {
        const struct init_service *s = &log->service[i];
        char own[16];

        snprintf(own, sizeof(own), "%u", s->uid);
        if (label ? !is_called(s, aaj_str_c(label)) : uid ? strcmp(own, uid) != 0 : s->pool.n > 0)
            continue;
        found = s;
        n++;
    }
    if (n > 1)
        return say_which(f, log, uid ? "several slaves act as this user" : "it tells of several slaves");
    if (n == 0)
        return say_which(f, log, label ? "it has no such profile" : "no slave in it acts as this user");
    if (found->master)
        aaj_diag_add(
            &f->diags, AAJ_NOTE, "pools", (struct aaj_loc){ .file = f->source }, AAJ_STR(""),
            "this is a master; each of its pools needs a manifest of its own to get its user's chain: --all -o DIR writes them");
    *ret_service = found;
    return EXIT_DONE;
}

void init_take_service(struct init_found *f, const struct init_service *s)
{
    if (s->label.n && s->label.p[0] == '/' && !s->pool.n)
        f->exe = s->label;
    f->name = s->label;
    f->master = s->label; /* a pool's; its jail is called as its manifest will be */
    f->pool = s->pool;
    f->comm = s->comm;
    f->uid = s->uid;
    f->is_master = s->master;
}
