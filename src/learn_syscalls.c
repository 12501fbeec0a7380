/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "learn_syscalls.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "reader.h"
#include "verb.h"

static const struct aaj_loc nowhere;
static const struct aaj_str default_key = AAJ_STR_INIT("aajail");

static int from_manifest(struct learn_syscalls *s, struct aaj_arena *arena, struct aaj_diags *diags)
{
    struct aaj_manifest *m = NULL;
    struct aaj_str text;
    int r = read_manifest_file(s->what, arena, diags, &text, &m);

    if (r < 0)
        return EXIT_INPUT;
    if (m->hat.text.n) {
        aaj_error(diags, m->hat.loc, "a pool is a part of its master's processes: learn with the master's manifest");
        aaj_manifest_free(m);
        return EXIT_INPUT;
    }
    s->options.label = aaj_arena_dup(arena, m->jail.text);
    s->options.slave = aaj_arena_dup(arena, m->slave.text);
    s->manifest_user = aaj_arena_dup(arena, m->user.text);
    aaj_manifest_free(m);
    return s->options.label.p && s->options.slave.p && s->manifest_user.p ? EXIT_DONE : EXIT_REFUSED;
}

int learn_syscalls_open(struct learn_syscalls *s, struct aaj_arena *arena, struct aaj_diags *diags)
{
    struct aaj_str what = aaj_str_c(s->what), label = s->options.label;
    int status = EXIT_DONE;

    if (aaj_str_ends(what, AAJ_STR(".yaml")) || aaj_str_ends(what, AAJ_STR(".yml")))
        status = from_manifest(s, arena, diags);
    else if (what.p[0] != '/') {
        status = EXIT_INPUT;
        aaj_error(diags, (struct aaj_loc){ .file = what }, "name the executable by its whole path, as the log does");
    } else {
        s->options.slave = s->options.label = what;
    }
    if (label.n)
        s->options.label = label; /* --profile */
    return status;
}

/* By name on this machine, or a number. */
static int uid_of(const char *user, uint32_t *ret_uid)
{
    const struct passwd *pw;
    unsigned long n;
    char *end;

    errno = 0;
    n = strtoul(user, &end, 10);
    if (*user && !*end && !errno && n < UINT32_MAX) {
        *ret_uid = (uint32_t)n;
        return 0;
    }
    pw = getpwnam(user);
    if (!pw)
        return -ENOENT;
    *ret_uid = pw->pw_uid;
    return 0;
}

int learn_syscalls_rules(const struct learn_syscalls *s, struct aaj_diags *diags)
{
    const char *user = s->user ? s->user : s->manifest_user.n ? s->manifest_user.p : NULL;
    uint32_t uid;
    int r;

    if (!user) {
        aaj_error(diags, nowhere, "say whose calls are to be logged: --user NAME, or a manifest with user");
        return EXIT_USAGE;
    }
    if (uid_of(user, &uid) < 0) {
        aaj_error(diags, nowhere, "there is no user %s on this machine; its number can be given", user);
        return EXIT_INPUT;
    }
    r = aaj_trace_rules(stdout, s->options.slave, uid, s->options.key.n ? s->options.key : default_key);
    if (r == -EINVAL)
        aaj_error(diags, nowhere, "audit rules cannot hold such a path or key");
    return r == -EINVAL ? EXIT_INPUT : r < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int write_text(struct aaj_recording *rec, struct aaj_arena *arena, struct aaj_str *text)
{
    char *out_text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&out_text, &n);
    int r = out ? aaj_recording_write(rec, out) : -ENOMEM;

    if (out && fclose(out) != 0)
        r = -ENOMEM;
    if (r == 0) {
        *text = aaj_arena_dup(arena, (struct aaj_str){ out_text, n });
        r = text->p ? 0 : -ENOMEM;
    }
    free(out_text);
    return r;
}

int learn_syscalls_resolve(const struct learn_syscalls *s, struct aaj_arena *arena, struct aaj_str *text,
                           struct aaj_diags *diags)
{
    struct aaj_recording *rec = NULL, *resolved = NULL;
    struct aaj_fsview *files = NULL;
    int status = open_files(s->root, s->files, &files, diags), r = 0;

    if (status != EXIT_DONE)
        return status;
    r = aaj_recording_new(&rec);
    if (r == 0)
        r = aaj_recording_read(rec, *text, AAJ_STR("the reading process"), diags);
    if (r == 0)
        r = aaj_trace_resolve(rec, files, &resolved);
    if (r == 0)
        r = write_text(resolved, arena, text);
    aaj_recording_free(resolved);
    aaj_recording_free(rec);
    aaj_fsview_free(files);
    return r == -EINVAL ? EXIT_INPUT : r < 0 ? EXIT_REFUSED : EXIT_DONE;
}
