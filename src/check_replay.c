/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail check: what the profile would do to what was observed. */
#include <inttypes.h>

#include "base/escape.h"
#include "check_cmd.h"

static const char *const kind_name[] = { "denied", "unreached", "undecided", "unconfined" };

static void print_group(struct check *c, const struct aaj_replay_group *g, struct aaj_str *heading)
{
    const char *profile = aaj_escape(&c->arena, g->profile);
    const struct aaj_access *access;
    size_t n;

    if (!aaj_str_eq(*heading, g->profile)) {
        printf("%s\n", profile);
        *heading = g->profile;
    }
    if (g->kind == AAJ_REPLAY_GROUP_DENIED && g->rule.n)
        printf("  %-50s ", aaj_escape(&c->arena, g->rule));
    else
        printf("  %s: %-40s ", kind_name[g->kind], aaj_escape(&c->arena, g->why));
    printf("# %" PRIu64 " event%s%s", g->events, g->events == 1 ? "" : "s",
           g->only_denied ? ", denied then already" : "");
    if (g->kind == AAJ_REPLAY_GROUP_DENIED && aaj_recording_accesses(c->recording, &access, &n) == 0)
        printf("; %s%s%s", aaj_escape(&c->arena, aaj_recording_str(c->recording, access[g->access].op)),
               g->rule.n ? "; " : "", g->rule.n ? aaj_escape(&c->arena, g->why) : "");
    putchar('\n');
}

static json_object *group_json(struct check *c, const struct aaj_replay_group *g)
{
    json_object *o = json_object_new_object();
    const struct aaj_access *access;
    struct aaj_str sample = { 0 };
    size_t n;

    json_object_object_add(o, "kind", json_object_new_string(kind_name[g->kind]));
    json_object_object_add(o, "profile", aaj_json_bytes(g->profile));
    json_object_object_add(o, "class", json_object_new_string(aaj_class_info[g->class].name));
    if (g->rule.n)
        json_object_object_add(o, "rule", aaj_json_bytes(g->rule));
    json_object_object_add(o, "why", aaj_json_bytes(g->why));
    json_object_object_add(o, "accesses", json_object_new_uint64(g->accesses));
    json_object_object_add(o, "events", json_object_new_uint64(g->events));
    json_object_object_add(o, "only_denied", json_object_new_boolean(g->only_denied));
    if (aaj_recording_accesses(c->recording, &access, &n) == 0)
        sample = aaj_recording_sample(c->recording, &access[g->access]);
    if (sample.n)
        json_object_object_add(o, "sample", aaj_json_bytes(sample));
    return o;
}

static void show_counts(struct check *c, const struct aaj_replay_result *r)
{
    size_t denied = r->accesses[AAJ_REPLAY_DENIED], total = r->unreached + r->unconfined;

    for (size_t i = 0; i <= AAJ_REPLAY_UNDECIDED; i++)
        total += r->accesses[i];
    printf("%s%zu of %zu distinct accesses would be denied; %zu allowed, %zu not mediated by %s, %zu need no "
           "rule, "
           "%zu undecided, %zu below a refused exec, %zu unconfined\n",
           r->n_groups ? "\n" : "", denied, total, r->accesses[AAJ_REPLAY_ALLOWED],
           r->accesses[AAJ_REPLAY_NOT_MEDIATED], c->target->name, r->accesses[AAJ_REPLAY_IRRELEVANT],
           r->accesses[AAJ_REPLAY_UNDECIDED], r->unreached, r->unconfined);
}

static void counts_json(struct check *c, const struct aaj_replay_result *r)
{
    static const char *const name[] = { "allowed", "denied", "not_mediated", "no_rule_needed", "undecided" };
    json_object *counts = json_object_new_object(), *groups = json_object_new_array();

    for (size_t i = 0; i <= AAJ_REPLAY_UNDECIDED; i++)
        json_object_object_add(counts, name[i], json_object_new_uint64(r->accesses[i]));
    json_object_object_add(counts, "unreached", json_object_new_uint64(r->unreached));
    json_object_object_add(counts, "unconfined", json_object_new_uint64(r->unconfined));
    json_object_object_add(c->out, "accesses", counts);
    for (size_t i = 0; i < r->n_groups; i++)
        json_object_array_add(groups, group_json(c, &r->group[i]));
    json_object_object_add(c->out, "groups", groups);
}

