/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail check --format=sarif|junit: a test case for each profile's replay and for each policy test; findings
 * stand at the profile's header in the policy, tests where the manifest has them. */
#include <inttypes.h>

#include "base/escape.h"
#include "check_cmd.h"

static const struct aaj_diag_kind kinds[] = {
    { "check-denied", AAJ_ERROR, "what was observed would be denied" },
    { "check-unreached", AAJ_ERROR, "it was observed below a program that may not be executed" },
    { "check-unconfined", AAJ_ERROR, "it was observed in a program that would run without confinement" },
    { "check-undecided", AAJ_NOTE, "the record says too little to decide" },
    { "check-lost", AAJ_ERROR, "events were lost, so that not all could be replayed" },
    { "check-test", AAJ_ERROR, "a policy test of the manifest fails" },
    { "check-unused", AAJ_NOTE, "no event used the rule" },
    { "check-single", AAJ_NOTE, "the rule rests on a single event" },
    { NULL, 0, NULL },
};

/* By enum aaj_replay_kind. */
static const struct aaj_diag_kind *const kind_of_group[] = { &kinds[0], &kinds[1], &kinds[3], &kinds[2] };

void check_results_open(struct check *c)
{
    c->results =
        (struct aaj_results){ .tool = "aajail", .version = AAJAIL_VERSION, .verb = "check", .kinds = kinds };
    /* Compiled policy has no lines: its findings are about the file. */
    if (check_read_rules(c, &c->rules, NULL) < 0)
        c->rules = (struct aaj_rules){ 0 };
}

static void add(struct check *c, struct aaj_result result)
{
    if (aaj_results_add(&c->results, &result) < 0)
        aaj_error(&c->diags, (struct aaj_loc){ 0 }, "out of memory");
}

/* The header of the profile, or of the one above it that the text has; else the file. */
static struct aaj_loc place_of(const struct check *c, struct aaj_str profile)
{
    while (profile.n) {
        const struct aaj_listed_profile *p = aaj_rules_profile(&c->rules, profile);
        size_t n = profile.n;

        if (p && p->loc.line)
            return p->loc;
        while (n && !(n >= 2 && profile.p[n - 1] == '/' && profile.p[n - 2] == '/'))
            n--;
        profile.n = n ? n - 2 : 0;
    }
    return (struct aaj_loc){ .file = aaj_str_c(c->path) };
}

static struct aaj_str group_message(struct check *c, const struct aaj_replay_group *g)
{
    const char *profile = aaj_escape(&c->arena, g->profile), *why = aaj_escape(&c->arena, g->why);
    const char *plural = g->events == 1 ? "" : "s";

    if (g->kind == AAJ_REPLAY_GROUP_DENIED && g->rule.n)
        return aaj_arena_printf(&c->arena, "%s would be denied `%s`: %s (%" PRIu64 " event%s)", profile,
                                aaj_escape(&c->arena, g->rule), why, g->events, plural);
    return aaj_arena_printf(&c->arena, "%s: %s (%" PRIu64 " event%s)", profile, why, g->events, plural);
}

void check_results_replay(struct check *c, const struct aaj_replay_roots *roots,
                          const struct aaj_replay_result *r)
{
    for (size_t i = 0; i < roots->n; i++)
        add(c, (struct aaj_result){ .suite = AAJ_STR("replay"), .name = roots->root[i].profile->name });
    for (size_t i = 0; i < r->n_groups; i++) {
        const struct aaj_replay_group *g = &r->group[i];
        const struct aaj_diag_kind *kind = kind_of_group[g->kind];

        add(c, (struct aaj_result){ .outcome = AAJ_OUTCOME_FINDING,
                                    .severity = kind->severity,
                                    .id = kind->id,
                                    .loc = place_of(c, g->profile),
                                    .suite = AAJ_STR("replay"),
                                    .name = g->profile,
                                    .message = group_message(c, g) });
    }
}

void check_results_loss(struct check *c)
{
    struct aaj_result result = { .suite = AAJ_STR("replay"), .name = AAJ_STR("no event was lost") };

    if (c->lost) {
        result.outcome = AAJ_OUTCOME_FINDING;
        result.severity = AAJ_ERROR;
        result.id = "check-lost";
        result.loc.file = aaj_str_c(c->path);
        result.message =
            AAJ_STR("events were lost when this was recorded: what is missing could not be replayed");
    }
    add(c, result);
}

void check_results_coverage(struct check *c)
{
    for (size_t i = 0; i < c->cover.rules.n_rules; i++) {
        const struct aaj_listed_rule *r = &c->cover.rules.rule[i];
        bool used = c->cover.events[i] > 0;

        if (!check_seldom_used(c, i))
            continue;
        add(c, (struct aaj_result){ .outcome = AAJ_OUTCOME_FINDING,
                                    .severity = AAJ_NOTE,
                                    .id = used ? "check-single" : "check-unused",
                                    .loc = r->loc,
                                    .suite = AAJ_STR("coverage"),
                                    .name = r->profile,
                                    .message = aaj_arena_printf(
                                        &c->arena, used ? "`%s` rests on one event" : "no event used `%s`",
                                        aaj_escape(&c->arena, r->text)) });
    }
}

static const struct aaj_diag *failure_of(const struct check *c, const struct aaj_scalar *test, size_t from)
{
    for (size_t i = from; i < c->diags.n; i++) {
        const struct aaj_diag *d = &c->diags.item[i];

        if (d->severity == AAJ_ERROR && d->loc.line == test->loc.line && d->loc.column == test->loc.column)
            return d;
    }
    return NULL;
}

static void add_tests(struct check *c, const struct aaj_scalars *tests, const char *what, size_t from)
{
    for (size_t i = 0; i < tests->n; i++) {
        const struct aaj_diag *d = failure_of(c, &tests->item[i], from);
        struct aaj_result result = { .suite = AAJ_STR("policy tests") };

        result.name = aaj_arena_printf(&c->arena, "%s %s", what, aaj_escape(&c->arena, tests->item[i].text));
        if (d) {
            result.outcome = AAJ_OUTCOME_FINDING;
            result.severity = AAJ_ERROR;
            result.id = "check-test";
            result.loc = d->loc;
            result.source = d->source;
            result.message = d->message;
        }
        add(c, result);
    }
}

void check_results_tests(struct check *c, const struct aaj_manifest *manifest, size_t from)
{
    add_tests(c, &manifest->test_allow, "allow", from);
    add_tests(c, &manifest->test_deny, "deny", from);
}

int check_results_print(struct check *c, int status)
{
    int r = 0;

    if (!c->results.kinds)
        c->results = (struct aaj_results){
            .tool = "aajail", .version = AAJAIL_VERSION, .verb = "check", .kinds = kinds
        };
    /* A run that could not be made must not look like one that found nothing. */
    if (status > EXIT_FINDING)
        r = aaj_results_add_diags(&c->results, &c->diags, 0, AAJ_STR("aajail check"), AAJ_STR("input"));
    if (r == 0)
        r = c->format == CHECK_SARIF ? aaj_results_sarif(stdout, &c->results)
                                     : aaj_results_junit(stdout, &c->results);
    return r < 0 ? EXIT_REFUSED : status;
}
