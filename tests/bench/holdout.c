/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How good is what is learned? holdout EXE LABEL FILES LEARN.log [REPLAY.log [ATTACK.log]]: learns from one log,
 * compiles, and asks the policy about every distinct access of the others. The profile goes to stdout, what is
 * denied, of an attack what is allowed, and a line of numbers to stderr. Executables that the first run refused, and
 * those it never ran, are counted apart with what happens below them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "check/decide.h"
#include "compile/compile.h"
#include "learn/learn.h"
#include "policy/print.h"
#include "recording/intake.h"

static struct aaj_diags diags = AAJ_DIAGS_INIT;

static void die(const char *what, int r)
{
    aaj_diags_print(stderr, &diags, false);
    fprintf(stderr, "%s: %s\n", what, strerror(-r));
    exit(1);
}

static struct aaj_recording *record(const char *path)
{
    struct aaj_intake_input input = { .fd = open(path, O_RDONLY | O_CLOEXEC), .name = aaj_str_c(path) };
    struct aaj_intake_options options = { 0 };
    struct aaj_recording *rec;
    int r = aaj_recording_new(&rec);

    if (r == 0)
        r = aaj_intake(rec, &input, 1, &options, &diags);
    if (r < 0)
        die(path, r);
    close(input.fd);
    return rec;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Which profile of the policy a label of the log leads to; NULL with *ret_excused for what lies below an
 * executable that was never learned. */
static const struct aaj_match_profile *follow(const struct aaj_match *match, struct aaj_str name, struct aaj_str top,
                                              struct aaj_str label, bool *ret_excused)
{
    const struct aaj_match_profile *p = aaj_match_find(match, name);
    struct aaj_match_world world = { &match, 1 };
    struct aaj_str rest = aaj_str_skip(label, top.n);

    *ret_excused = false;
    while (p && rest.n) {
        struct aaj_str seg;
        struct aaj_transition t;

        rest = aaj_str_skip(rest, 2);
        seg = aaj_str_head(rest, aaj_str_search(rest, AAJ_STR("//")));
        rest = aaj_str_skip(rest, seg.n);
        if (aaj_str_starts(seg, AAJ_STR("null-/"))) {
            if (aaj_match_exec(p, &world, aaj_str_skip(seg, 5), false, &t).verdict != AAJ_ALLOW) {
                *ret_excused = true;
                return NULL;
            }
            p = t.kind == AAJ_T_INHERIT ? p : t.profile;
        } else {
            char full[4096];

            if (aaj_str_starts(seg, AAJ_STR("null-")))
                seg = aaj_str_skip(seg, 5);
            snprintf(full, sizeof(full), "%.*s//%.*s", AAJ_STR_ARG(name), AAJ_STR_ARG(seg));
            p = aaj_match_find(match, aaj_str_c(full));
        }
    }
    return p;
}

/* A label of the log is where the policy leads to, which folds what the log has as one long chain. */
struct names {
    const struct aaj_match *match;
    const struct aaj_learned *learned;
};

static struct aaj_str peer(void *ctx, struct aaj_str label)
{
    const struct names *names = ctx;
    const struct aaj_match_profile *p;
    struct aaj_str rest = aaj_str_skip(label, names->learned->label.n);
    bool out;

    if (!aaj_str_starts(label, names->learned->label) || (rest.n && !aaj_str_starts(rest, AAJ_STR("//"))))
        return label;
    p = follow(names->match, names->learned->name, names->learned->label, label, &out);
    return p ? p->name : label;
}

static void show(struct aaj_recording *rec, const struct aaj_access *a, const char *why)
{
    fprintf(stderr, "%s %.*s %.*s", why, AAJ_STR_ARG(aaj_recording_str(rec, a->label)),
            AAJ_STR_ARG(aaj_recording_str(rec, a->op)));
    for (unsigned i = 0; i < AAJ_ARGS; i++)
        if (aaj_recording_str(rec, a->arg[i]).n)
            fprintf(stderr, " %.*s", AAJ_STR_ARG(aaj_recording_str(rec, a->arg[i])));
    fprintf(stderr, " mask %x\n", a->denied_mask);
}

static void replay(const char *title, const struct aaj_match *match, const struct aaj_learned *learned,
                   struct aaj_recording *rec, bool attack)
{
    size_t n, seen = 0, denied = 0, excused = 0, rest = 0;
    struct aaj_match_world world = { &match, 1 };
    struct names names = { match, learned };
    const struct aaj_access *a;

