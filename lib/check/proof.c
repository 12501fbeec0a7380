/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The proof as a whole: compile once, then clause after clause over the same bytes. */
#include "check/proof.h"

#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "check/proof_private.h"
#include "policy/parse.h"

static const struct {
    const char *name, *id, *text;
} clauses[AAJ_PROOF_CLAUSES] = {
    [AAJ_PROOF_LEARNED] = { "learned", "proof-learned", "every access that was to be granted is allowed" },
    [AAJ_PROOF_CEILING] = { "ceiling", "proof-ceiling", "nothing under the ceiling is allowed" },
    [AAJ_PROOF_LITERAL] = { "literal", "proof-literal", "each literal rule means its own name and no other" },
    [AAJ_PROOF_NAMES] = { "names", "proof-names", "the text defines the expected profiles and no others" },
    [AAJ_PROOF_COMPILES] = { "compiles", "proof-compiles", "it compiles for the target within the deadline" },
    [AAJ_PROOF_ATTACH] = { "attach", "proof-attach", "no other profile attaches to the same path" },
    [AAJ_PROOF_TESTS] = { "tests", "proof-tests", "the manifest's policy tests hold" },
};

const char *aaj_proof_clause_name(enum aaj_proof_clause clause)
{
    return clauses[clause].name;
}

const char *aaj_proof_clause_text(enum aaj_proof_clause clause)
{
    return clauses[clause].text;
}

void aaj_proof_fail(struct aaj_proof *proof, enum aaj_proof_clause clause, struct aaj_loc loc,
                    const char *fmt, ...)
{
    char message[2048];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    if (!loc.file.n)
        loc.file = proof->in->file;
    aaj_diag_add(proof->diags, AAJ_ERROR, clauses[clause].id, loc, (struct aaj_str){ 0 }, "%s", message);
    proof->out->ok[clause] = false;
}

const char *aaj_proof_show(struct aaj_proof *proof, struct aaj_str s)
{
    return proof->diags ? aaj_escape(&proof->diags->arena, s) : "";
}

const char *aaj_may_letters(uint32_t mask, char buf[12])
{
    static const struct {
        uint32_t bits;
        char letter;
    } letters[] = {
        { AAJ_MAY_MMAP, 'm' },
        { AAJ_MAY_READ, 'r' },
        { AAJ_MAY_WRITE | AAJ_MAY_CREATE | AAJ_MAY_DELETE, 'w' },
        { AAJ_MAY_APPEND, 'a' },
        { AAJ_MAY_LINK, 'l' },
        { AAJ_MAY_LOCK, 'k' },
        { AAJ_MAY_EXEC, 'x' },
    };
    size_t n = 0;

    if (mask & letters[2].bits)
        mask &= ~(uint32_t)AAJ_MAY_APPEND; /* w says it too */
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
        if (mask & letters[i].bits)
            buf[n++] = letters[i].letter;
    buf[n] = '\0';
    return buf;
}

enum { BASES_MAX = 16 };

static int read_rules(struct aaj_proof *p)
{
    const struct aaj_target *t = p->in->target;
    const char *base[BASES_MAX + 3];
    struct aaj_policy_options options = { .flags = AAJ_POLICY_CHECK, .base = base };

    for (size_t i = 0; i < p->in->n_include && i < BASES_MAX; i++)
        base[options.n_bases++] = p->in->include[i];
    base[options.n_bases++] = t->base;
    if (t->template_dir)
        base[options.n_bases++] = t->template_dir;
    if (t->abstraction_dir)
        base[options.n_bases++] = t->abstraction_dir;
    /* It compiled, so that what this reader says more is not said here. */
    aaj_policy_parse(p->in->text, p->in->file, &options, NULL, &p->policy);
    return p->policy ? aaj_rules_list(p->policy, &p->rules) : -EINVAL;
}

void aaj_proof_name_rule(struct aaj_proof *p, struct aaj_str profile, struct aaj_str name, uint32_t mask)
{
    const struct aaj_listed_profile *listed;
    const struct aaj_listed_rule *r;
    uint32_t rule;

    if (!p->in->target || (!p->policy && read_rules(p) < 0))
        return;
    listed = aaj_rules_profile(&p->rules, profile);
    if (!listed || aaj_rules_grant(listed, &p->rules, name, mask, &rule, 1) == 0)
        return;
    r = &p->rules.rule[rule];
    aaj_diag_add(p->diags, AAJ_NOTE, NULL, r->loc, (struct aaj_str){ 0 }, "by the rule `%s`%s%s%s", aaj_proof_show(p, r->text),
                 r->include.n ? " of include <" : "", r->include.n ? aaj_proof_show(p, r->include) : "",
                 r->include.n ? ">" : "");
}

