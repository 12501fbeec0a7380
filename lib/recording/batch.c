/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/batch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"

void batch_clear(struct batch *b)
{
    aaj_arena_clear(&b->arena);
    free(b->item);
    free(b->event);
    free(b->fact);
    free(b->command);
    free(b->report);
    free(b->loss);
    *b = (struct batch){ 0 };
}

void batch_reset(struct batch *b)
{
    aaj_arena_clear(&b->arena);
    b->n_items = b->n_settled = b->n_events = b->n_facts = b->n_commands = b->n_reports = b->n_losses = 0;
    b->lines = b->first_audit = b->last_audit = 0;
}

static int own(struct batch *b, struct aaj_str *s)
{
    if (s->n == 0)
        return 0;
    *s = aaj_arena_dup(&b->arena, *s);
    return s->p ? 0 : -ENOMEM;
}

static int own_event(struct batch *b, struct aaj_event *e)
{
    struct aaj_str *const part[] = { &e->host, &e->boot, &e->op, &e->label, &e->ns, &e->comm, &e->info, &e->execpath };
    int r = 0;

    for (size_t i = 0; r == 0 && i < AAJ_ARRAY_SIZE(part); i++)
        r = own(b, part[i]);
    for (size_t a = 0; r == 0 && a < AAJ_ARGS; a++)
        r = own(b, &e->arg[a]);
    return r;
}

int batch_event(struct batch *b, const struct aaj_event *event)
{
    struct aaj_event e = *event;

    if (AAJ_GROW(b->event, b->n_events, b->cap_events) < 0 || own_event(b, &e) < 0)
        return -ENOMEM;
    b->event[b->n_events++] = e;
    return 0;
}

int batch_command(struct batch *b, const struct aaj_event *exec, struct aaj_str argv)
{
    struct kept_command new = { *exec, argv };

    if (AAJ_GROW(b->command, b->n_commands, b->cap_commands) < 0 || own_event(b, &new.exec) < 0 || own(b, &new.argv) < 0)
        return -ENOMEM;
    b->command[b->n_commands++] = new;
    return 0;
}

int batch_fact(struct batch *b, const struct aaj_fact *fact, struct aaj_str label)
{
    struct kept_fact new = { *fact, label };

    if (AAJ_GROW(b->fact, b->n_facts, b->cap_facts) < 0 || own(b, &new.fact.path) < 0 || own(b, &new.label) < 0)
        return -ENOMEM;
    b->fact[b->n_facts++] = new;
    return 0;
}

int batch_settle(struct batch *b, struct aaj_str text)
{
    for (; b->n_settled < b->n_items; b->n_settled++) {
        struct queued *q = &b->item[b->n_settled];
        bool stays = q->line.p >= text.p && q->line.p < text.p + text.n;

        if (!stays && (own(b, &q->line) < 0 || own(b, &q->host) < 0 || own(b, &q->boot) < 0))
            return -ENOMEM;
    }
    return 0;
}

int batch_report(struct batch *b, const struct kept_report *report)
{
    struct kept_report new = *report;

    if (b->n_reports >= BATCH_KEPT)
        return 0; /* counted in the account */
    new.text = aaj_str_head(new.text, BATCH_SHOWN);
    if (AAJ_GROW(b->report, b->n_reports, b->cap_reports) < 0 || own(b, &new.text) < 0)
        return -ENOMEM;
    b->report[b->n_reports++] = new;
    return 0;
}

int batch_loss(struct batch *b, const struct kept_loss *loss)
{
    struct kept_loss new = *loss;

    if (AAJ_GROW(b->loss, b->n_losses, b->cap_losses) < 0 || own(b, &new.host) < 0 || own(b, &new.boot) < 0)
        return -ENOMEM;
    b->loss[b->n_losses++] = new;
    return 0;
}
