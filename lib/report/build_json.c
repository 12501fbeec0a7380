/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "base/json.h"
#include "firewall/text.h"
#include "policy/print.h"
#include "report/build_report.h"
#include "report/groups.h"
#include "report/surface.h"

enum { SCHEMA = 1 };

static json_object *rule_json(const struct aaj_learned_rule *rule, struct aaj_arena *arena)
{
    json_object *o = json_object_new_object(), *why = json_object_new_array(), *evidence = json_object_new_array();
    struct aaj_str text = rule->item->kind == AAJ_ITEM_RULE ? aaj_rule_text(arena, &rule->item->rule) : rule->from;

    json_object_object_add(o, "profile", aaj_json_bytes(rule->profile));
    json_object_object_add(o, "rule", aaj_json_bytes(text.p ? text : AAJ_STR("")));
    for (unsigned i = 0; i < AAJ_INFER_COUNT; i++)
        if (rule->inferences >> i & 1)
            json_object_array_add(why, json_object_new_string(aaj_infer_info[i].name));
    json_object_object_add(o, "inferences", why);
    aaj_json_add_number(o, "events", rule->events);
    for (size_t i = 0; i < rule->n_access; i++)
        json_object_array_add(evidence, json_object_new_int64(rule->access[i]));
    json_object_object_add(o, "accesses", evidence);
    return o;
}

static json_object *refused_json(struct aaj_recording *rec, const struct aaj_learned *learned)
{
    json_object *list = json_object_new_array();
    struct aaj_refusal_group *group;
    size_t n;

    if (aaj_refusal_groups(rec, learned, &group, &n) < 0)
        return list;
    for (size_t i = 0; i < n; i++) {
        json_object *o = json_object_new_object();

        json_object_object_add(o, "reason", json_object_new_string(aaj_refusal_reason(group[i].why)));
        json_object_object_add(o, "detail", aaj_json_bytes(group[i].detail));
        json_object_object_add(o, "class", json_object_new_string(group[i].class));
        json_object_object_add(o, "sample", aaj_json_bytes(group[i].sample));
        aaj_json_add_number(o, "accesses", group[i].accesses);
        aaj_json_add_number(o, "events", group[i].events);
        json_object_array_add(list, o);
    }
    free(group);
    return list;
}

static json_object *suspects_json(const struct aaj_learned *learned)
{
    json_object *list = json_object_new_array();

    for (size_t i = 0; i < learned->n_suspects; i++) {
        const struct aaj_suspect *s = &learned->suspect[i];
        json_object *o = json_object_new_object(), *evidence = json_object_new_array();

        json_object_object_add(o, "kind", json_object_new_string(aaj_suspicion_info[s->kind].name));
        json_object_object_add(o, "what", aaj_json_bytes(s->what));
        if (s->detail.n)
            json_object_object_add(o, "ceiling", aaj_json_bytes(s->detail));
        aaj_json_add_number(o, "events", s->events);
        json_object_object_add(o, "granted", json_object_new_boolean(s->granted));
        if (s->n_commands)
            json_object_object_add(o, "commands", aaj_json_list(s->command, s->n_commands));
        for (size_t k = 0; k < s->n_access; k++)
            json_object_array_add(evidence, json_object_new_int64(s->access[k]));
        json_object_object_add(o, "accesses", evidence);
        json_object_array_add(list, o);
    }
    return list;
}

static json_object *proposals_json(const struct aaj_learned *learned)
{
    json_object *list = json_object_new_array();

    for (size_t i = 0; i < learned->n_proposals; i++) {
        json_object *o = json_object_new_object();

        json_object_object_add(o, "destination", aaj_json_bytes(learned->proposal[i].dest));
        aaj_json_add_number(o, "events", learned->proposal[i].events);
        json_object_object_add(o, "granted",
                               json_object_new_boolean(learned->proposal[i].state == AAJ_ALREADY_ALLOWED));
        json_object_array_add(list, o);
    }
    return list;
}

static json_object *unheard_json(const struct aaj_learned *learned)
{
    json_object *list = json_object_new_array();

    for (size_t i = 0; i < learned->n_unheard; i++)
        json_object_array_add(list, aaj_json_bytes(learned->unheard[i]));
    return list;
}

static json_object *unfenced_json(const struct aaj_learned *learned)
{
    json_object *list = json_object_new_array();

    for (size_t i = 0; i < learned->n_unfenced; i++) {
        json_object *o = json_object_new_object();

        json_object_object_add(o, "pool", aaj_json_bytes(learned->unfenced[i].pool));
        json_object_object_add(o, "profile", aaj_json_bytes(learned->unfenced[i].profile));
        json_object_object_add(o, "uid", json_object_new_int64(learned->unfenced[i].uid));
        json_object_array_add(list, o);
    }
    return list;
}

