/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail check --coverage: which rules of the profile no event used. */
#include "base/escape.h"
#include "check_cmd.h"
#include "policy_reader.h"

static json_object *rule_json(const struct aaj_listed_rule *r, uint64_t events)
{
    json_object *o = json_object_new_object();

    json_object_object_add(o, "profile", aaj_json_bytes(r->profile));
    json_object_object_add(o, "rule", aaj_json_bytes(r->text));
    json_object_object_add(o, "file", aaj_json_bytes(r->loc.file));
    json_object_object_add(o, "line", json_object_new_int64(r->loc.line));
    json_object_object_add(o, "events", json_object_new_uint64(events));
    return o;
}

/* Of an include only how much of it was used: its rules are not the profile's to drop one by one. */
static void count_include(const struct aaj_coverage *cover, const struct aaj_listed_rule *of, size_t *ret_n,
                          size_t *ret_used)
{
    *ret_n = *ret_used = 0;
    for (size_t i = 0; i < cover->rules.n_rules; i++) {
        const struct aaj_listed_rule *r = &cover->rules.rule[i];

        if (aaj_str_eq(r->profile, of->profile) && aaj_str_eq(r->include, of->include)) {
            ++*ret_n;
            *ret_used += cover->accesses[i] > 0;
        }
    }
}

static json_object *include_json(const struct aaj_listed_rule *r, size_t n, size_t used)
{
    json_object *o = json_object_new_object();

    json_object_object_add(o, "profile", aaj_json_bytes(r->profile));
    json_object_object_add(o, "include", aaj_json_bytes(r->include));
    json_object_object_add(o, "rules", json_object_new_uint64(n));
    json_object_object_add(o, "used", json_object_new_uint64(used));
    return o;
}

static bool first_of_include(const struct aaj_rules *rules, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (aaj_str_eq(rules->rule[k].include, rules->rule[i].include) &&
            aaj_str_eq(rules->rule[k].profile, rules->rule[i].profile))
            return false;
    return true;
}

bool check_seldom_used(const struct check *c, size_t i)
{
    const struct aaj_listed_rule *r = &c->cover.rules.rule[i];

    return !r->include.n && r->prefix.mode != AAJ_MODE_DENY && c->cover.events[i] <= 1;
}

static void show_text(struct check *c)
{
    size_t own = 0, unused = 0, single = 0, n, used;

    printf("\ncoverage\n");
    for (size_t i = 0; i < c->cover.rules.n_rules; i++) {
        const struct aaj_listed_rule *r = &c->cover.rules.rule[i];

        if (r->include.n && first_of_include(&c->cover.rules, i)) {
            count_include(&c->cover, r, &n, &used);
            printf("  %zu of %zu rules used: include <%s>\n", used, n, aaj_escape(&c->arena, r->include));
        }
        own += !r->include.n;
        if (!check_seldom_used(c, i))
            continue;
        unused += c->cover.events[i] == 0;
        single += c->cover.events[i] == 1;
        printf("  %s line %u: %s\n", c->cover.events[i] ? "one event" : "unused   ", r->loc.line,
               aaj_escape(&c->arena, r->text));
    }
    printf("%zu rules of its own: %zu unused, %zu rest on one event\n", own, unused, single);
}

static void show_json(struct check *c)
{
    json_object *rules = json_object_new_array(), *includes = json_object_new_array();
    size_t n, used;

    for (size_t i = 0; i < c->cover.rules.n_rules; i++) {
        const struct aaj_listed_rule *r = &c->cover.rules.rule[i];

        if (r->include.n && first_of_include(&c->cover.rules, i)) {
            count_include(&c->cover, r, &n, &used);
            json_object_array_add(includes, include_json(r, n, used));
        }
        if (check_seldom_used(c, i))
            json_object_array_add(rules, rule_json(r, c->cover.events[i]));
    }
    json_object_object_add(c->out, "rules_seldom_used", rules);
    json_object_object_add(c->out, "includes", includes);
}

void check_show_coverage(struct check *c)
{
    if (c->format == CHECK_TEXT)
        show_text(c);
    else if (c->format == CHECK_JSON)
        show_json(c);
    else if (check_in_results(c))
        check_results_coverage(c);
}

int check_read_rules(struct check *c, struct aaj_rules *ret_rules, struct aaj_diags *diags)
{
    const char *base[CHECK_INCLUDE_MAX + 3];
    struct aaj_policy_options options = { .flags = AAJ_POLICY_CHECK, .base = base };

    for (size_t i = 0; i < c->n_include; i++)
        base[options.n_bases++] = c->include[i];
    base[options.n_bases++] = c->target->base;
    if (c->target->template_dir)
        base[options.n_bases++] = c->target->template_dir;
    if (c->target->abstraction_dir)
        base[options.n_bases++] = c->target->abstraction_dir;
    return policy_read_rules(c->path, &options, ret_rules, diags);
}

int check_open_coverage(struct check *c)
{
    struct aaj_rules rules;

    if (check_read_rules(c, &rules, &c->diags) < 0)
        return EXIT_INPUT;
    return aaj_coverage_init(&c->cover, &rules) < 0 ? EXIT_REFUSED : EXIT_DONE;
}
