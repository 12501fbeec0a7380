/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/escape.h"
#include "firewall/text.h"
#include "policy/print.h"
#include "report/build_report.h"
#include "report/groups.h"

/* Of a rule's accesses; report.json has all of them. */
enum { SHOWN = 20 };

/* Everything that came from outside goes through text(); the rest is ours. */
struct page {
    FILE *out;
    const struct aaj_build_input *in;
    const struct aaj_built *built;
    const struct aaj_access *access;
    size_t n_access;
    struct aaj_arena *arena;
};

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<style>\n"
    ":root { color-scheme: light dark; --line: #8884; --dim: #888; --good: #2a7d2a; --bad: #b3261e; }\n"
    "body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em; }\n"
    "h1 { font-size: 1.6em; margin: 0; } h2 { font-size: 1.15em; margin: 2em 0 .4em; }\n"
    "p { margin: .4em 0; } .dim { color: var(--dim); } .good { color: var(--good); } .bad { color: "
    "var(--bad); }\n"
    "code, pre { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }\n"
    "pre { border: 1px solid var(--line); border-radius: 6px; padding: 1em; overflow-x: auto; }\n"
    "dl { display: flex; flex-wrap: wrap; gap: 1em 2.5em; margin: 1.2em 0; }\n"
    "dt { color: var(--dim); font-size: .85em; } dd { margin: 0; font-size: 1.5em; }\n"
    "details { border-top: 1px solid var(--line); padding: .25em 0; }\n"
    "summary { cursor: pointer; display: flex; gap: 1em; } summary code { flex: 1; }\n"
    "summary::-webkit-details-marker { display: none; }\n"
    "table { border-collapse: collapse; width: 100%; } th { font-weight: normal; color: var(--dim); }\n"
    "td, th { text-align: left; vertical-align: top; padding: .2em 1em .2em 0; border-top: 1px solid "
    "var(--line); }\n"
    "td.n { text-align: right; white-space: nowrap; width: 1%; font-variant-numeric: tabular-nums; }\n"
    "</style>\n";

static void text(const struct page *p, struct aaj_str s)
{
    aaj_escape_html(p->out, s);
}

/* Lines stay lines. */
static void block(const struct page *p, struct aaj_str s)
{
    fputs("<pre>", p->out);
    while (s.n) {
        size_t n = aaj_str_find(s, '\n');

        text(p, aaj_str_head(s, n));
        fputc('\n', p->out);
        s = aaj_str_skip(s, n < s.n ? n + 1 : n);
    }
    fputs("</pre>\n", p->out);
}

static void number(const struct page *p, const char *what, uint64_t n)
{
    fprintf(p->out, "<div><dt>%s</dt><dd>%" PRIu64 "</dd></div>\n", what, n);
}

static void print_head(const struct page *p)
{
    const struct aaj_learn_stats *s = &p->built->learned->stats;
    struct aaj_account account = aaj_recording_account(p->in->recording);

    fputs(head, p->out);
    fputs("<title>aajail: ", p->out);
    text(p, p->in->manifest->jail.text);
    fputs("</title></head><body>\n<h1>", p->out);
    text(p, p->in->manifest->jail.text);
    fputs("</h1>\n<p class=\"dim\"><code>", p->out);
    text(p, p->in->manifest->slave.text);
    fputs("</code> on ", p->out);
    text(p, aaj_str_c(p->in->target->name));
    fputs("</p>\n<dl>\n", p->out);
    number(p, "log lines", account.lines);
    number(p, "events", s->events);
    number(p, "distinct accesses", s->accesses);
    number(p, "rules", s->rules);
    number(p, "profiles", p->built->n_names);
    number(p, "not granted", s->refused);
    fputs("</dl>\n", p->out);
    if (account.incomplete)
        fprintf(p->out,
                "<p class=\"bad\">Events were lost while learning (%" PRIu64 " known): the profile may be "
                "too narrow.</p>\n",
                account.lost);
}

static void print_proof(const struct page *p)
{
    const struct aaj_proof_result *proof = &p->built->proof;

    fputs("<h2>Proved</h2>\n<p>", p->out);
    for (unsigned i = 0; i < AAJ_PROOF_CLAUSES; i++) {
        if (!proof->ok[i])
            continue;
        fprintf(p->out, "<span class=\"good\">✓ %s</span>", aaj_proof_clause_name(i));
        if (proof->checked[i])
            fprintf(p->out, " <span class=\"dim\">%zu</span>", proof->checked[i]);
        fputs(" &nbsp; ", p->out);
    }
    fputs("</p>\n", p->out);
    if (!p->built->unmediated)
        return;
    fputs("<p>Neither allowed nor denied, since the target's kernel does not look at it:", p->out);
    for (unsigned bit = 0; bit < 32; bit++)
        if (p->built->unmediated >> bit & 1 && aaj_mediation_name(1u << bit))
            fprintf(p->out, " <b>%s</b>", aaj_mediation_name(1u << bit));
    fputs(".</p>\n", p->out);
}

