/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail firewall plan|apply|show|verify|remove: the chain alone. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "firewall/firewall.h"
#include "firewall/text.h"
#include "firewall_cmd.h"
#include "reader.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "backend", 'b', "legacy|nft", "legacy is iptables; default: the one in use on this machine" },
    { "format", 'f', "text|iptables|ip6tables|nft|json", "how a plan is printed" },
    { "resolve", 0, NULL, "plan: look up users, host names and name servers now" },
    { "uid", 'u', "UID", "the slave's uid, instead of its user's" },
    OPT_DRY_RUN,
    OPT_JSON,
    OPT_END,
};

static int parse_uid(const struct verb *verb, const char *text, struct firewall_args *a)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || n >= UINT32_MAX)
        return usage_error(verb, "'%s' is not a uid", text);
    a->uid = (uint32_t)n;
    a->has_uid = true;
    return EXIT_DONE;
}

static int take_option(const struct verb *verb, const char *name, const char *value, struct firewall_args *a)
{
    if (opt_is(name, "uid"))
        return parse_uid(verb, value, a);
    if (opt_is(name, "resolve"))
        a->resolve = true;
    else if (opt_is(name, "dry-run"))
        a->dry_run = true;
    else if (opt_is(name, "json"))
        a->json = true;
    else if (opt_is(name, "format")) {
        a->form = aaj_firewall_form_find(value);
        if (a->form < 0)
            return usage_error(verb, "no format '%s'; there are text, iptables, ip6tables, nft and json", value);
    } else if (opt_is(name, "backend")) {
        if (strcmp(value, "legacy") == 0)
            a->ctx.backend = AAJ_FIREWALL_LEGACY;
        else if (strcmp(value, "nft") == 0)
            a->ctx.backend = AAJ_FIREWALL_NFT_TABLE;
        else
            return usage_error(verb, "no backend '%s'; there are legacy and nft", value);
    }
    return EXIT_DONE;
}

int firewall_load_plan(const char *path, const struct firewall_args *a, bool numbers, struct aaj_diags *diags,
                       struct aaj_firewall_plan **ret_plan)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_manifest *m = NULL;
    struct aaj_firewall_plan *plan = NULL;
    struct aaj_str text;
    int status = EXIT_INPUT;
    int r = read_manifest_file(path, &arena, diags, &text, &m) == EXIT_DONE ? 0 : -EINVAL;

    if (r == 0)
        r = aaj_firewall_plan_make(m, diags, &plan);
    if (r == 0 && a->has_uid)
        r = aaj_firewall_plan_set_uid(plan, a->uid, diags);
    if (r == 0 && numbers) {
        status = EXIT_REFUSED; /* the manifest is sound; this machine lacks the user or the host */
        r = aaj_firewall_plan_resolve_user(plan, diags);
        if (r == 0)
            r = aaj_firewall_plan_resolve_hosts(plan, AAJ_FIREWALL_RESOLV_CONF, diags);
    }
    aaj_manifest_free(m);
    aaj_arena_clear(&arena);
    if (r < 0) {
        aaj_firewall_plan_free(plan);
        return status;
    }
    *ret_plan = plan;
    return EXIT_DONE;
}

static int print_plan(const struct firewall_args *a, const struct aaj_firewall_plan *plan, struct aaj_diags *diags)
{
    int form = a->form >= 0 ? a->form : a->json ? AAJ_FIREWALL_JSON : AAJ_FIREWALL_TEXT;
    int r;

    if (a->form < 0 && !a->json && a->ctx.backend == AAJ_FIREWALL_NFT_TABLE)
        form = AAJ_FIREWALL_NFT;
    if (a->form < 0 && !a->json && a->ctx.backend == AAJ_FIREWALL_LEGACY)
        form = AAJ_FIREWALL_IPTABLES;
    r = aaj_firewall_print(stdout, plan, (enum aaj_firewall_form)form);
    if (r == -ENAMETOOLONG)
        aaj_error(diags, (struct aaj_loc){ 0 },
                  "user '%.*s' has too long a name for a chain (28 characters with 'aajail-'): give --uid",
                  AAJ_STR_ARG(plan->user));
    return r < 0 ? EXIT_INPUT : EXIT_DONE;
}

static const struct {
    const char *name;
    int (*run)(const struct firewall_args *a, struct aaj_firewall_plan *const *plan, size_t n,
               struct aaj_diags *diags);
} actions[] = {
    { "plan", NULL },
    { "apply", firewall_run_apply },
    { "show", firewall_run_show },
    { "verify", firewall_run_verify },
    { "remove", firewall_run_remove },
};

static int run_plans(const char *action, const struct firewall_args *a, char **path, int n, struct aaj_diags *diags)
{
    struct aaj_firewall_plan **plan = calloc((size_t)n + 1, sizeof(struct aaj_firewall_plan *));
    bool printing = strcmp(action, "plan") == 0;
    int status = plan ? EXIT_DONE : EXIT_REFUSED;

    for (int i = 0; i < n && status == EXIT_DONE; i++)
        status = firewall_load_plan(path[i], a, !printing || a->resolve, diags, &plan[i]);
    for (int i = 0; i < n && status == EXIT_DONE && printing; i++)
        status = print_plan(a, plan[i], diags);
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]) && status == EXIT_DONE && !printing; i++)
        if (strcmp(actions[i].name, action) == 0)
            status = actions[i].run(a, plan, (size_t)n, diags);
    for (int i = 0; i < n && plan; i++)
        aaj_firewall_plan_free(plan[i]);
    free(plan);
    return status;
}

static bool known_action(const char *name)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (strcmp(actions[i].name, name) == 0)
            return true;
    return false;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct firewall_args a = { .form = -1 };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct opts o = OPTS_INIT(verb, argc, argv);
    const char *name, *action;
    int status = EXIT_DONE;

    firewall_ctx_init(&a.ctx);
    while ((name = opts_next(&o))) /* to the end: it frees what it made */
        if (status == EXIT_DONE)
            status = take_option(verb, name, o.value, &a);
    if (status != EXIT_DONE)
        return status;
    if (o.done)
        return o.status;
    if (o.n_operands < 1 || !known_action(o.operand[0]))
        return usage_error(verb, "say what to do: plan, apply, show, verify or remove");
    action = o.operand[0];
    if (o.n_operands == 1 && strcmp(action, "show") != 0 && !(strcmp(action, "remove") == 0 && a.has_uid))
        return usage_error(verb, "name a manifest");
    if (a.has_uid && o.n_operands > 2)
        return usage_error(verb, "--uid goes with one manifest");
    status = run_plans(action, &a, o.operand + 1, o.n_operands - 1, &diags);
    show_diags(&diags);
    return status;
}

const struct verb verb_firewall = {
    .name = "firewall",
    .args = "plan|apply|show|verify|remove MANIFEST…",
    .summary = "Plan, apply, compare and remove the per-uid firewall chain",
    .details = "  aajail firewall plan --format nft app.yaml\n"
               "  aajail firewall apply app.yaml && aajail firewall verify app.yaml\n\n"
               "The chain takes away and never adds: what it allows still meets the host's own rules.",
    .opts = opts,
    .run = run,
};
