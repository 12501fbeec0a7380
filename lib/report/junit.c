/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JUnit's XML, as far as all readers agree on it: testsuites, testsuite, testcase with a name and a
 * classname, one failure or error a case, system-out. There is no standard; the attributes that only some
 * know (file, line) are left out, and places stand in the text. Text goes through aaj_escape_html(): no
 * control, nothing that XML cannot hold.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "report/results.h"

/* Suites and cases are dense numbers, in the order in which they first occur; their results are lists in list
 * order. */
struct cases {
    struct aaj_intern suites, names; /* names: "suite NUL name" */
    struct test_case {
        uint32_t suite, first, last; /* results; index + 1 */
        bool broken, failed;
    } * item;
    uint32_t *next; /* by result: the next of its case, index + 1 */
    size_t cap;
};

struct counts {
    size_t tests, failures, errors;
};

static int add_result(struct cases *c, const struct aaj_results *results, size_t i, struct aaj_arena *scratch)
{
    const struct aaj_result *r = &results->item[i];
    struct aaj_str key =
        aaj_arena_printf(scratch, "%.*s%c%.*s", AAJ_STR_ARG(r->suite), 0, AAJ_STR_ARG(r->name));
    struct test_case *t;
    uint32_t suite, id;

    if (!key.p || aaj_intern_add(&c->suites, r->suite, &suite) < 0 || aaj_intern_add(&c->names, key, &id) < 0)
        return -ENOMEM;
    t = &c->item[id];
    t->suite = suite;
    if (t->last)
        c->next[t->last - 1] = (uint32_t)i + 1;
    else
        t->first = (uint32_t)i + 1;
    t->last = (uint32_t)i + 1;
    t->broken |= r->outcome == AAJ_OUTCOME_BROKEN;
    t->failed |= r->outcome == AAJ_OUTCOME_FINDING && r->severity > AAJ_NOTE;
    return 0;
}

static void clear_cases(struct cases *c)
{
    aaj_intern_clear(&c->suites);
    aaj_intern_clear(&c->names);
    free(c->item);
    free(c->next);
}

static int collect(const struct aaj_results *results, struct cases *ret)
{
    struct cases c = { .item = calloc(results->n + 1, sizeof(*c.item)),
                       .next = calloc(results->n + 1, sizeof(*c.next)) };
    struct aaj_arena scratch = AAJ_ARENA_INIT;
    int r =
        c.item && c.next && aaj_intern_init(&c.suites) == 0 && aaj_intern_init(&c.names) == 0 ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && i < results->n; i++) {
        r = add_result(&c, results, i, &scratch);
        aaj_arena_clear(&scratch);
    }
    if (r == 0)
        *ret = c;
    else
        clear_cases(&c);
    return r;
}

static void attribute(FILE *out, const char *name, struct aaj_str value)
{
    fprintf(out, " %s=\"", name);
    aaj_escape_html(out, value);
    fputc('"', out);
}

static void text_line(FILE *out, const struct aaj_result *r)
{
    if (r->loc.file.n) {
        aaj_escape_html(out, r->loc.file);
        if (r->loc.line)
            fprintf(out, ":%u", r->loc.line);
        if (r->loc.line && r->loc.column)
            fprintf(out, ":%u", r->loc.column);
        fputs(": ", out);
    }
    aaj_escape_html(out, r->message);
    fputc('\n', out);
}

static bool fails(const struct aaj_result *r)
{
    return r->outcome == AAJ_OUTCOME_BROKEN || (r->outcome == AAJ_OUTCOME_FINDING && r->severity > AAJ_NOTE);
}

/* The results of a case that fail it and what belongs to them (@failing), or those that only say something.
 */
static void texts(FILE *out, const struct aaj_results *results, const struct cases *c,
                  const struct test_case *t, bool failing)
{
    bool belongs = false;

    for (uint32_t i = t->first; i; i = c->next[i - 1]) {
        const struct aaj_result *r = &results->item[i - 1];

        belongs = fails(r) || (r->related && belongs);
        if (r->outcome != AAJ_OUTCOME_PASS && belongs == failing)
            text_line(out, r);
    }
}

static bool has_notes(const struct aaj_results *results, const struct cases *c, const struct test_case *t)
{
    for (uint32_t i = t->first; i; i = c->next[i - 1])
        if (results->item[i - 1].outcome != AAJ_OUTCOME_PASS && !fails(&results->item[i - 1]))
            return true;
    return false;
}

static void print_failure(FILE *out, const struct aaj_results *results, const struct cases *c,
                          const struct test_case *t)
{
    const char *element = t->broken ? "error" : "failure";
    const struct aaj_result *r;
    uint32_t i = t->first;

    while (!fails(&results->item[i - 1]))
        i = c->next[i - 1];
    r = &results->item[i - 1];
    fprintf(out, "      <%s", element);
    attribute(out, "type", aaj_str_c(r->id ? r->id : "input"));
    attribute(out, "message", r->message);
    fputc('>', out);
    texts(out, results, c, t, true);
    fprintf(out, "</%s>\n", element);
}

static void print_case(FILE *out, const struct aaj_results *results, const struct cases *c,
                       const struct test_case *t)
{
    const struct aaj_result *first = &results->item[t->first - 1];
    bool notes = has_notes(results, c, t), bad = t->broken || t->failed;

    fputs("    <testcase", out);
    attribute(out, "classname", first->suite);
    attribute(out, "name", first->name);
    if (!bad && !notes) {
        fputs("/>\n", out);
        return;
    }
    fputs(">\n", out);
    if (bad)
        print_failure(out, results, c, t);
    if (notes && !bad) {
        fputs("      <system-out>", out);
        texts(out, results, c, t, false);
        fputs("</system-out>\n", out);
    }
    fputs("    </testcase>\n", out);
}

/* Of one suite, or (UINT32_MAX) of all. */
static struct counts count(const struct cases *c, uint32_t suite)
{
    struct counts n = { 0 };

    for (uint32_t i = 0; i < c->names.n; i++) {
        const struct test_case *t = &c->item[i];

        if (!t->first || (suite != UINT32_MAX && t->suite != suite))
            continue;
        n.tests++;
        n.errors += t->broken;
        n.failures += t->failed && !t->broken;
    }
    return n;
}

static void print_counts(FILE *out, struct counts n)
{
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n", n.tests, n.failures, n.errors);
}

int aaj_results_junit(FILE *out, const struct aaj_results *results)
{
    struct cases c;
    int r = collect(results, &c);

    if (r < 0)
        return r;
    fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"%s %s\"", results->tool,
            results->verb);
    print_counts(out, count(&c, UINT32_MAX));
    for (uint32_t s = 0; s < c.suites.n; s++) {
        struct counts n = count(&c, s);

        if (n.tests == 0)
            continue;
        fputs("  <testsuite", out);
        attribute(out, "name", aaj_intern_str(&c.suites, s));
        print_counts(out, n);
        for (uint32_t i = 0; i < c.names.n; i++)
            if (c.item[i].first && c.item[i].suite == s)
                print_case(out, results, &c, &c.item[i]);
        fputs("  </testsuite>\n", out);
    }
    fputs("</testsuites>\n", out);
    clear_cases(&c);
    return 0;
}
