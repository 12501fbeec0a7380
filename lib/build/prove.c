/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The proof's input, from what was learned. */
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "build/internal.h"
#include "policy/parse.h"
#include "policy/print.h"
#include "policy/quote.h"

/* What the ceiling tolerates of AppArmor's own abstractions is opened where the profile includes them, directly or
 * through another. */
static int tolerate(void *ceiling, struct aaj_item *item)
{
    const struct aaj_str folder = AAJ_STR("abstractions/");

    if (item->kind != AAJ_ITEM_INCLUDE || !item->include.magic ||
        !aaj_str_starts(item->include.path.value, folder))
        return 0;
    return aaj_ceiling_tolerate(ceiling, aaj_str_skip(item->include.path.value, folder.n));
}

static int tolerate_includes(const struct aaj_build_input *in, struct aaj_built *b)
{
    const char *base[] = { in->target->base };
    const struct aaj_policy_options options = { .flags = AAJ_POLICY_INCLUDES, .base = base, .n_bases = 1 };
    struct aaj_policy *policy = NULL;
    int r = aaj_policy_parse(b->profile, AAJ_STR("the profile"), &options, NULL, &policy);

    if (r == 0)
        r = aaj_policy_walk(policy, true, tolerate, b->ceiling);
    aaj_policy_free(policy);
    return r;
}

/* Profiles as the parser will name them: "gapapp", "gapapp//dash". */
struct names {
    struct aaj_built *built;
    size_t cap;
};

static int add_names(struct names *n, struct aaj_block *block, struct aaj_str parent);

static int add_name(struct names *n, struct aaj_item *item, struct aaj_str parent)
{
    struct aaj_built *b = n->built;
    struct aaj_str name = item->profile.name.value;

    if (parent.n)
        name = aaj_arena_printf(&b->arena, "%.*s//%.*s", AAJ_STR_ARG(parent), AAJ_STR_ARG(name));
    if (!name.p || AAJ_GROW(b->name, b->n_names, n->cap) < 0)
        return -ENOMEM;
    b->name[b->n_names++] = name;
    /* AppArmor knows no grandchildren */
    return parent.n ? 0 : add_names(n, &item->profile.body, name);
}

/* Those that an include brings in, too: apache's hats stand in files of their own. */
static int add_names(struct names *n, struct aaj_block *block, struct aaj_str parent)
{
    int r = 0;

    for (struct aaj_item *item = block->first; item && r == 0; item = item->next) {
        if (item->state == AAJ_STATE_REMOVED)
            continue;
        if (item->kind == AAJ_ITEM_PROFILE)
            r = add_name(n, item, parent);
        for (uint32_t i = 0; item->kind == AAJ_ITEM_INCLUDE && r == 0 && i < item->include.n_files; i++)
            r = add_names(n, &item->include.file[i]->top, parent);
    }
    return r;
}

/* Inferences that leave a rule speaking of one name. */
static const uint32_t one_name = 1u << AAJ_INFER_LITERAL | 1u << AAJ_INFER_OWNER | 1u << AAJ_INFER_SELF |
                                 1u << AAJ_INFER_CHILD | 1u << AAJ_INFER_VARIABLE;

static bool is_literal(const struct aaj_learned_rule *r)
{
    return r->item->kind == AAJ_ITEM_RULE && r->item->rule.kind == AAJ_RULE_FILE && !r->from.n &&
           !(r->inferences & ~one_name);
}

/* The names of the rule's evidence, each once; they come in no order that helps, but are few. */
static size_t evidence_names(const struct aaj_learned_rule *r, struct aaj_recording *rec,
                             const struct aaj_access *access, struct aaj_str *name, size_t cap)
{
    size_t n = 0, k;

    for (size_t i = 0; i < r->n_access && n < cap; i++) {
        const struct aaj_access *a = &access[r->access[i]];
        struct aaj_str s = aaj_recording_str(rec, a->arg[AAJ_FILE_NAME]);

        if (a->class != AAJ_CLASS_FILE && a->class != AAJ_CLASS_EXEC)
            continue;
        for (k = 0; k < n && !aaj_str_eq(name[k], s); k++)
            ;
        if (k == n)
            name[n++] = s;
    }
    return n;
}

/* With what was seen where a variable stands: this is one name, the variable is the target's to explain. */
static struct aaj_str text_of(struct aaj_built *b, const struct aaj_learned_rule *r)
{
    struct aaj_rule rule = r->item->rule;

    if (r->plain.n && aaj_text_from_value(&b->arena, r->plain, AAJ_TEXT_PATH, &rule.file.path) < 0)
        return (struct aaj_str){ 0 };
    return aaj_rule_text(&b->arena, &rule);
}

enum { NAMES_MAX = 4 }; /* more than one is wrong already */

/*
 * Rules for one name, which the proof compiles alone. The name is that of the event, not what the rule says: what
 * lies between the two is what is to be proved. A program was perhaps not seen to map itself, and the record of its exec may
 * be lost: who it is has then been said by the manifest or by the label.
 */
