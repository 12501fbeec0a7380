/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "build/build.h"

#include <errno.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/grow.h"
#include "firewall/text.h"
#include "glob/glob.h"
#include "policy/parse.h"
#include "policy/print.h"

enum { TEMPLATE_MAX = 1 << 20 };

/* What the target's kernel could mediate but does not; it is listed, never called denied. */
static const unsigned all_mediation = AAJ_MEDIATES_NETWORK | AAJ_MEDIATES_UNIX | AAJ_MEDIATES_DBUS |
                                      AAJ_MEDIATES_SIGNAL | AAJ_MEDIATES_PTRACE | AAJ_MEDIATES_MOUNT |
                                      AAJ_MEDIATES_USERNS | AAJ_MEDIATES_MQUEUE | AAJ_MEDIATES_IO_URING |
                                      AAJ_MEDIATES_NET_ADDR;

static struct aaj_str template_name(const struct aaj_manifest *m)
{
    return m->template.text.n ? m->template.text : AAJ_STR("minimal");
}

/* The manifest's template by its plain name; a name with a slash would leave the folder. */
static int read_template(const struct aaj_build_input *in, struct aaj_arena *arena, struct aaj_diags *diags,
                         struct aaj_str *ret_path, struct aaj_str *ret_text)
{
    struct aaj_str name = template_name(in->manifest), path;
    int r;

    if (aaj_str_find(name, '/') < name.n || name.p[0] == '.')
        return aaj_error(diags, in->manifest->template.loc, "a template is named without a folder: 'http-slave'");
    path = aaj_arena_printf(arena, "%s/%.*s", in->target->template_dir, AAJ_STR_ARG(name));
    if (!path.p)
        return -ENOMEM;
    r = aaj_file_read(path.p, TEMPLATE_MAX, arena, ret_text);
    if (r == -ENOENT)
        return aaj_error(diags, in->manifest->template.loc, "there is no template '%.*s' in %s", AAJ_STR_ARG(name),
                         in->target->template_dir);
    if (r < 0)
        return aaj_error(diags, (struct aaj_loc){ .file = path }, "cannot read the template: %s", strerror(-r));
    *ret_path = path;
    return 0;
}

static int open_ceiling(const struct aaj_build_input *in, struct aaj_diags *diags, struct aaj_ceiling **ret_ceiling)
{
    struct aaj_ceiling *ceiling = NULL;
    int r = aaj_ceiling_open(in->datadir, diags, &ceiling);

    for (size_t i = 0; i < in->n_others && r == 0; i++)
        for (size_t j = 0; j < in->other[i]->roots.n && r == 0; j++)
            r = aaj_ceiling_add_root(ceiling, in->other[i]->jail.text, in->other[i]->roots.item[j].text);
    if (r == 0)
        r = aaj_ceiling_apply(ceiling, in->manifest, diags);
    if (r < 0)
        aaj_ceiling_free(ceiling);
    else
        *ret_ceiling = ceiling;
    return r;
}

/* What a printer writes, as a slice in @arena. */
static int to_text(struct aaj_arena *arena, int (*print)(FILE *out, const void *what), const void *what,
                   struct aaj_str *ret_text)
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&bytes, &n);
    int r;

    if (!out)
        return -ENOMEM;
    r = print(out, what);
    if (fclose(out) != 0 && r == 0)
        r = -ENOMEM;
    if (r == 0) {
        *ret_text = aaj_arena_dup(arena, (struct aaj_str){ bytes, n });
        r = ret_text->p ? 0 : -ENOMEM;
    }
    free(bytes);
    return r;
}

static int print_profile(FILE *out, const void *policy)
{
    return aaj_policy_print(out, policy);
}

static int print_v4(FILE *out, const void *plan)
{
    return aaj_firewall_print(out, plan, AAJ_FIREWALL_IPTABLES);
}

static int print_v6(FILE *out, const void *plan)
{
    return aaj_firewall_print(out, plan, AAJ_FIREWALL_IP6TABLES);
}

static int print_nft(FILE *out, const void *plan)
{
    return aaj_firewall_print(out, plan, AAJ_FIREWALL_NFT);
}

static int learn(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags)
{
    struct aaj_learn_input input = {
        .manifest = in->manifest,
        .recording = in->recording,
        .target = in->target,
        .files = in->files,
        .ceiling = b->ceiling,
        .label = in->label,
        .off = in->infer_off,
        .grant_denied = in->grant_denied,
        .comments = in->comments,
    };
    int r = read_template(in, &b->arena, diags, &input.template_name, &input.template_text);

    if (r == 0)
        r = aaj_learn_run(&input, diags, &b->learned);
    if (r == 0)
        r = to_text(&b->arena, print_profile, b->learned->policy, &b->profile);
    return r;
}

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
    int r;
};

