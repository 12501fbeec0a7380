/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail query PROFILE: what the compiled policy decides, one question at a time or a million. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/grow.h"
#include "base/json.h"
#include "compile/open.h"
#include "match/query.h"
#include "sandbox.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "batch", 'b', NULL, "answer in blocks: for many questions at once" },
    { "table", 't', "FILE", "rows that begin with the expected answer: print those that differ" },
    { "label", 'l', "LABEL", "whom a question on the command line is about (the first profile)" },
    { "target", 'T', "TARGET", "what PROFILE is compiled for (debian12)" },
    { "include", 'I', "DIR", "another folder for include <…>; repeatable" },
    OPT_JSON,
    OPT_END,
};

enum { LINE_MAX_BYTES = 1024 * 1024, INCLUDE_MAX = 16, ARENA_MAX = 1024 * 1024 };

struct query {
    const struct verb *verb;
    struct aaj_target *target;
    char **operand;
    int n_operands;
    FILE *in; /* rows */
    struct aaj_str policy;
    struct aaj_match *match; /* the child's, as is what follows */
    struct aaj_match_world world;
    struct aaj_diags diags;
    struct aaj_arena keep, scratch;
    const char *label, *table, *target_name, *include[INCLUDE_MAX];
    size_t n_include;
    bool json, batch;
    bool denied, bad; /* of all answers */
    size_t rows, differ;
};

/* What the target would have to mediate for a question of this class to reach the policy. */
static unsigned mediation_of(struct aaj_str class)
{
    static const struct {
        const char *class;
        unsigned bit;
    } table[] = {
        { "net", AAJ_MEDIATES_NETWORK },       { "unix", AAJ_MEDIATES_NETWORK },
        { "dbus", AAJ_MEDIATES_DBUS },         { "signal", AAJ_MEDIATES_SIGNAL },
        { "ptrace", AAJ_MEDIATES_PTRACE },     { "mount", AAJ_MEDIATES_MOUNT },
        { "umount", AAJ_MEDIATES_MOUNT },      { "pivot_root", AAJ_MEDIATES_MOUNT },
        { "userns", AAJ_MEDIATES_USERNS },     { "mqueue", AAJ_MEDIATES_MQUEUE },
        { "io_uring", AAJ_MEDIATES_IO_URING },
    };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(table); i++)
        if (aaj_str_eq(class, aaj_str_c(table[i].class)))
            return table[i].bit;
    return 0;
}

/* Why, in words. */
static struct aaj_str reason(struct query *q, const struct aaj_query *row, const struct aaj_answer *a)
{
    const struct aaj_decision *d = &a->decision;

    if (d->verdict == AAJ_NOT_MEDIATED) {
        bool target = mediation_of(row->class) & ~q->target->mediates;

        return aaj_arena_printf(&q->scratch, "%s does not mediate %.*s",
                                target ? q->target->name : "this policy", AAJ_STR_ARG(row->class));
    }
    if (d->verdict == AAJ_ALLOW && d->why == AAJ_WHY_RULE)
        return aaj_str_c(d->audit ? "a rule allows it, logged" : "a rule allows it");
    return aaj_str_c(aaj_why_text(d->why));
}

static void print_text(struct query *q, const struct aaj_query *row, const struct aaj_answer *a)
{
    struct aaj_str why = reason(q, row, a);

    printf("%s\t", aaj_verdict_name(a->decision.verdict));
    aaj_escape_terminal(stdout, a->missing.n ? a->missing : AAJ_STR("-"));
    printf("\t%.*s", AAJ_STR_ARG(why));
    if (a->detail.n) {
        printf(": ");
        aaj_escape_terminal(stdout, a->detail);
    }
    if (a->profile && a->profile->mode == AAJ_COMPLAIN && a->decision.verdict == AAJ_DENY)
        printf(" (complain mode lets it pass)");
    putchar('\n');
}

static void print_json(struct query *q, const struct aaj_query *row, const struct aaj_answer *a)
{
    static const char *const mode[] = { "enforce", "complain", "kill", "unconfined", "prompt" };
    struct json_object *o = json_object_new_object(), *args = json_object_new_array();

    json_object_object_add(o, "label", aaj_json_bytes(a->profile ? a->profile->name : row->label));
    json_object_object_add(o, "class", aaj_json_bytes(row->class));
    for (size_t i = 0; i < row->n_args; i++)
        json_object_array_add(args, aaj_json_bytes(row->arg[i]));
    json_object_object_add(o, "args", args);
    json_object_object_add(o, "verdict", json_object_new_string(aaj_verdict_name(a->decision.verdict)));
    if (a->missing.n)
        json_object_object_add(o, "missing", aaj_json_bytes(a->missing));
    json_object_object_add(o, "why", aaj_json_bytes(reason(q, row, a)));
    if (a->detail.n)
        json_object_object_add(o, "detail", aaj_json_bytes(a->detail));
    json_object_object_add(o, "logged",
                           json_object_new_boolean(a->decision.verdict == AAJ_DENY
                                                       ? a->decision.missing & ~a->decision.quiet
                                                       : a->decision.audit));
    if (a->profile)
        json_object_object_add(o, "mode", json_object_new_string(mode[a->profile->mode]));
    puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(o);
}