static void print_access(const struct page *p, const struct aaj_access *a)
{
    const struct aaj_class_info *info = &aaj_class_info[a->class];
    uint64_t events = a->allowed + a->denied + a->audited;

    fprintf(p->out, "<tr><td class=\"n\">%" PRIu64 " ×</td><td>", events);
    text(p, aaj_recording_str(p->in->recording, a->op));
    fputs("</td><td><code>", p->out);
    for (unsigned i = 0; i < AAJ_ARGS; i++) {
        struct aaj_str arg = info->arg[i] ? aaj_recording_str(p->in->recording, a->arg[i]) : AAJ_STR("");

        if (!arg.n)
            continue;
        fprintf(p->out, "<span class=\"dim\">%s</span> ", info->arg[i]);
        text(p, arg);
        fputs(" &nbsp; ", p->out);
    }
    fputs("</code></td></tr>\n", p->out);
}

static void print_rule(const struct page *p, const struct aaj_learned_rule *rule)
{
    struct aaj_str words =
        rule->item->kind == AAJ_ITEM_RULE ? aaj_rule_text(p->arena, &rule->item->rule) : rule->from;

    fputs("<details><summary><code>", p->out);
    text(p, words);
    fprintf(p->out, "</code><span class=\"dim\">%" PRIu64 " event%s</span></summary>\n<p>", rule->events,
            rule->events == 1 ? "" : "s");
    for (unsigned i = 0; i < AAJ_INFER_COUNT; i++)
        if (rule->inferences >> i & 1)
            fprintf(p->out, "<b>%s</b> <span class=\"dim\">%s.</span> ", aaj_infer_info[i].name,
                    aaj_infer_info[i].means);
    fputs("</p>\n<table>\n", p->out);
    for (size_t i = 0; i < rule->n_access && i < SHOWN; i++)
        if (rule->access[i] < p->n_access)
            print_access(p, &p->access[rule->access[i]]);
    if (rule->n_access > SHOWN)
        fprintf(p->out, "<tr><td></td><td></td><td class=\"dim\">and %zu more</td></tr>\n",
                rule->n_access - SHOWN);
    fputs("</table></details>\n", p->out);
}

static void print_rules(const struct page *p)
{
    const struct aaj_learned *l = p->built->learned;
    struct aaj_str profile = { 0 };

    fputs("<h2>Learned rules</h2>\n<p class=\"dim\">A rule opens to show what it rests on.</p>\n", p->out);
    for (size_t i = 0; i < l->n_rules; i++) {
        if (!aaj_str_eq(l->rule[i].profile, profile)) {
            profile = l->rule[i].profile;
            fputs("<p><b>", p->out);
            text(p, profile);
            fputs("</b></p>\n", p->out);
        }
        print_rule(p, &l->rule[i]);
    }
}

static int print_refused(const struct page *p)
{
    struct aaj_refusal_group *group;
    size_t n;
    int r = aaj_refusal_groups(p->in->recording, p->built->learned, &group, &n);

    if (r < 0)
        return r;
    if (n)
        fputs("<h2>Not granted</h2>\n<table><tr><th>accesses<th>reason<th>what</tr>\n", p->out);
    for (size_t i = 0; i < n; i++) {
        fprintf(p->out, "<tr><td class=\"n\">%zu</td><td>%s</td><td><code>", group[i].accesses,
                aaj_refusal_reason(group[i].why));
        text(p, group[i].detail.n ? group[i].detail : group[i].sample);
        fputs("</code></td></tr>\n", p->out);
    }
    if (n)
        fputs("</table>\n", p->out);
    free(group);
    return 0;
}

static void print_suspects(const struct page *p)
{
    const struct aaj_learned *l = p->built->learned;

    if (!l->n_suspects)
        return;
    fputs("<h2>Set apart</h2>\n<p class=\"dim\">An attack looks like this; look before you trust the "
          "profile.</p>\n<table>\n",
          p->out);
    for (size_t i = 0; i < l->n_suspects; i++) {
        const struct aaj_suspect *s = &l->suspect[i];

        fprintf(p->out, "<tr><td class=\"n\">%" PRIu64 " ×</td><td title=\"%s\">it %s</td><td><code>", s->events,
                aaj_suspicion_info[s->kind].advice, aaj_suspicion_info[s->kind].what);
        text(p, s->what);
        fputs("</code> <span class=\"dim\">", p->out);
        text(p, s->detail);
        for (size_t k = 0; k < s->n_commands; k++) {
            fputs(k ? "; as: " : " as: ", p->out);
            text(p, s->command[k]);
        }
        fprintf(p->out, "</span></td><td class=\"%s\">%s</td></tr>\n", s->granted ? "bad" : "good",
                s->granted ? "granted" : "not granted");
    }
    fputs("</table>\n", p->out);
}