    aaj_recording_accesses(rec, &a, &n);
    for (size_t i = 0; i < n; i++) {
        struct aaj_str label = aaj_recording_str(rec, a[i].label);
        struct aaj_replay_subject subject = { .world = &world, .recording = rec, .peer = peer, .ctx = &names };
        struct aaj_replay_decision d;
        bool out;

        if (!aaj_str_starts(label, learned->label))
            continue;
        subject.profile = follow(match, learned->name, learned->label, label, &out);
        if (out) {
            excused++;
            continue;
        }
        seen++;
        if (!subject.profile) {
            denied++;
            show(rec, &a[i], "no profile");
            continue;
        }
        d = aaj_replay_decide(&subject, &a[i]);
        rest += d.verdict == AAJ_REPLAY_IRRELEVANT || d.verdict == AAJ_REPLAY_NOT_MEDIATED;
        if (d.verdict == AAJ_REPLAY_DENIED || d.verdict == AAJ_REPLAY_UNDECIDED) {
            denied++;
            if (!attack)
                show(rec, &a[i], d.verdict == AAJ_REPLAY_DENIED ? "denied" : "undecided");
        } else if (attack && d.verdict == AAJ_REPLAY_ALLOWED) {
            show(rec, &a[i], "passed");
        }
    }
    fprintf(stderr, "%s: replayed %zu, denied %zu (%.2f %%), below what was not learned %zu, no question %zu\n", title,
            seen, denied, seen ? 100.0 * (double)denied / (double)seen : 0.0, excused, rest);
}

/* Existing files that the policy opens, but for the system's own and for what the slave's user owns. */
struct surface {
    const struct aaj_match *match;
    uint32_t uid;
    size_t read, write, closed, setuid;
    bool list;
};

static int measure(void *data, const struct aaj_fact *fact)
{
    static const char *const out[] = { "/usr/", "/proc/", "/sys/", "/dev/" };
    struct surface *s = data;
    bool r = false, w = false, x = false;

    if (fact->type != 'f')
        return 0;
    for (size_t i = 0; i < aaj_match_count(s->match); i++)
        for (int owner = 0; owner < 2; owner++) {
            const struct aaj_match_profile *p = aaj_match_profile(s->match, i);

            if (owner && fact->uid != s->uid)
                continue;
            r |= aaj_match_file(p, fact->path, owner, aaj_replay_file_perms(AAJ_MAY_READ)).verdict == AAJ_ALLOW;
            w |= aaj_match_file(p, fact->path, owner, aaj_replay_file_perms(AAJ_MAY_WRITE)).verdict == AAJ_ALLOW;
            x |= aaj_match_exec(p, &(struct aaj_match_world){ &s->match, 1 }, fact->path, owner, &(struct aaj_transition){ 0 }).verdict == AAJ_ALLOW;
        }
    s->setuid += x && (fact->bits & (AAJ_FACT_SETUID | AAJ_FACT_SETGID));
    if (x && (fact->bits & (AAJ_FACT_SETUID | AAJ_FACT_SETGID)))
        fprintf(stderr, "setuid %.*s\n", AAJ_STR_ARG(fact->path));
    for (unsigned i = 0; i < 4; i++)
        if (aaj_str_starts(fact->path, aaj_str_c(out[i])))
            return 0;
    if (s->uid && fact->uid == s->uid)
        return 0;
    s->read += r;
    s->write += w;
    s->closed += r && !(fact->bits & AAJ_FACT_WORLD_READ);
    if (s->list && (r || w))
        fprintf(stderr, "%c%c%c %.*s\n", r ? 'r' : '-', w ? 'w' : '-', fact->bits & AAJ_FACT_WORLD_READ ? ' ' : '!',
                AAJ_STR_ARG(fact->path));
    return 0;
}

/* What is learned from, and what came of it. */
struct holdout {
    struct aaj_arena arena;
    struct aaj_learn_input in;
    struct aaj_manifest *manifest;
    struct aaj_target *target;
    struct aaj_ceiling *ceiling;
    struct aaj_learned *learned;
    struct aaj_match *match;
    char template_path[4096];
    char *text; /* the profile */
};

static void open_files(struct holdout *h, const char *list)
{
    struct aaj_str text;
    int r = aaj_fsview_new(&h->in.files);

    if (r == 0 && *list) {
        r = aaj_file_read(list, 1 << 28, &h->arena, &text);
        if (r == 0)
            r = aaj_fsview_add_list(h->in.files, text, aaj_str_c(list), &diags);
    }
    if (r < 0)
        die("files", r);
}

/* EXECUTABLE LABEL FILES LOG */
static void set_up(struct holdout *h, char **arg)
{
    const char *source = getenv("AAJ_SOURCE"), *template = getenv("TEMPLATE"), *off = getenv("OFF");
    int r = aaj_manifest_default(aaj_str_c(arg[0]), AAJ_STR(""), &h->manifest);

    if (r == 0)
        r = aaj_target_open(getenv("TARGET"), source, &diags, &h->target);
    snprintf(h->template_path, sizeof(h->template_path), "%s/templates/%s", source, template ? template : "minimal");
    if (r == 0)
        r = aaj_file_read(h->template_path, 1 << 20, &h->arena, &h->in.template_text);
    if (r == 0)
        r = aaj_ceiling_open(source, &diags, &h->ceiling);
    if (r == 0)
        r = aaj_ceiling_apply(h->ceiling, h->manifest, &diags);
    if (r < 0)
        die("setup", r);
    open_files(h, arg[2]);
    h->in.manifest = h->manifest;
    h->in.target = h->target;
    h->in.ceiling = h->ceiling;
    h->in.template_name = aaj_str_c(h->template_path);
    h->in.label = aaj_str_c(arg[1]);
    h->in.off = off ? (uint32_t)strtoul(off, NULL, 0) : 0;
    h->in.comments = getenv("COMMENTS") != NULL;
    h->in.recording = record(arg[3]);
}

static void learn(struct holdout *h)
{
    double t = now();
    size_t n;
    FILE *f;
    int r = aaj_learn_run(&h->in, &diags, &h->learned);

    if (r < 0)
        die("learn", r);
    t = now() - t;
    f = open_memstream(&h->text, &n);
    if (!f || aaj_policy_print(f, h->learned->policy) < 0 || fclose(f) != 0)
        die("print", -ENOMEM);
    fputs(h->text, stdout);
    fflush(stdout);
    fprintf(stderr, "%zu accesses, %zu granted, %zu refused, %zu rules, learned in %.3f s\n", h->learned->stats.accesses,
            h->learned->n_granted, h->learned->n_refused, h->learned->n_rules, t);
}

static void show_left_out(const struct holdout *h)
{
    const struct aaj_learned *l = h->learned;
    const struct aaj_access *a;
    size_t n;

    if (getenv("REFUSED") && aaj_recording_accesses(h->in.recording, &a, &n) == 0)
        for (size_t i = 0; i < l->n_refused; i++) {
            fprintf(stderr, "[%s] ", aaj_refusal_reason(l->refused[i].why));
            show(h->in.recording, &a[l->refused[i].access], "refused");
        }
    for (size_t i = 0; i < l->n_proposals; i++)
        fprintf(stderr, "proposal: %.*s (%llu)\n", AAJ_STR_ARG(l->proposal[i].dest), (unsigned long long)l->proposal[i].events);
}

static void compile(struct holdout *h)
{
    const struct aaj_compile c = { .target = h->target, .file = AAJ_STR("learned") };
    struct aaj_str blob;
    int r = aaj_compile(&c, aaj_str_c(h->text), &h->arena, &diags, &blob);

    if (r < 0)
        die("compile", r);
    r = aaj_match_open(blob, c.file, &diags, &h->match);
    if (r < 0)
        die("match", r);
}

/* May anything of the jail write this file? */
static void ask_one(const struct holdout *h, struct aaj_str name)
{
    bool w = false;

    for (size_t i = 0; i < aaj_match_count(h->match); i++)
        for (int owner = 0; owner < 2; owner++)
            w |= aaj_match_file(aaj_match_profile(h->match, i), name, owner,
                                aaj_replay_file_perms(AAJ_MAY_WRITE)).verdict == AAJ_ALLOW;
    fprintf(stderr, "%.*s may%s be written\n", AAJ_STR_ARG(name), w ? "" : " not");
}

static void ask(const struct holdout *h, const char *names)
{
    for (struct aaj_str rest = aaj_str_c(names), name; rest.n; rest = aaj_str_skip(rest, name.n + 1)) {
        name = aaj_str_head(rest, aaj_str_find(rest, ' '));
        ask_one(h, name);
    }
}

static void show_surface(const struct holdout *h, const char *uid)
{
    struct surface surface = { .match = h->match, .uid = (uint32_t)atoi(uid), .list = getenv("LIST") };

    aaj_fsview_walk(h->in.files, measure, &surface);
    fprintf(stderr, "surface: read %zu (not by all %zu), written %zu, setuid %zu\n", surface.read, surface.closed,
            surface.write, surface.setuid);
}

static void replay_log(struct holdout *h, const char *title, const char *log, bool attack)
{
    struct aaj_recording *rec;

    if (!log || !*log)
        return;
    rec = record(log);
    replay(title, h->match, h->learned, rec, attack);
    aaj_recording_free(rec);
}

static void judge(struct holdout *h, const char *held_out, const char *attack)
{
    if (getenv("ASK"))
        ask(h, getenv("ASK"));
    if (getenv("SURFACE"))
        show_surface(h, getenv("SURFACE"));
    replay("learn run", h->match, h->learned, h->in.recording, false);
    replay_log(h, "held out", held_out, false);
    replay_log(h, "attack", attack, true);
}

static void clear(struct holdout *h)
{
    aaj_match_free(h->match);
    aaj_learned_free(h->learned);
    aaj_recording_free(h->in.recording);
    aaj_fsview_free(h->in.files);
    aaj_ceiling_free(h->ceiling);
    aaj_target_free(h->target);
    aaj_manifest_free(h->manifest);
    aaj_diags_clear(&diags);
    aaj_arena_clear(&h->arena);
    free(h->text);
}

int main(int argc, char **argv)
{
    struct holdout h = { 0 };

    if (argc < 5)
        return 2;
    set_up(&h, argv + 1);
    learn(&h);
    show_left_out(&h);
    if (!getenv("NOCOMPILE")) {
        compile(&h);
        judge(&h, argc > 5 ? argv[5] : NULL, argc > 6 ? argv[6] : NULL);
    }
    clear(&h);
    return 0;
}
