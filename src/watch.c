/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "base/json.h"
#include "kernel/kernel.h"
#include "policy/quote.h"

/* The letters of a rule: create and delete are written as w, and w says more than a. */
static void letters(uint32_t mask, char ret[8])
{
    uint32_t write = AAJ_MAY_WRITE | AAJ_MAY_CREATE | AAJ_MAY_DELETE;
    char *p = ret;

    if (mask & AAJ_MAY_READ)
        *p++ = 'r';
    if (mask & write)
        *p++ = 'w';
    else if (mask & AAJ_MAY_APPEND)
        *p++ = 'a';
    if (mask & AAJ_MAY_MMAP)
        *p++ = 'm';
    if (mask & AAJ_MAY_LOCK)
        *p++ = 'k';
    if (mask & AAJ_MAY_LINK)
        *p++ = 'l';
    *p = '\0';
}

static struct aaj_str file_rule(struct aaj_arena *arena, const struct aaj_event *e)
{
    bool owner = e->fsuid != AAJ_UID_NONE && e->fsuid == e->ouid;
    struct aaj_text path;
    char mask[8];

    letters(e->denied & ~(uint32_t)AAJ_MAY_EXEC, mask);
    if (aaj_text_literal(arena, e->arg[AAJ_FILE_NAME], AAJ_TEXT_PATH, &path) < 0)
        return (struct aaj_str){ 0 };
    if (e->class == AAJ_CLASS_EXEC || (e->denied & AAJ_MAY_EXEC))
        return aaj_arena_printf(arena, "%.*s Cx,", AAJ_STR_ARG(path.raw));
    if (!mask[0])
        return (struct aaj_str){ 0 };
    return aaj_arena_printf(arena, "%s%.*s %s,", owner ? "owner " : "", AAJ_STR_ARG(path.raw), mask);
}

/* A word that the kernel chose, not the slave: letters, digits, - and _. */
static bool is_word(struct aaj_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", s.p[i]) || !s.p[i])
            return false;
    return s.n > 0;
}

static struct aaj_str peer_rule(struct aaj_arena *arena, const struct aaj_event *e, const char *what)
{
    const char *const *word = aaj_class_info[e->class].mask_word;
    struct aaj_text peer;

    for (unsigned i = 0; word && word[i]; i++)
        if ((e->denied & (1u << i)) &&
            aaj_text_literal(arena, e->arg[AAJ_PEER_LABEL], AAJ_TEXT_COND, &peer) == 0)
            return aaj_arena_printf(arena, "%s (%s) peer=%.*s,", what, word[i], AAJ_STR_ARG(peer.raw));
    return (struct aaj_str){ 0 };
}

struct aaj_str watch_rule(struct aaj_arena *arena, const struct aaj_event *e)
{
    const struct aaj_str *a = e->arg;

    switch (e->class) {
    case AAJ_CLASS_FILE:
    case AAJ_CLASS_EXEC:
        return file_rule(arena, e);
    case AAJ_CLASS_NET:
        if (is_word(a[AAJ_NET_FAMILY]) && is_word(a[AAJ_NET_TYPE]))
            return aaj_arena_printf(arena, "network %.*s %.*s,", AAJ_STR_ARG(a[AAJ_NET_FAMILY]),
                                    AAJ_STR_ARG(a[AAJ_NET_TYPE]));
        break;
    case AAJ_CLASS_UNIX:
        if (is_word(a[AAJ_UNIX_TYPE]))
            return aaj_arena_printf(arena, "network unix %.*s,", AAJ_STR_ARG(a[AAJ_UNIX_TYPE]));
        break;
    case AAJ_CLASS_CAPABILITY:
        if (is_word(a[AAJ_CAP_NAME]))
            return aaj_arena_printf(arena, "capability %.*s,", AAJ_STR_ARG(a[AAJ_CAP_NAME]));
        break;
    case AAJ_CLASS_SIGNAL:
        return peer_rule(arena, e, "signal");
    case AAJ_CLASS_PTRACE:
        return peer_rule(arena, e, "ptrace");
    default:
        break;
    }
    return (struct aaj_str){ 0 };
}

static bool wanted(const struct watch *w, const struct aaj_event *e)
{
    if (e->mode != AAJ_MODE_DENIED && e->mode != AAJ_MODE_KILLED)
        return false;
    for (int i = 0; i < w->n_names; i++)
        if (aaj_label_bears(e->label, aaj_str_c(w->name[i])))
            return true;
    return w->n_names == 0;
}

static void date(int64_t ms, char *buf, size_t size)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;

    if (ms == 0 || !gmtime_r(&t, &tm) || !strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(buf, size, "-");
}

static void print_mask(FILE *f, const struct aaj_event *e)
{
    const char *const *word = aaj_class_info[e->class].mask_word;
    bool letters_only = e->class == AAJ_CLASS_FILE || e->class == AAJ_CLASS_EXEC, any = false;

    for (unsigned i = 0; word && word[i]; i++)
        if (e->denied & (1u << i)) {
            fprintf(f, "%s%s", any ? (letters_only ? "" : ",") : " ", word[i]);
            any = true;
        }
}

