/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firewall verb's work on the kernel. */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "firewall/text.h"
#include "firewall_cmd.h"

void firewall_ctx_init(struct aaj_firewall_ctx *ctx)
{
    *ctx = (struct aaj_firewall_ctx){
        .module = aajail_libexec("libaajail-firewall.so"),
        .lock_seconds = 10,
        .proc = "/proc",
        .run_dir = "/run/aajail",
    };
}

static void print_json(struct json_object *o)
{
    puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(o);
}

static void report(const struct firewall_args *a, const struct aaj_firewall *fw, const char *done,
                   const char *nothing, struct aaj_firewall_plan *const *plan, size_t n, bool changed, bool closed)
{
    struct json_object *o, *list;

    if (!a->json) {
        for (size_t i = 0; i < n; i++)
            printf("%s: %s (uid %u, %s)\n", plan[i]->jail.p, changed ? done : nothing, plan[i]->uid,
                   aaj_firewall_backend_name(fw));
        return;
    }
    o = json_object_new_object();
    list = json_object_new_array();
    aaj_json_add(o, "backend", aaj_str_c(aaj_firewall_backend_name(fw)));
    json_object_object_add(o, "changed", json_object_new_boolean(changed));
    json_object_object_add(o, "closed", json_object_new_boolean(closed));
    for (size_t i = 0; i < n; i++)
        json_object_array_add(list, aaj_firewall_plan_to_json(plan[i]));
    json_object_object_add(o, "jails", list);
    print_json(o);
}

/* What verify finds, as text or JSON; how many lines that were, or -errno. */
static int differences(const struct firewall_args *a, struct aaj_firewall *fw, struct aaj_firewall_plan *const *plan,
                       size_t n, struct aaj_diags *diags)
{
    struct json_object *o = json_object_new_object();
    struct aaj_arena arena = AAJ_ARENA_INIT;
    int total = 0, r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        struct json_object *list = json_object_new_array();
        struct aaj_str *line = NULL;
        size_t k = 0;

        r = aaj_firewall_verify(fw, plan[i], &arena, diags, &line, &k);
        for (size_t j = 0; j < k; j++) {
            json_object_array_add(list, aaj_json_bytes(line[j]));
            if (!a->json)
                printf("%s: %s\n", plan[i]->jail.p, line[j].p);
        }
        if (!a->json && r == 0 && k == 0)
            printf("%s: as planned (uid %u, %s)\n", plan[i]->jail.p, plan[i]->uid, aaj_firewall_backend_name(fw));
        json_object_object_add(o, plan[i]->jail.p, list);
        total += (int)k;
    }
    if (a->json && r == 0)
        print_json(o);
    else
        json_object_put(o);
    aaj_arena_clear(&arena);
    return r < 0 ? r : total;
}

int firewall_run_verify(const struct firewall_args *a, struct aaj_firewall_plan *const *plan, size_t n,
                        struct aaj_diags *diags)
{
    struct aaj_firewall *fw = NULL;
    int r = aaj_firewall_open(&a->ctx, diags, &fw);

    if (r == 0)
        r = differences(a, fw, plan, n, diags);
    aaj_firewall_close(fw);
    return r < 0 ? EXIT_REFUSED : r > 0 ? EXIT_FINDING : EXIT_DONE;
}

int firewall_run_apply(const struct firewall_args *a, struct aaj_firewall_plan *const *plan, size_t n,
                       struct aaj_diags *diags)
{
    struct aaj_firewall_result result = { 0 };
    struct aaj_firewall *fw = NULL;
    int r = aaj_firewall_open(&a->ctx, diags, &fw);

    if (r == 0 && a->dry_run) {
        r = differences(a, fw, plan, n, diags);
    } else if (r == 0) {
        r = aaj_firewall_apply(fw, (const struct aaj_firewall_plan *const *)plan, n, diags, &result);
        if (r == 0 || a->json)
            report(a, fw, "fenced", "fenced already, nothing changed", plan, n, result.changed, result.closed);
    }
    aaj_firewall_close(fw);
    return r < 0 ? EXIT_REFUSED : EXIT_DONE;
}

/* What a removal would do, a line or an object each. */
static int would_remove(const struct firewall_args *a, struct aaj_firewall *fw, struct aaj_firewall_plan *const *plan,
                        const uint32_t *uid, size_t n, struct aaj_diags *diags)
{
    struct json_object *list = json_object_new_array();
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        struct json_object *o = json_object_new_object();
        const char *backend = NULL;

        r = aaj_firewall_find(fw, uid[i], diags, &backend);
        json_object_object_add(o, "uid", json_object_new_int64(uid[i]));
        json_object_object_add(o, "remove", json_object_new_boolean(backend != NULL));
        if (backend)
            json_object_object_add(o, "backend", json_object_new_string(backend));
        json_object_array_add(list, o);
        if (r < 0 || a->json)
            continue;
        if (plan)
            printf("%s: ", plan[i]->jail.p);
        printf("chain aajail-%u ", uid[i]);
        if (backend)
            printf("would be removed from %s\n", backend);
        else
            puts("is not there");
    }
    if (r == 0 && a->json)
        print_json(list);
    else
        json_object_put(list);
    return r;
}