static bool is_in(struct aaj_str name, const struct aaj_str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (aaj_str_eq(list[i], name))
            return true;
    return false;
}

bool aaj_proof_is_own(const struct aaj_proof *proof, const struct aaj_match_profile *profile)
{
    return !proof->in->own || is_in(profile->name, proof->in->own, proof->in->n_own);
}

/* What the parser says it would load, and what the compiled policy holds: both must be what is expected. */
static int prove_names(struct aaj_proof *p)
{
    const struct aaj_proof_input *in = p->in;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_loc none = { 0 };
    struct aaj_str *name;
    size_t n;
    int r = aaj_compile_names(&p->compile, in->text, &arena, p->diags, &name, &n);

    if (r == 0) {
        p->out->ok[AAJ_PROOF_NAMES] = true;
        p->out->checked[AAJ_PROOF_NAMES] = n;
        for (size_t i = 0; i < n; i++)
            if (!is_in(name[i], in->name, in->n_names))
                aaj_proof_fail(p, AAJ_PROOF_NAMES, none, "the text defines profile %s, which nobody asked for",
                               aaj_proof_show(p, name[i]));
        for (size_t i = 0; i < in->n_names; i++)
            if (!is_in(in->name[i], name, n))
                aaj_proof_fail(p, AAJ_PROOF_NAMES, none, "profile %s is missing from the text",
                               aaj_proof_show(p, in->name[i]));
        for (size_t i = 0; i < aaj_match_count(p->out->match); i++)
            if (!is_in(aaj_match_profile(p->out->match, i)->name, in->name, in->n_names))
                aaj_proof_fail(p, AAJ_PROOF_NAMES, none, "the compiled policy holds %s, which nobody asked for",
                               aaj_proof_show(p, aaj_match_profile(p->out->match, i)->name));
    }
    aaj_arena_clear(&arena);
    return r == -EINVAL ? 0 : r;
}

static bool parser_refused(int r)
{
    return r == -EINVAL || r == -ETIMEDOUT || r == -E2BIG;
}

static int compile_once(struct aaj_proof *p)
{
    struct aaj_proof_result *out = p->out;
    int r = 0;

    if (p->in->compiled.n)
        out->blob = p->in->compiled;
    else
        r = aaj_compile(&p->compile, p->in->text, &out->arena, p->diags, &out->blob);
    if (parser_refused(r)) {
        aaj_proof_fail(p, AAJ_PROOF_COMPILES, (struct aaj_loc){ 0 }, "it does not compile for %s",
                       p->in->target->name);
        return 1;
    }
    if (r == 0)
        r = aaj_match_open(out->blob, p->in->file, p->diags, &out->match);
    if (r == 0)
        out->ok[AAJ_PROOF_COMPILES] = true;
    return r;
}

int aaj_proof_run(const struct aaj_proof_input *input, struct aaj_diags *diags,
                  struct aaj_proof_result *ret_result)
{
    static int (*const clause[])(struct aaj_proof *) = { prove_names, aaj_proof_learned, aaj_proof_ceiling,
                                                         aaj_proof_literal, aaj_proof_attach, aaj_proof_tests };
    struct aaj_proof p = { .in = input, .diags = diags, .out = ret_result };
    int r;

    *ret_result = (struct aaj_proof_result){ 0 };
    p.compile = (struct aaj_compile){ .target = input->target, .file = input->file, .include = input->include,
                                      .n_include = input->n_include, .timeout_ms = input->timeout_ms };
    r = compile_once(&p);
    for (size_t i = 0; r == 0 && i < sizeof(clause) / sizeof(clause[0]); i++)
        r = clause[i](&p);
    for (size_t i = 0; r == 0 && i < AAJ_PROOF_CLAUSES; i++)
        if (!ret_result->ok[i])
            r = 1;
    aaj_rules_clear(&p.rules);
    aaj_policy_free(p.policy);
    return r;
}

int aaj_proof_policy_tests(struct aaj_match *match, const struct aaj_manifest *manifest, struct aaj_fsview *files,
                           struct aaj_diags *diags, size_t *ret_n)
{
    struct aaj_proof_input in = { .file = manifest->file, .manifest = manifest, .files = files };
    struct aaj_proof_result out = { .match = match };
    struct aaj_proof p = { .in = &in, .diags = diags, .out = &out };
    int r = aaj_proof_tests(&p);

    if (r < 0)
        return r;
    *ret_n = out.checked[AAJ_PROOF_TESTS];
    return !out.ok[AAJ_PROOF_TESTS];
}

void aaj_proof_clear(struct aaj_proof_result *result)
{
    aaj_match_free(result->match);
    aaj_arena_clear(&result->arena);
    *result = (struct aaj_proof_result){ 0 };
}