/* LABEL denied OP MASK ARG… (pid N COMM) */
static void print_what(FILE *f, const struct aaj_event *e, struct aaj_str rule)
{
    aaj_escape_terminal(f, e->label);
    fputs(e->mode == AAJ_MODE_KILLED ? " killed " : " denied ", f);
    aaj_escape_terminal(f, e->op);
    print_mask(f, e);
    for (size_t i = 0; i < AAJ_ARGS; i++)
        if (e->arg[i].n) {
            fputc(' ', f);
            aaj_escape_terminal(f, e->arg[i]);
        }
    fputs(" (", f);
    aaj_escape_terminal(f, e->comm);
    if (e->fsuid != AAJ_UID_NONE)
        fprintf(f, ", uid %u", e->fsuid);
    if (e->info.n) {
        fputs(", ", f);
        aaj_escape_terminal(f, e->info);
    }
    fputc(')', f);
    if (rule.n) {
        fputs("; allowed by: ", f);
        aaj_escape_terminal(f, rule);
    }
}

/* Under the line that they repeat. */
static void flush_last(struct watch *w)
{
    if (w->last && w->last->untold) {
        fprintf(w->out, "  … %llu more like this\n", (unsigned long long)w->last->untold);
        w->last->untold = 0;
    }
    w->last = NULL;
}

/* When it is forgotten, or at the end. */
static void flush_told(struct watch *w, struct watch_told *t)
{
    if (t == w->last)
        flush_last(w);
    if (t->untold)
        fprintf(w->out, "  … %llu more like: %s\n", (unsigned long long)t->untold, t->text);
    free(t->text);
    *t = (struct watch_told){ 0 };
}

static struct watch_told *find_told(struct watch *w, const char *text, size_t n)
{
    for (size_t i = 0; i < WATCH_RECENT; i++)
        if (w->told[i].text && w->told[i].n == n && memcmp(w->told[i].text, text, n) == 0)
            return &w->told[i];
    return NULL;
}

static bool is_power_of_ten(uint64_t n)
{
    while (n >= 10 && n % 10 == 0)
        n /= 10;
    return n == 1;
}

/* One that came before, other lines between: told again at the 10th, the 100th, … */
static void count(struct watch *w, struct watch_told *t, const char *when, const struct aaj_event *e)
{
    t->total++;
    t->untold++;
    if (t == w->last || t->total < 10 || !is_power_of_ten(t->total))
        return;
    flush_last(w);
    fprintf(w->out, "%s pid %u %s; %llu times more by now\n", when, e->pid, t->text, (unsigned long long)t->total);
    t->untold = 0;
    w->last = t;
}

static int for_people(struct watch *w, const struct aaj_event *e, struct aaj_str rule)
{
    struct watch_told *t;
    char *text = NULL, when[32];
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    if (!f)
        return -1;
    print_what(f, e, rule);
    if (fclose(f) != 0) {
        free(text);
        return -1;
    }
    date(e->time_ms, when, sizeof(when));
    t = find_told(w, text, n);
    if (t) {
        count(w, t, when, e);
        free(text);
        return 0;
    }
    flush_last(w);
    fprintf(w->out, "%s pid %u %s\n", when, e->pid, text);
    t = &w->told[w->next];
    w->next = (w->next + 1) % WATCH_RECENT;
    flush_told(w, t);
    *t = (struct watch_told){ .text = text, .n = n };
    w->last = t;
    return 0;
}

static void for_machines(struct watch *w, const struct aaj_event *e, struct aaj_str rule)
{
    const struct aaj_class_info *info = &aaj_class_info[e->class];
    json_object *o = json_object_new_object(), *mask = json_object_new_array();

    json_object_object_add(o, "time_ms", json_object_new_int64(e->time_ms));
    json_object_object_add(o, "label", aaj_json_bytes(e->label));
    json_object_object_add(o, "class", json_object_new_string(info->name));
    json_object_object_add(o, "op", aaj_json_bytes(e->op));
    for (unsigned i = 0; info->mask_word && info->mask_word[i]; i++)
        if (e->denied & (1u << i))
            json_object_array_add(mask, json_object_new_string(info->mask_word[i]));
    json_object_object_add(o, "denied", mask);
    for (size_t i = 0; i < AAJ_ARGS; i++)
        if (info->arg[i] && e->arg[i].n)
            json_object_object_add(o, info->arg[i], aaj_json_bytes(e->arg[i]));
    json_object_object_add(o, "pid", json_object_new_int64(e->pid));
    json_object_object_add(o, "comm", aaj_json_bytes(e->comm));
    json_object_object_add(o, "rule", rule.n ? aaj_json_bytes(rule) : NULL);
    fprintf(w->out, "%s\n",
            json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(o);
}

int watch_event(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                const struct aaj_log_record *record)
{
    struct watch *w = data;
    struct aaj_str rule;
    int r = 0;

    if (!wanted(w, event))
        return 0;
    rule = watch_rule(&w->arena, event);
    if (w->json)
        for_machines(w, event, rule);
    else
        r = for_people(w, event, rule);
    aaj_arena_clear(&w->arena);
    return r;
}

int watch_loss(void *data, const struct aaj_log_head *head)
{
    struct watch *w = data;

    w->lost = true;
    flush_last(w);
    if (!w->json)
        fprintf(w->out, "LOST: records are missing (%s)\n", head->why);
    return 0;
}

void watch_end(struct watch *w)
{
    for (size_t i = 0; i < WATCH_RECENT; i++)
        flush_told(w, &w->told[(w->next + i) % WATCH_RECENT]);
}