static int literal_rules(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_proof_input *proof)
{
    const struct aaj_learned *l = b->learned;
    struct aaj_proof_rule *rule = aaj_arena_new_array(&b->arena, l->n_rules * NAMES_MAX + 1, struct aaj_proof_rule);
    const struct aaj_access *access;
    size_t n;
    int r = aaj_recording_accesses(in->recording, &access, &n);

    if (r < 0 || !rule)
        return -ENOMEM;
    proof->rule = rule;
    for (size_t i = 0; i < l->n_rules; i++) {
        struct aaj_str name[NAMES_MAX], text;

        if (!is_literal(&l->rule[i]))
            continue;
        n = evidence_names(&l->rule[i], in->recording, access, name, NAMES_MAX);
        text = text_of(b, &l->rule[i]);
        if (!text.p)
            return -ENOMEM;
        if (n == 0 && l->rule[i].exe.n)
            name[n++] = l->rule[i].exe;
        for (size_t k = 0; k < n; k++)
            rule[proof->n_rules++] = (struct aaj_proof_rule){ .text = text, .name = name[k] };
    }
    return 0;
}

static int grants(struct aaj_built *b, struct aaj_proof_input *proof)
{
    const struct aaj_learned *l = b->learned;
    struct aaj_proof_grant *grant = aaj_arena_new_array(&b->arena, l->n_granted + 1, struct aaj_proof_grant);

    if (!grant)
        return -ENOMEM;
    for (size_t i = 0; i < l->n_granted; i++)
        grant[i] = (struct aaj_proof_grant){ l->granted[i].access, l->granted[i].profile, l->granted[i].into };
    proof->grant = grant;
    proof->n_grants = l->n_granted;
    return 0;
}

static int labels(struct aaj_built *b, struct aaj_proof_input *proof)
{
    const struct aaj_learned *l = b->learned;
    struct aaj_proof_label *label = aaj_arena_new_array(&b->arena, l->n_peers + 1, struct aaj_proof_label);

    if (!label)
        return -ENOMEM;
    for (size_t i = 0; i < l->n_peers; i++)
        label[i] = (struct aaj_proof_label){ l->peer[i].label, l->peer[i].name };
    proof->label = label;
    proof->n_labels = l->n_peers;
    return 0;
}

/* What was learned, as the proof wants it. */
static int learned(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_proof_input *proof)
{
    int r = grants(b, proof);

    if (r == 0)
        r = labels(b, proof);
    return r == 0 ? literal_rules(in, b, proof) : r;
}

static struct aaj_proof_input common(const struct aaj_build_input *in, const struct aaj_built *b)
{
    return (struct aaj_proof_input){
        .target = in->target,
        .text = b->profile,
        .file = b->own_file,
        .recording = in->recording,
        .manifest = in->manifest,
        .files = in->files,
        .attachment = in->manifest->attach == AAJ_ATTACH_PATH ? in->manifest->slave.text : AAJ_STR(""),
        .profiles = in->profiles,
        .own_file = b->own_file,
    };
}

static int run_proof(struct aaj_built *b, const struct aaj_proof_input *proof, struct aaj_diags *diags)
{
    int r;

    aaj_proof_clear(&b->proof);
    r = aaj_proof_run(proof, diags, &b->proof);
    b->policy = b->proof.blob;
    return r > 0 ? -EPERM : r;
}

static int carry_out(struct aaj_built *b, struct aaj_proof_input *proof, struct aaj_diags *diags)
{
    proof->name = b->name;
    proof->n_names = b->n_names;
    return run_proof(b, proof, diags);
}

int aaj_build_find_names(struct aaj_built *b, struct aaj_policy *policy)
{
    struct names names = { .built = b };

    free(b->name);
    b->name = NULL;
    b->n_names = 0;
    return add_names(&names, &policy->top, AAJ_STR(""));
}

int aaj_build_prove(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags)
{
    struct aaj_proof_input proof = common(in, b);
    int r = tolerate_includes(in, b);

    proof.ceiling = b->ceiling;
    if (r == 0)
        r = learned(in, b, &proof);
    if (r == 0)
        r = aaj_build_find_names(b, b->learned->policy);
    return r == 0 ? carry_out(b, &proof, diags) : r;
}

int aaj_build_prove_part(const struct aaj_build_input *in, struct aaj_built *b, const struct aaj_build_whole *whole,
                         struct aaj_diags *diags)
{
    struct aaj_proof_input proof;
    int r;

    b->profile = whole->text;
    proof = common(in, b);
    proof.ceiling = b->ceiling;
    proof.file = proof.own_file = whole->file;
    proof.name = whole->name;
    proof.n_names = whole->n_names;
    proof.own = b->name;
    proof.n_own = b->n_names;
    proof.compiled = whole->policy;
    if (in->manifest->hat.text.n)
        proof.attachment = AAJ_STR(""); /* the master's */
    r = tolerate_includes(in, b);
    if (r == 0)
        r = learned(in, b, &proof);
    return r == 0 ? run_proof(b, &proof, diags) : r;
}

int aaj_build_prove_whole(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags)
{
    struct aaj_proof_input proof = common(in, b);
    int r = grants(b, &proof);

    if (r == 0)
        r = aaj_build_find_names(b, b->merged);
    return r == 0 ? carry_out(b, &proof, diags) : r;
}