static void print_proposals(const struct page *p)
{
    const struct aaj_learned *l = p->built->learned;

    if (!l->n_proposals)
        return;
    fputs("<h2>It called out</h2>\n<p class=\"dim\">The chain refuses what the manifest's "
          "<code>network.allow</code> does not hold.</p>\n<table>\n",
          p->out);
    for (size_t i = 0; i < l->n_proposals; i++) {
        bool allowed = l->proposal[i].state == AAJ_ALREADY_ALLOWED;

        fprintf(p->out, "<tr><td class=\"n\">%" PRIu64 " ×</td><td><code>", l->proposal[i].events);
        text(p, l->proposal[i].dest);
        fprintf(p->out, "</code></td><td class=\"%s\">%s</td></tr>\n", allowed ? "good" : "bad",
                allowed ? "in the manifest" : "refused");
    }
    fputs("</table>\n", p->out);
}

static void print_unheard(const struct page *p)
{
    const struct aaj_learned *l = p->built->learned;

    if (aaj_recording_has_channel(p->in->recording, AAJ_CHANNEL_SYSCALLS))
        fputs("<h2>Not seen</h2>\n<p>This was learned from system calls, which tell nothing of capabilities, signals, ptrace, mounts "
              "and D-Bus. Load the profile in complain mode and learn another round from its log before you enforce it.</p>\n",
              p->out);
    if (!l->n_unheard)
        return;
    fputs("<h2>Not heard</h2>\n<p>Sockets and signals of these programs: the kernel logs them only in profiles of their own. Load "
          "this one in complain mode and learn another round before you enforce it.</p>\n<ul>\n",
          p->out);
    for (size_t i = 0; i < l->n_unheard; i++) {
        fputs("<li><code>", p->out);
        text(p, l->unheard[i]);
        fputs("</code></li>\n", p->out);
    }
    fputs("</ul>\n", p->out);
}

static void print_unfenced(const struct page *p)
{
    const struct aaj_learned *l = p->built->learned;

    if (!l->n_unfenced)
        return;
    fputs("<h2>Not fenced</h2>\n<p>These pools have no manifest, and so no firewall chain.</p>\n<ul>\n", p->out);
    for (size_t i = 0; i < l->n_unfenced; i++) {
        fputs("<li><code>", p->out);
        text(p, l->unfenced[i].profile);
        fprintf(p->out, "</code>, uid %u</li>\n", l->unfenced[i].uid);
    }
    fputs("</ul>\n", p->out);
}

static int print_firewall(const struct page *p)
{
    char *form = NULL;
    size_t n = 0;
    FILE *f;

    fputs("<h2>Firewall</h2>\n", p->out);
    if (!p->built->plan) {
        fputs("<p class=\"dim\">No chain, since no user was named.</p>\n", p->out);
        return 0;
    }
    f = open_memstream(&form, &n);
    if (!f)
        return -ENOMEM;
    aaj_firewall_print(f, p->built->plan, AAJ_FIREWALL_TEXT);
    if (fclose(f) != 0) {
        free(form);
        return -ENOMEM;
    }
    block(p, (struct aaj_str){ form, n });
    free(form);
    return 0;
}

static int print_page(const struct page *p)
{
    int r;

    print_head(p);
    print_proof(p);
    r = print_refused(p);
    print_suspects(p);
    print_proposals(p);
    print_unheard(p);
    print_unfenced(p);
    fputs("<h2>Profile</h2>\n", p->out);
    block(p, p->built->profile);
    if (r == 0)
        r = print_firewall(p);
    print_rules(p);
    fputs("</body></html>\n", p->out);
    return r;
}

int aaj_report_build_html(const struct aaj_build_input *input, const struct aaj_built *built,
                          struct aaj_arena *arena, struct aaj_str *ret_text)
{
    struct page p = { .in = input, .built = built, .arena = arena };
    char *html = NULL;
    size_t n = 0;
    int r = aaj_recording_accesses(input->recording, &p.access, &p.n_access);

    if (r < 0)
        return r;
    p.out = open_memstream(&html, &n);
    if (!p.out)
        return -ENOMEM;
    r = print_page(&p);
    if (fclose(p.out) != 0)
        r = -ENOMEM;
    if (r == 0) {
        *ret_text = aaj_arena_dup(arena, (struct aaj_str){ html, n });
        r = ret_text->p ? 0 : -ENOMEM;
    }
    free(html);
    return r;
}
