/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conversation: lines out, lines in. No cursor, no raw mode, so that a dumb terminal, a pipe and a resized window are
 * all the same, and Ctrl-C leaves nothing behind. Names that were learned are escaped.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/escape.h"
#include "review.h"
#include "terminal.h"
#include "verb.h"

enum { WIDTH = 80, WIDTH_MIN = 30, WIDTH_MAX = 120, EVENTS_SHOWN = 5 };

static int width_of(FILE *out)
{
    const char *said = getenv("COLUMNS");
    struct winsize size;
    int width = said ? atoi(said) : 0;

    if (width <= 0 && ioctl(terminal_fd(out), TIOCGWINSZ, &size) == 0)
        width = size.ws_col;
    if (width <= 0)
        width = WIDTH;
    return width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
}

/* Words of @text, each line behind @indent blanks; the first goes on where @at columns are. */
static void wrap(FILE *out, int indent, int at, const char *text)
{
    int width = width_of(out);

    while (*text) {
        size_t n = strcspn(text, " ");
        int columns = (int)aaj_escape_terminal_width((struct aaj_str){ text, n });

        if (at > indent && at + 1 + columns > width) {
            fputc('\n', out);
            at = 0;
        }
        if (at < indent)
            at += fprintf(out, "%*s", indent - at, "");
        else if (at > indent)
            at += fprintf(out, " ");
        fwrite(text, 1, n, out);
        at += columns;
        text += n + (text[n] == ' ');
    }
    fputc('\n', out);
}

static bool is_offered(const struct review_question *q, int i)
{
    return i < REVIEW_CHOICES && review_info[q->kind].choice[i].word && q->offered[i];
}

static void show_choice(FILE *out, const char *word, const char *means)
{
    int at = fprintf(out, "  %-8s ", word);

    wrap(out, 11, at, means);
}

static void show_choices(FILE *out, const struct review_question *q)
{
    for (int i = 0; i < REVIEW_CHOICES; i++)
        if (is_offered(q, i))
            show_choice(out, review_info[q->kind].choice[i].word, review_info[q->kind].choice[i].means);
    show_choice(out, "events", "show what was logged");
    show_choice(out, "skip", "leave it as it is; it is asked again next time");
    show_choice(out, "quit", "skip this and all that follow");
}

static void show_question(struct review *r, FILE *out, const struct review_question *q, size_t number, size_t total)
{
    bool colour = want_colour(out);
    struct aaj_str text = aaj_arena_printf(&r->arena, "%s: %s%s%s%s", review_info[q->kind].asks, aaj_escape(&r->arena, q->what),
                                           q->detail.n ? " (" : "", aaj_escape(&r->arena, q->detail), q->detail.n ? ")" : "");
    int at = fprintf(out, "\n[%zu/%zu]", number, total) - 1;

    fputs(colour ? "\033[1m" : "", out);
    wrap(out, 2, at, text.p ? text.p : "");
    fputs(colour ? "\033[0m" : "", out);
    text = aaj_arena_printf(&r->arena, "%" PRIu64 " event%s. As it is: %s.", q->events, q->events == 1 ? "" : "s",
                            review_info[q->kind].now);
    wrap(out, 2, 0, text.p ? text.p : "");
    if (!q->offered[0])
        wrap(out, 2, 0, "A program that the slave ran did this, and rules of the manifest are for the slave alone.");
}

static void show_commands(struct review *r, FILE *out, const struct aaj_access *access)
{
    struct aaj_str argv[AAJ_COMMANDS_KEPT];
    size_t n = aaj_recording_commands(r->in->recording, access, argv);

    for (size_t i = 0; i < n; i++)
        wrap(out, 8, fprintf(out, "    as: "), aaj_escape(&r->arena, aaj_command_text(&r->arena, argv[i])));
}

