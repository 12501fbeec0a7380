/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdlib.h>

#include "base/escape.h"
#include "check/proof.h"
#include "report/build_report.h"
#include "report/groups.h"
#include "report/surface.h"

enum { SHOWN = 12 };

static void print_word(FILE *out, struct aaj_str s)
{
    aaj_escape_terminal(out, aaj_str_head(s, 120));
    if (s.n > 120)
        fputs("…", out);
}

static void print_inferences(FILE *out, const struct aaj_learned *learned)
{
    size_t count[AAJ_INFER_COUNT];
    const char *sep = "";

    aaj_count_inferences(learned, count);
    fprintf(out, "  rules by inference: ");
    for (unsigned i = 0; i < AAJ_INFER_COUNT; i++)
        if (count[i]) {
            fprintf(out, "%s%s %zu", sep, aaj_infer_info[i].name, count[i]);
            sep = ", ";
        }
    fputc('\n', out);
}

static int print_refused(FILE *out, const struct aaj_build_input *in, const struct aaj_built *b)
{
    struct aaj_refusal_group *group;
    size_t n;
    int r = aaj_refusal_groups(in->recording, b->learned, &group, &n);

    if (r < 0)
        return r;
    if (n)
        fprintf(out, "  not granted: %zu accesses (%" PRIu64 " events)\n", b->learned->stats.refused,
                b->learned->stats.refused_events);
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        fprintf(out, "    %4zu × %s: ", group[i].accesses, aaj_refusal_reason(group[i].why));
        print_word(out, group[i].detail.n ? group[i].detail : group[i].sample);
        if (group[i].why == AAJ_REFUSED_CEILING && group[i].detail.n && group[i].sample.n &&
            !aaj_str_eq(group[i].detail, group[i].sample)) {
            fputs(", as for ", out);
            print_word(out, group[i].sample);
        }
        fputc('\n', out);
    }
    if (n > SHOWN)
        fprintf(out, "    and %zu more reasons in report.json\n", n - SHOWN);
    free(group);
    return 0;
}

/* Each kind with its advice, and the things it was seen of. */
static void print_suspects(FILE *out, const struct aaj_learned *learned)
{
    size_t shown = 0;

    if (learned->n_suspects)
        fprintf(out, "  set apart, since an attack looks like it; look before you trust the profile ('aajail review' asks):\n");
    for (size_t i = 0; i < learned->n_suspects; i++) {
        const struct aaj_suspect *s = &learned->suspect[i];
        char letters[12];

        if (i == 0 || learned->suspect[i - 1].kind != s->kind) {
            fprintf(out, "    it %s (%s):\n", aaj_suspicion_info[s->kind].what, aaj_suspicion_info[s->kind].advice);
            shown = 0;
        }
        if (shown++ == SHOWN)
            fputs("      and more in report.json\n", out);
        if (shown > SHOWN)
            continue;
        fputs("      ", out);
        print_word(out, s->what);
        fprintf(out, "%s%s%s%.*s%s  # %" PRIu64 " event%s, %s\n", s->perms ? " " : "",
                s->perms ? aaj_may_letters(s->perms, letters) : "", s->detail.n ? " (" : "", AAJ_STR_ARG(s->detail),
                s->detail.n ? ")" : "", s->events, s->events == 1 ? "" : "s", s->granted ? "granted" : "not granted");
        for (size_t k = 0; k < s->n_commands; k++) {
            fputs("        as: ", out);
            print_word(out, s->command[k]);
            fputc('\n', out);
        }
    }
}

static void print_proposals(FILE *out, const struct aaj_learned *learned)
{
    size_t shown = 0;

    for (size_t i = 0; i < learned->n_proposals; i++) {
        if (learned->proposal[i].state != AAJ_PROPOSED)
            continue;
        if (!shown++)
            fputs("  it called out; the chain refuses that until the manifest says (or --grant-destinations):\n"
                  "    network:\n      allow:\n", out);
        if (shown <= SHOWN) {
            fprintf(out, "        - \"");
            print_word(out, learned->proposal[i].dest);
            fprintf(out, "\"   # %" PRIu64 " event%s\n", learned->proposal[i].events,
                    learned->proposal[i].events == 1 ? "" : "s");
        }
    }
    if (shown > SHOWN)
        fprintf(out, "    and %zu more in report.json\n", shown - SHOWN);
}

static void print_words(FILE *out, const struct aaj_str *word, size_t n)
{
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        fputs(i ? ", " : "", out);
        print_word(out, word[i]);
    }
    fputs(n > SHOWN ? ", …\n" : "\n", out);
}