static int remove_uids(const struct firewall_args *a, struct aaj_firewall *fw, struct aaj_firewall_plan *const *plan,
                       const uint32_t *uid, size_t n, struct aaj_diags *diags)
{
    struct aaj_firewall_result result = { 0 };
    int r = aaj_firewall_remove(fw, uid, n, diags, &result);

    if (r < 0)
        return r;
    report(a, fw, "no longer fenced", "was not fenced", plan, plan ? n : 0, result.changed, false);
    if (!plan && !a->json)
        printf("uid %u: %s (%s)\n", uid[0], result.changed ? "no longer fenced" : "was not fenced",
               aaj_firewall_backend_name(fw));
    return 0;
}

int firewall_run_remove(const struct firewall_args *a, struct aaj_firewall_plan *const *plan, size_t n,
                        struct aaj_diags *diags)
{
    uint32_t *uid = calloc(n + 1, sizeof(*uid));
    struct aaj_firewall *fw = NULL;
    int r = uid ? aaj_firewall_open(&a->ctx, diags, &fw) : -ENOMEM;

    for (size_t i = 0; i < n && r == 0; i++)
        uid[i] = plan[i]->uid;
    if (n == 0 && r == 0)
        uid[0] = a->uid;
    if (r == 0)
        r = (a->dry_run ? would_remove : remove_uids)(a, fw, n ? plan : NULL, uid, n ? n : 1, diags);
    aaj_firewall_close(fw);
    free(uid);
    return r < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static struct json_object *chain_to_json(const struct aaj_firewall_chain *c, struct aaj_arena *arena)
{
    struct json_object *o = json_object_new_object(), *rules = json_object_new_array();

    json_object_object_add(o, "uid", json_object_new_int64(c->uid));
    aaj_json_add(o, "jail", c->jail);
    for (size_t i = 0; i < c->n_rules; i++) {
        struct json_object *rule = json_object_new_object();

        aaj_json_add(rule, "rule", aaj_firewall_rule_text(arena, &c->rule[i]));
        json_object_object_add(rule, "packets", json_object_new_int64((int64_t)c->rule[i].packets));
        json_object_object_add(rule, "bytes", json_object_new_int64((int64_t)c->rule[i].bytes));
        json_object_array_add(rules, rule);
    }
    json_object_object_add(o, "rules", rules);
    return o;
}

static void show_chain(const struct aaj_firewall_chain *c, const char *family, struct aaj_arena *arena)
{
    printf("aajail-%u%s %s jail %.*s\n", c->uid, c->old ? ".old" : "", family, AAJ_STR_ARG(c->jail));
    for (size_t i = 0; i < c->n_rules; i++) {
        struct aaj_str text = aaj_firewall_rule_text(arena, &c->rule[i]);

        printf("  %10" PRIu64 " packets %12" PRIu64 " bytes  %.*s\n", c->rule[i].packets, c->rule[i].bytes,
               AAJ_STR_ARG(text));
    }
}

static bool asked_for(const struct aaj_firewall_chain *c, struct aaj_firewall_plan *const *plan, size_t n)
{
    bool found = n == 0;

    for (size_t i = 0; i < n; i++)
        found |= plan[i]->uid == c->uid;
    return found;
}

static int show_side(const struct firewall_args *a, struct aaj_firewall *fw, unsigned side,
                     struct aaj_firewall_plan *const *plan, size_t n, struct aaj_diags *diags, struct json_object *out)
{
    static const char *const names[] = { "none", "ipv4", "ipv6", "both" };
    struct json_object *list = json_object_new_array();
    struct aaj_firewall_live live = { 0 };
    unsigned families = 0;
    int r = aaj_firewall_read(fw, side, diags, &live, &families);

    for (size_t i = 0; i < live.n_chains && r == 0; i++) {
        if (!asked_for(&live.chain[i], plan, n))
            continue;
        if (a->json)
            json_object_array_add(list, chain_to_json(&live.chain[i], &live.arena));
        else
            show_chain(&live.chain[i], names[families], &live.arena);
    }
    for (size_t i = 0; i < live.n_problems && r == 0; i++)
        aaj_diag_add(diags, AAJ_WARNING, "firewall-way", (struct aaj_loc){ 0 }, (struct aaj_str){ 0 }, "%s: %.*s",
                     names[families], AAJ_STR_ARG(live.problem[i]));
    json_object_object_add(out, names[families], list);
    aaj_firewall_live_clear(&live);
    return r;
}

int firewall_run_show(const struct firewall_args *a, struct aaj_firewall_plan *const *plan, size_t n,
                      struct aaj_diags *diags)
{
    struct json_object *out = json_object_new_object();
    struct aaj_firewall *fw = NULL;
    int r = aaj_firewall_open(&a->ctx, diags, &fw);

    for (unsigned side = 0; r == 0 && side < aaj_firewall_sides(fw); side++)
        r = show_side(a, fw, side, plan, n, diags, out);
    if (r == 0 && a->json) {
        aaj_json_add(out, "backend", aaj_str_c(aaj_firewall_backend_name(fw)));
        print_json(out);
    } else {
        json_object_put(out);
    }
    aaj_firewall_close(fw);
    return r < 0 ? EXIT_REFUSED : EXIT_DONE;
}