static void add_names(struct names *n, struct aaj_block *block, struct aaj_str parent)
{
    for (struct aaj_item *item = block->first; item && n->r == 0; item = item->next) {
        struct aaj_built *b = n->built;
        struct aaj_str name;

        if (item->kind != AAJ_ITEM_PROFILE || item->state == AAJ_STATE_REMOVED)
            continue;
        name = item->profile.name.value;
        if (parent.n)
            name = aaj_arena_printf(&b->arena, "%.*s//%.*s", AAJ_STR_ARG(parent), AAJ_STR_ARG(name));
        if (!name.p || AAJ_GROW(b->name, b->n_names, n->cap) < 0) {
            n->r = -ENOMEM;
            return;
        }
        b->name[b->n_names++] = name;
        if (!parent.n) /* AppArmor knows no grandchildren */
            add_names(n, &item->profile.body, name);
    }
}

/* Rules for one name, which the proof compiles alone. */
static int literal_rules(struct aaj_built *b, struct aaj_proof_input *proof)
{
    const struct aaj_learned *l = b->learned;
    struct aaj_proof_rule *rule = aaj_arena_new_array(&b->arena, l->n_rules + 1, struct aaj_proof_rule);

    if (!rule)
        return -ENOMEM;
    proof->rule = rule;
    for (size_t i = 0; i < l->n_rules; i++) {
        const struct aaj_item *item = l->rule[i].item;
        struct aaj_proof_rule *out = &rule[proof->n_rules];

        if (item->kind != AAJ_ITEM_RULE || item->rule.kind != AAJ_RULE_FILE ||
            !aaj_glob_is_literal(item->rule.file.path.value, AAJ_GLOB_PATH, &b->arena, &out->name))
            continue;
        out->text = aaj_rule_text(&b->arena, &item->rule);
        if (!out->text.p)
            return -ENOMEM;
        proof->n_rules++;
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

/* Compiles and proves; the bytes that were proved are the policy. */
static int prove(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags)
{
    const struct aaj_manifest *m = in->manifest;
    struct names names = { .built = b };
    struct aaj_proof_input proof = {
        .target = in->target,
        .text = b->profile,
        .file = aaj_arena_printf(&b->arena, "aajail.%.*s", AAJ_STR_ARG(m->jail.text)),
        .recording = in->recording,
        .ceiling = b->ceiling,
        .manifest = m,
        .files = in->files,
    };
    int r = grants(b, &proof);

    if (r == 0)
        r = literal_rules(b, &proof);
    if (r == 0) {
        add_names(&names, &b->learned->policy->top, AAJ_STR(""));
        r = names.r;
    }
    proof.name = b->name;
    proof.n_names = b->n_names;
    if (r == 0)
        r = aaj_proof_run(&proof, diags, &b->proof);
    b->policy = b->proof.blob;
    return r > 0 ? -EPERM : r;
}

/* Without a user there is nobody to fence: a profile alone is built then. */
static int plan_firewall(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags)
{
    int r;

    if (!in->manifest->user.text.n)
        return 0;
    r = aaj_firewall_plan_make(in->manifest, diags, &b->plan);
    if (r == 0)
        r = to_text(&b->arena, print_v4, b->plan, &b->firewall_v4);
    if (r == 0)
        r = to_text(&b->arena, print_v6, b->plan, &b->firewall_v6);
    if (r == 0)
        r = to_text(&b->arena, print_nft, b->plan, &b->firewall_nft);
    if (r == -ENAMETOOLONG)
        return aaj_error(diags, in->manifest->user.loc,
                         "the chain of user '%.*s' would have too long a name (28 characters with 'aajail-')",
                         AAJ_STR_ARG(in->manifest->user.text));
    return r;
}

int aaj_build_run(const struct aaj_build_input *input, struct aaj_diags *diags, struct aaj_built **ret_built)
{
    struct aaj_built *b = calloc(1, sizeof(*b));
    int r;

    if (!b)
        return -ENOMEM;
    b->unmediated = all_mediation & ~input->target->mediates;
    r = open_ceiling(input, diags, &b->ceiling);
    if (r == 0)
        r = learn(input, b, diags);
    if (r == 0)
        r = tolerate_includes(input, b);
    if (r == 0)
        r = prove(input, b, diags);
    if (r == 0)
        r = plan_firewall(input, b, diags);
    if (r < 0)
        aaj_built_free(b);
    else
        *ret_built = b;
    return r;
}

struct aaj_built *aaj_built_free(struct aaj_built *built)
{
    if (!built)
        return NULL;
    aaj_proof_clear(&built->proof);
    free(built->name);
    aaj_learned_free(built->learned);
    aaj_ceiling_free(built->ceiling);
    aaj_firewall_plan_free(built->plan);
    aaj_arena_clear(&built->arena);
    free(built);
    return NULL;
}