static json_object *account_json(struct aaj_recording *rec)
{
    struct aaj_account a = aaj_recording_account(rec);
    json_object *o = json_object_new_object();

    aaj_json_add_number(o, "lines", a.lines);
    aaj_json_add_number(o, "used", a.used);
    aaj_json_add_number(o, "irrelevant", a.irrelevant);
    aaj_json_add_number(o, "reported", a.reported);
    aaj_json_add_number(o, "lost", a.lost);
    json_object_object_add(o, "incomplete", json_object_new_boolean(a.incomplete));
    return o;
}

static json_object *stats_json(const struct aaj_learn_stats *s)
{
    json_object *o = json_object_new_object();

    aaj_json_add_number(o, "events", s->events);
    aaj_json_add_number(o, "granted_events", s->granted_events);
    aaj_json_add_number(o, "refused_events", s->refused_events);
    aaj_json_add_number(o, "accesses", s->accesses);
    aaj_json_add_number(o, "granted", s->granted);
    aaj_json_add_number(o, "refused", s->refused);
    aaj_json_add_number(o, "rules", s->rules);
    aaj_json_add_number(o, "profiles", s->profiles);
    return o;
}

static void add_unmediated(json_object *root, unsigned bits)
{
    json_object *list = json_object_new_array();

    for (unsigned bit = 0; bit < 32; bit++)
        if (bits >> bit & 1 && aaj_mediation_name(1u << bit))
            json_object_array_add(list, json_object_new_string(aaj_mediation_name(1u << bit)));
    json_object_object_add(root, "not_mediated", list);
}

static json_object *proof_json(const struct aaj_proof_result *proof)
{
    json_object *o = json_object_new_object();

    for (unsigned i = 0; i < AAJ_PROOF_CLAUSES; i++)
        if (proof->ok[i])
            aaj_json_add_number(o, aaj_proof_clause_name(i), proof->checked[i]);
    return o;
}

static json_object *report_json(const struct aaj_build_input *in, const struct aaj_built *b, struct aaj_arena *arena)
{
    json_object *root = json_object_new_object(), *rules = json_object_new_array(), *names = json_object_new_array();
    const struct aaj_learned *l = b->learned;

    aaj_json_add_number(root, "schema", SCHEMA);
    json_object_object_add(root, "jail", aaj_json_bytes(in->manifest->jail.text));
    json_object_object_add(root, "label", aaj_json_bytes(l->label));
    json_object_object_add(root, "target", json_object_new_string(in->target->name));
    for (size_t i = 0; i < b->n_names; i++)
        json_object_array_add(names, aaj_json_bytes(b->name[i]));
    json_object_object_add(root, "profiles", names);
    json_object_object_add(root, "account", account_json(in->recording));
    json_object_object_add(root, "stats", stats_json(&l->stats));
    for (size_t i = 0; i < l->n_rules; i++)
        json_object_array_add(rules, rule_json(&l->rule[i], arena));
    json_object_object_add(root, "rules", rules);
    json_object_object_add(root, "not_granted", refused_json(in->recording, l));
    json_object_object_add(root, "suspicious", suspects_json(l));
    json_object_object_add(root, "proposals", proposals_json(l));
    json_object_object_add(root, "not_heard", unheard_json(l));
    json_object_object_add(root, "not_fenced", unfenced_json(l));
    json_object_object_add(root, "from_syscalls",
                           json_object_new_boolean(aaj_recording_has_channel(in->recording, AAJ_CHANNEL_SYSCALLS)));
    add_unmediated(root, b->unmediated);
    json_object_object_add(root, "proved", proof_json(&b->proof));
    if (b->surfaced && in->files_named) /* this machine's files are no input: the same bytes tomorrow */
        json_object_object_add(root, "surface", aaj_report_surface_json(&b->surface, arena));
    if (b->plan)
        json_object_object_add(root, "firewall", aaj_firewall_plan_to_json(b->plan));
    return root;
}

int aaj_report_build_json(const struct aaj_build_input *input, const struct aaj_built *built, struct aaj_arena *arena,
                          struct aaj_str *ret_text)
{
    json_object *root = report_json(input, built, arena);
    const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
    struct aaj_str copy = text ? aaj_arena_printf(arena, "%s\n", text) : (struct aaj_str){ 0 };

    json_object_put(root);
    if (!copy.p)
        return -ENOMEM;
    *ret_text = copy;
    return 0;
}