static void show_tap(struct check *c, const struct aaj_replay_result *r)
{
    for (size_t i = 0; i < r->n_groups; i++) {
        const struct aaj_replay_group *g = &r->group[i];

        if (g->kind != AAJ_REPLAY_GROUP_UNDECIDED)
            check_tap(c, false,
                      aaj_arena_printf(&c->arena, "replay: %s %s %s", aaj_escape(&c->arena, g->profile),
                                       kind_name[g->kind],
                                       aaj_escape(&c->arena, g->rule.n ? g->rule : g->why))
                          .p);
    }
    if (aaj_replay_clean(r))
        check_tap(c, true, "replay: nothing would be denied");
}

static void show_text(struct check *c, const struct aaj_replay_result *r)
{
    struct aaj_str heading = { 0 };

    for (size_t i = 0; i < r->n_groups; i++)
        print_group(c, &r->group[i], &heading);
    show_counts(c, r);
}

static void show_replay(struct check *c, const struct aaj_replay_roots *roots,
                        const struct aaj_replay_result *r)
{
    c->finding |= !aaj_replay_clean(r);
    switch (c->format) {
    case CHECK_TEXT:
        show_text(c, r);
        break;
    case CHECK_JSON:
        counts_json(c, r);
        break;
    case CHECK_TAP:
        show_tap(c, r);
        break;
    case CHECK_SARIF:
    case CHECK_JUNIT:
        check_results_replay(c, roots, r);
        break;
    }
}

static void decided(void *ctx, size_t i, const struct aaj_match_profile *profile,
                    const struct aaj_replay_decision *decision)
{
    struct check *c = ctx;
    const struct aaj_access *access;
    size_t n;

    if (c->coverage && decision->verdict == AAJ_REPLAY_ALLOWED &&
        aaj_recording_accesses(c->recording, &access, &n) == 0)
        aaj_coverage_add(&c->cover, c->recording, &access[i], profile->name);
}

int check_read_events(struct check *c)
{
    int status = EXIT_DONE;

    if (aaj_recording_new(&c->recording) < 0)
        return EXIT_REFUSED;
    if (c->logs.n)
        status = read_logs(&c->logs, NULL, c->recording, &c->diags);
    if (status == EXIT_DONE && c->recordings.n)
        status = read_recordings(&c->recordings, c->recording, &c->diags);
    return status;
}

/* What the log holds of others: neither a finding nor passed over in silence. */
static void others_text(struct check *c, const struct aaj_replay_roots *roots)
{
    for (size_t i = 0; i < roots->n_others; i++)
        printf("%s%s (%zu)", i ? ", " : "not of this policy, so not replayed: ",
               aaj_escape(&c->arena, roots->other[i].label), roots->other[i].accesses);
    if (roots->n_others)
        putchar('\n');
}

static void others_json(struct check *c, const struct aaj_replay_roots *roots)
{
    json_object *list = json_object_new_array();

    for (size_t i = 0; i < roots->n_others; i++) {
        json_object *o = json_object_new_object();

        json_object_object_add(o, "label", aaj_json_bytes(roots->other[i].label));
        json_object_object_add(o, "accesses", json_object_new_uint64(roots->other[i].accesses));
        json_object_array_add(list, o);
    }
    json_object_object_add(c->out, "other_labels", list);
}

static void note_loss(struct check *c)
{
    struct aaj_account account = aaj_recording_account(c->recording);

    c->lost = account.incomplete || account.lost;
    if (c->format == CHECK_JSON)
        json_object_object_add(c->out, "complete", json_object_new_boolean(!c->lost));
    else if (check_in_results(c))
        check_results_loss(c);
    if (c->lost)
        aaj_diag_add(&c->diags, AAJ_WARNING, "check-lost", (struct aaj_loc){ 0 }, (struct aaj_str){ 0 },
                     "events were lost when this was recorded: what is missing could not be replayed");
}

int check_replay(struct check *c)
{
    struct aaj_replay_input in = { .match = c->match, .decided = decided, .ctx = c };
    struct aaj_replay_result result = { 0 };
    struct aaj_replay_roots roots = { 0 };
    int status = EXIT_DONE;

    in.recording = c->recording;
    if (aaj_replay_roots(c->recording, c->match, aaj_str_c(c->label), &c->diags, &roots) < 0)
        return EXIT_INPUT;
    in.root = roots.root;
    in.n_roots = roots.n;
    in.only = roots.only;
    if (aaj_replay_run(&in, &result) < 0) {
        status = EXIT_REFUSED;
    } else {
        show_replay(c, &roots, &result);
        if (c->format == CHECK_TEXT)
            others_text(c, &roots);
        else if (c->format == CHECK_JSON)
            others_json(c, &roots);
        note_loss(c);
    }
    aaj_replay_clear(&result);
    aaj_replay_roots_clear(&roots);
    return status;
}