static void show_events(struct review *r, FILE *out, const struct review_question *q)
{
    const struct aaj_access *access;
    size_t n, shown = 0;

    if (aaj_recording_accesses(r->in->recording, &access, &n) < 0)
        return;
    for (size_t i = 0; i < q->n_access && shown < EVENTS_SHOWN; i++) {
        struct aaj_str sample = q->access[i] < n ? aaj_recording_sample(r->in->recording, &access[q->access[i]]) : AAJ_STR("");

        if (!sample.n)
            continue;
        fputs("  ", out);
        aaj_escape_terminal(out, sample);
        fputc('\n', out);
        show_commands(r, out, &access[q->access[i]]);
        shown++;
    }
    if (!shown)
        fputs("  the recording keeps no line of it\n", out);
    else if (q->n_access > shown)
        fprintf(out, "  and %zu more that differ\n", q->n_access - shown);
}

static void show_prompt(FILE *out, const struct review_question *q)
{
    for (int i = 0; i < REVIEW_CHOICES; i++)
        if (is_offered(q, i)) {
            const char *word = review_info[q->kind].choice[i].word;

            fprintf(out, "(%c)%s ", *word, word + 1);
        }
    fputs("(e)vents (s)kip (q)uit ? [skip] ", out);
    fflush(out);
}

/* A line without the blanks around it, in small letters. False at the end of input. */
static bool hear(char **line, size_t *cap)
{
    ssize_t n = getline(line, cap, stdin);
    char *from, *to;

    if (n < 0)
        return false;
    if (!isatty(STDIN_FILENO)) /* no terminal that showed the answer */
        printf("%s%s", *line, n > 0 && (*line)[n - 1] == '\n' ? "" : "\n");
    for (from = *line; isspace((unsigned char)*from); from++)
        ;
    to = from + strlen(from);
    while (to > from && isspace((unsigned char)to[-1]))
        to--;
    *to = '\0';
    memmove(*line, from, (size_t)(to - from) + 1);
    for (char *p = *line; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return true;
}

/* A word, or a beginning of it: no two of one question begin with the same letter. */
static bool means(const char *heard, const char *word)
{
    return *heard && strncmp(word, heard, strlen(heard)) == 0;
}

enum heard { HEARD_CHOICE, HEARD_SKIP, HEARD_QUIT, HEARD_END };

static enum heard ask_one(struct review *r, FILE *out, struct review_question *q, char **line, size_t *cap)
{
    for (;;) {
        show_prompt(out, q);
        if (!hear(line, cap))
            return HEARD_END;
        for (int i = 0; i < REVIEW_CHOICES; i++)
            if (is_offered(q, i) && means(*line, review_info[q->kind].choice[i].word)) {
                q->answer = i;
                return HEARD_CHOICE;
            }
        if (!**line || means(*line, "skip"))
            return HEARD_SKIP;
        if (means(*line, "quit"))
            return HEARD_QUIT;
        if (means(*line, "events"))
            show_events(r, out, q);
        else if (means(*line, "help") || strcmp(*line, "?") == 0)
            show_choices(out, q);
        else
            fputs("  that is none of the answers; ? explains them\n", out);
    }
}

enum review_end review_ask(struct review *r, FILE *out, size_t before, size_t total)
{
    enum review_end end = REVIEW_ANSWERED;
    const char *explained = NULL; /* what the first choice means that was explained last */
    char *line = NULL;
    size_t cap = 0;

    for (size_t i = 0; i < r->n && end == REVIEW_ANSWERED; i++) {
        struct review_question *q = &r->question[i];

        show_question(r, out, q, before + i + 1, total);
        if (!explained || strcmp(explained, review_info[q->kind].choice[0].means) != 0)
            show_choices(out, q);
        explained = review_info[q->kind].choice[0].means;
        switch (ask_one(r, out, q, &line, &cap)) {
        case HEARD_QUIT: end = REVIEW_QUIT; break;
        case HEARD_END:
            fputc('\n', out);
            end = REVIEW_ABORTED;
            break;
        default: break;
        }
    }
    free(line);
    return end;
}

bool review_confirm(FILE *out, const char *question)
{
    char *line = NULL;
    size_t cap = 0;
    bool yes = false, more = true;

    while (more) {
        fprintf(out, "%s (y)es (n)o ", question);
        fflush(out);
        more = hear(&line, &cap);
        yes = more && means(line, "yes");
        if (yes || (more && means(line, "no")))
            break;
    }
    free(line);
    return yes;
}