static void print_unheard(FILE *out, const struct aaj_learned *l)
{
    size_t apart = l->n_unheard - l->n_unheard_inherit;

    if (!l->n_unheard)
        return;
    fputs("  not heard: sockets and signals of the programs it ran (itself, where it started anew), which the kernel logs only in "
          "profiles that\n  exist. Load this one in complain mode and learn another round (learn --add) before you enforce it",
          out);
    if (apart) {
        fputs(", for: ", out);
        print_words(out, l->unheard, apart);
    } else {
        fputc('\n', out);
    }
    if (!l->n_unheard_inherit)
        return;
    fputs("  the same for what inherits a profile; it is logged as that profile's own then, and so stays listed here: ", out);
    print_words(out, l->unheard + apart, l->n_unheard_inherit);
}

static void print_unfenced(FILE *out, const struct aaj_learned *l)
{
    for (size_t i = 0; i < l->n_unfenced; i++) {
        const struct aaj_unfenced *u = &l->unfenced[i];

        fputs("  not fenced: the pool '", out);
        print_word(out, u->pool);
        fprintf(out, "', which ran as uid %u, has no manifest and so no firewall chain. Beside this manifest put ", u->uid);
        print_word(out, u->pool);
        fputs(".yaml:\n    { jail: ", out);
        print_word(out, u->pool);
        fputs(", hat: ", out);
        print_word(out, u->pool);
        fputs(", master: ", out);
        print_word(out, aaj_str_head(u->profile, u->profile.n - u->pool.n - 2));
        fprintf(out, ", user: NAME-OF-%u, template: php-fpm-pool }\n", u->uid);
    }
}

static void print_unseen(FILE *out, const struct aaj_build_input *in)
{
    if (aaj_recording_has_channel(in->recording, AAJ_CHANNEL_SYSCALLS))
        fputs("  learned from system calls, which tell nothing of capabilities, signals, ptrace, mounts and D-Bus. Load this one in "
              "complain mode\n  and learn another round from its log before you enforce it\n",
              out);
}

static void print_unmediated(FILE *out, const struct aaj_build_input *in, const struct aaj_built *b)
{
    const char *sep = " ";

    if (!b->unmediated)
        return;
    fprintf(out, "  not mediated on %s, so neither allowed nor denied:", in->target->name);
    for (unsigned bit = 0; bit < 32; bit++) {
        const char *name = b->unmediated >> bit & 1 ? aaj_mediation_name(1u << bit) : NULL;

        if (name) {
            fprintf(out, "%s%s", sep, name);
            sep = ", ";
        }
    }
    fputc('\n', out);
}

static void print_proof(FILE *out, const struct aaj_build_input *in, const struct aaj_proof_result *proof)
{
    const char *sep = " ";

    fprintf(out, "  proved:");
    for (unsigned i = 0; i < AAJ_PROOF_CLAUSES; i++)
        if (proof->ok[i] && (proof->checked[i] || i == AAJ_PROOF_COMPILES)) {
            fprintf(out, "%s%s", sep, aaj_proof_clause_name(i));
            if (proof->checked[i])
                fprintf(out, " %zu", proof->checked[i]);
            sep = ", ";
        }
    fputc('\n', out);
    if (in->manifest->attach == AAJ_ATTACH_PATH && !in->profiles)
        fputs("  not proved: that no other profile attaches to the same path; --profiles names their folder\n", out);
}

int aaj_report_build_text(FILE *out, const struct aaj_build_input *input, const struct aaj_built *built)
{
    const struct aaj_learned *l = built->learned;
    int r;

    print_word(out, l->name);
    fprintf(out, ": %" PRIu64 " events, %zu distinct accesses → %zu rules in %zu profile%s\n", l->stats.events,
            l->stats.accesses, l->stats.rules, built->n_names, built->n_names == 1 ? "" : "s");
    print_inferences(out, l);
    r = print_refused(out, input, built);
    if (r < 0)
        return r;
    print_suspects(out, l);
    if (built->merged)
        fprintf(out, "  merged: %zu rules added, %zu changed, %zu granted already, %zu set aside for conflicts\n",
                built->merge_added, built->merge_changed, built->merge_present, built->merge_conflicts);
    print_proposals(out, l);
    print_unheard(out, l);
    print_unfenced(out, l);
    print_unseen(out, input);
    print_unmediated(out, input, built);
    print_proof(out, input, &built->proof);
    r = aaj_report_surface_text(out, input, built);
    if (r < 0)
        return r;
    if (built->plan)
        fprintf(out, "  firewall: %zu rules for user %.*s\n", built->plan->n_rules,
                AAJ_STR_ARG(input->manifest->user.text));
    else
        fprintf(out, "  firewall: no chain, since no user was named\n");
    return 0;
}