/* Answers @line, or says what is wrong with it. @expected: nothing, or an answer to compare with. */
static int answer(struct query *q, struct aaj_str line, struct aaj_loc loc, struct aaj_str expected)
{
    const char *why = NULL;
    struct aaj_query row;
    struct aaj_answer a;
    int r = aaj_query_parse(line, &q->scratch, &row, &why);

    if (r == 0)
        r = aaj_query_ask(&q->world, &row, &q->scratch, &a, &why);
    if (r == -ENOMEM)
        return r;
    if (r < 0) {
        aaj_diag_add(&q->diags, AAJ_ERROR, "query-row", loc, line, "%s", why);
        if (!q->batch)
            show_diags(&q->diags);
        q->bad = true;
        printf(q->json ? "{\"error\":\"bad row\"}\n" : expected.n ? "" : "error\t-\t-\n");
        return 0;
    }
    q->rows++;
    q->denied |= a.decision.verdict == AAJ_DENY;
    if (expected.n && aaj_str_eq(expected, aaj_str_c(aaj_verdict_name(a.decision.verdict))))
        return 0;
    if (expected.n) {
        q->differ++;
        printf("%.*s:%u: ", AAJ_STR_ARG(loc.file), loc.line);
        aaj_escape_terminal(stdout, line);
        printf("\n  expected %.*s, got ", AAJ_STR_ARG(expected));
    }
    if (q->json && !expected.n)
        print_json(q, &row, &a);
    else
        print_text(q, &row, &a);
    return 0;
}

/* A row of a table: the expected answer before the question. */
static int answer_table(struct query *q, struct aaj_str line, struct aaj_loc loc)
{
    struct aaj_str expected = aaj_str_head(line, aaj_str_find(line, '\t'));

    for (unsigned v = AAJ_DENY; v <= AAJ_NOT_MEDIATED; v++)
        if (aaj_str_eq(expected, aaj_str_c(aaj_verdict_name(v))))
            return answer(q, aaj_str_skip(line, expected.n + 1), loc, expected);
    aaj_diag_add(&q->diags, AAJ_ERROR, "query-row", loc, line,
                 "expected allow, deny or not-mediated, and a tab");
    q->bad = true;
    return 0;
}

static int answer_lines(struct query *q, FILE *in, const char *name)
{
    struct aaj_loc loc = { .file = aaj_str_c(name) };
    char *buffer = NULL;
    size_t cap = 0;
    ssize_t n;
    int r = 0;

    while (r == 0 && (n = getline(&buffer, &cap, in)) >= 0) {
        struct aaj_str line = { buffer, (size_t)n };

        loc.line++;
        if (line.n && line.p[line.n - 1] == '\n')
            line.n--;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (line.n > LINE_MAX_BYTES) {
            aaj_diag_add(&q->diags, AAJ_ERROR, "query-row", loc, (struct aaj_str){ 0 },
                         "the line is longer than 1 MB");
            q->bad = true;
            continue;
        }
        r = q->table ? answer_table(q, line, loc) : answer(q, line, loc, (struct aaj_str){ 0 });
        if (!q->batch && !q->table)
            fflush(stdout);
        if (q->scratch.total > ARENA_MAX)
            aaj_arena_clear(&q->scratch);
    }
    if (ferror(in) && r == 0)
        r = -EIO;
    free(buffer);
    return r;
}

/* CLASS ARG… of the command line, written as a row; they are taken as they are, without escapes. */
static int answer_operands(struct query *q, char **word, int n)
{
    struct aaj_str label = q->label ? aaj_str_c(q->label) : aaj_match_profile(q->match, 0)->name;
    struct aaj_query row = { .label = label, .class = aaj_str_c(word[0]) };
    struct aaj_answer a;
    const char *why = NULL;
    int r;

    if (n - 1 > AAJ_QUERY_ARGS)
        return usage_error(q->verb, "too many arguments");
    for (int i = 1; i < n; i++)
        row.arg[row.n_args++] = aaj_str_c(word[i]);
    r = aaj_query_ask(&q->world, &row, &q->scratch, &a, &why);
    if (r == -ENOMEM)
        return EXIT_REFUSED;
    if (r < 0)
        return usage_error(q->verb, "%s", why);
    q->denied = a.decision.verdict == AAJ_DENY;
    if (q->json)
        print_json(q, &row, &a);
    else
        print_text(q, &row, &a);
    return EXIT_DONE;
}

