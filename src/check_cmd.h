/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of aajail check share: the replay, the coverage, the policy tests, and how results are told.
 */
#pragma once

#include "base/json.h"
#include "check/coverage.h"
#include "check/proof.h"
#include "check/replay.h"
#include "compile/open.h"
#include "reader.h"
#include "report/results.h"
#include "verb.h"

enum { CHECK_INCLUDE_MAX = 16 };

enum check_format {
    CHECK_TEXT,
    CHECK_JSON,
    CHECK_TAP,
    CHECK_SARIF, /* these two are made from .results */
    CHECK_JUNIT,
};

struct check {
    const struct verb *verb;
    struct paths logs, recordings;
    const char *path, *label, *manifest, *root, *files, *target_name, *include[CHECK_INCLUDE_MAX];
    size_t n_include;
    bool coverage;
    enum check_format format;

    struct aaj_diags diags;
    struct aaj_arena arena;
    struct aaj_target *target;
    struct aaj_compile compile;
    struct aaj_str policy;
    int gathered; /* how reading it all ended */
    struct aaj_match *match;
    struct aaj_recording *recording;
    struct aaj_coverage cover;
    struct aaj_rules rules; /* where profiles stand in the text, for results */
    struct aaj_results results;
    json_object *out;
    size_t tap_n;
    bool finding, lost;
};

/* Each an exit status; findings set .finding. */
int check_read_events(struct check *c);
int check_replay(struct check *c);
int check_open_coverage(struct check *c);
void check_show_coverage(struct check *c);
bool check_seldom_used(const struct check *c,
                       size_t rule); /* a rule of the profile itself, by at most one event */
int check_tests(struct check *c);

static inline bool check_in_results(const struct check *c)
{
    return c->format == CHECK_SARIF || c->format == CHECK_JUNIT;
}

void check_tap(struct check *c, bool ok, const char *text);

/* The rules of the profile's text with what it includes, found as aajail check finds them. 0 or -errno;
 * @diags as policy_read_rules(). */
int check_read_rules(struct check *c, struct aaj_rules *ret_rules, struct aaj_diags *diags);

/* -- check_results.c: SARIF and JUnit
 * ----------------------------------------------------------------------------- */

void check_results_open(struct check *c);
void check_results_replay(struct check *c, const struct aaj_replay_roots *roots,
                          const struct aaj_replay_result *r);
void check_results_loss(struct check *c);
void check_results_coverage(struct check *c);
/* Findings from @from on are the failed tests. */
void check_results_tests(struct check *c, const struct aaj_manifest *manifest, size_t from);
/* Prints them; @status, or EXIT_REFUSED. */
int check_results_print(struct check *c, int status);