static int run_rows(struct query *q)
{
    int r = answer_lines(q, q->in, q->table ? q->table : "standard input");

    if (r < 0) {
        fprintf(stderr, "aajail query: %s\n", strerror(-r));
        return EXIT_REFUSED;
    }
    if (q->table)
        printf("%zu rows, %zu differ\n", q->rows, q->differ);
    if (q->bad)
        return EXIT_INPUT;
    return (q->table ? q->differ > 0 : q->denied) ? EXIT_FINDING : EXIT_DONE;
}

/* In a child without power: compiled policy and questions may be anybody's. */
static int ask(void *data)
{
    struct query *q = data;
    int r = aaj_match_open(q->policy, aaj_str_c(q->operand[0]), &q->diags, &q->match), status;

    if (r < 0) {
        status = r == -ENOMEM ? EXIT_REFUSED : EXIT_INPUT;
    } else {
        q->world = (struct aaj_match_world){ (const struct aaj_match *const *)&q->match, 1 };
        status = q->n_operands > 1 ? answer_operands(q, q->operand + 1, q->n_operands - 1) : run_rows(q);
    }
    if (status == EXIT_DONE && q->denied && !q->table)
        status = EXIT_FINDING;
    show_diags(&q->diags);
    return status;
}

static int open_rows(struct query *q)
{
    q->in = stdin;
    if (q->table && strcmp(q->table, "-") != 0)
        q->in = fopen(q->table, "re");
    if (!q->in)
        fprintf(stderr, "aajail query: %s: %s\n", q->table, strerror(errno));
    return q->in ? EXIT_DONE : EXIT_INPUT;
}

static int open_policy(struct query *q, const char *path)
{
    struct aaj_compile c = { .include = q->include, .n_include = q->n_include };
    int r = aaj_target_open(q->target_name, aajail_datadir(), &q->diags, &q->target);

    if (r == -ENOENT)
        return EXIT_USAGE;
    if (r < 0)
        return EXIT_INPUT;
    c.target = q->target;
    r = aaj_compile_file(&c, path, &q->keep, &q->diags, &q->policy);
    if (r < 0)
        return r == -ETIMEDOUT || r == -ENOMEM ? EXIT_REFUSED : EXIT_INPUT;
    return EXIT_DONE;
}

static int parse_options(struct query *q, struct opts *o)
{
    const char *name;

    while ((name = opts_next(o))) {
        if (opt_is(name, "batch"))
            q->batch = true;
        else if (opt_is(name, "table"))
            q->table = o->value;
        else if (opt_is(name, "label"))
            q->label = o->value;
        else if (opt_is(name, "target"))
            q->target_name = o->value;
        else if (opt_is(name, "json"))
            q->json = true;
        else if (q->n_include < INCLUDE_MAX)
            q->include[q->n_include++] = o->value;
    }
    return o->done ? o->status : -1;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct query q = { .verb = verb };
    struct opts o = OPTS_INIT(verb, argc, argv);
    int status = parse_options(&q, &o);

    if (status >= 0)
        return status;
    if (o.n_operands < 1)
        return usage_error(verb, "name the profile: policy text or compiled policy");
    q.operand = o.operand;
    q.n_operands = o.n_operands;
    status = open_policy(&q, o.operand[0]);
    if (status == EXIT_DONE && o.n_operands == 1)
        status = open_rows(&q);
    show_diags(&q.diags);
    if (status == EXIT_DONE)
        status = sandbox_rest(ask, &q);
    if (q.in && q.in != stdin)
        fclose(q.in);
    aaj_target_free(q.target);
    aaj_arena_clear(&q.scratch);
    aaj_arena_clear(&q.keep);
    return status;
}

const struct verb verb_query = {
    .name = "query",
    .args = "PROFILE [CLASS ARG…]",
    .summary = "Say what the compiled policy allows and denies, and why",
    .details =
        "PROFILE is policy text, which is compiled first, or compiled policy. Without CLASS, questions are\n"
        "rows on standard input: LABEL, CLASS and arguments, separated by tabs.\n\n"
        "  aajail query slave.profile file /etc/passwd w\n"
        "  printf 'slave\\tnet\\tinet\\tstream\\tconnect\\n' | aajail query --batch slave.profile",
    .opts = opts,
    .run = run,
};
