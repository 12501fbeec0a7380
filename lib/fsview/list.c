/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of files: `find -printf '%y\t%m\t%U\t%G\t%p\n'`, plain or zstd. */
#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/escape.h"
#include "base/grow.h"
#include "fsview/view.h"

enum {
    LIST_MAX = 1 << 30,  /* bytes once unpacked: some ten million files */
    PATH_LONGEST = 4096, /* PATH_MAX: nothing longer has a name in policy */
};

static int unpack(struct aaj_str text, char **ret_buf, size_t *ret_n)
{
    ZSTD_DCtx *ctx = ZSTD_createDCtx();
    ZSTD_inBuffer in = { text.p, text.n, 0 };
    ZSTD_outBuffer out = { NULL, 0, 0 };
    size_t left = 1;
    int r = ctx ? 0 : -ENOMEM;

    while (r == 0 && (in.pos < in.size || (left && out.pos == out.size))) {
        if (out.pos == out.size) {
            size_t size = out.size ? out.size * 2 : 1 << 20;
            void *bigger = size <= LIST_MAX ? realloc(out.dst, size) : NULL;

            if (!bigger) {
                r = size <= LIST_MAX ? -ENOMEM : -EFBIG;
                break;
            }
            out.dst = bigger;
            out.size = size;
        }
        left = ZSTD_decompressStream(ctx, &out, &in);
        if (ZSTD_isError(left))
            r = -EINVAL;
    }
    if (r == 0 && left) /* the frame is cut short */
        r = -EINVAL;
    ZSTD_freeDCtx(ctx);
    if (r < 0) {
        free(out.dst);
        return r;
    }
    *ret_buf = out.dst;
    *ret_n = out.pos;
    return 0;
}

static bool number(struct aaj_str *line, unsigned base, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;
    size_t i = 0;

    for (; i < line->n && line->p[i] >= '0' && line->p[i] < '0' + (int)base; i++) {
        v = v * base + (uint64_t)(line->p[i] - '0');
        if (v > max)
            return false;
    }
    if (!i || i == line->n || line->p[i] != '\t')
        return false;
    *line = aaj_str_skip(*line, i + 1);
    *ret = v;
    return true;
}

/* NULL, or what is wrong with the line. */
static const char *parse_line(struct aaj_str line, struct aaj_fact *ret_fact)
{
    struct aaj_fact fact = { 0 };
    uint64_t mode, uid, gid;

    if (line.n < 2 || line.p[1] != '\t' || !line.p[0] || !strchr("fdlcbps", line.p[0]))
        return "expected a type, one of f d l c b p s, and a tab";
    fact.type = line.p[0];
    line = aaj_str_skip(line, 2);
    if (!number(&line, 8, 07777, &mode) || !number(&line, 10, UINT32_MAX, &uid) ||
        !number(&line, 10, UINT32_MAX, &gid))
        return "expected mode (octal), uid and gid, each followed by a tab";
    fact.mode = (uint16_t)mode;
    fact.uid = (uint32_t)uid;
    fact.gid = (uint32_t)gid;
    if (fact.type == 'l') {
        size_t tab = aaj_str_find(line, '\t');

        if (tab < line.n)
            fact.target = aaj_str_skip(line, tab + 1);
        line = aaj_str_head(line, tab);
        if (aaj_str_find(fact.target, '\t') < fact.target.n)
            return "a link with a tab in its name or target; list such files with \\0 and without %l";
    } else if (line.n && line.p[line.n - 1] == '\t') {
        line.n--; /* an empty %l */
    }
    if (!line.n || line.p[0] != '/')
        return "expected an absolute path";
    if (line.n >= PATH_LONGEST || fact.target.n >= PATH_LONGEST)
        return "the path is too long";
    while (line.n > 1 && line.p[line.n - 1] == '/')
        line.n--;
    fact.path = line;
    *ret_fact = fact;
    return NULL;
}

static bool differs(const struct aaj_fact *a, const struct aaj_fact *b)
{
    return a->type != b->type || a->mode != b->mode || a->uid != b->uid || a->gid != b->gid ||
           !aaj_str_eq(a->target, b->target);
}

static int put_listed(struct aaj_fsview *view, struct aaj_fact *fact, struct aaj_loc loc,
                      struct aaj_diags *diags)
{
    uint32_t id, parent;
    int r = aaj_view_slot(view, fact->path, &id);

    if (r < 0)
        return r;
    if (fact->path.n > 1) {
        r = aaj_view_slot(view, aaj_view_parent(fact->path), &parent);
        if (r < 0)
            return r;
        view->flags[parent] |= AAJ_VIEW_CHILDREN;
    }
    if (view->flags[id] & AAJ_VIEW_ADDED) { /* seen where and when it happened: worth more */
        view->flags[id] |= AAJ_VIEW_LISTED;
        return 0;
    }
    if (view->flags[id] & AAJ_VIEW_LISTED && differs(&view->fact[id], fact)) {
        aaj_diag_add(diags, AAJ_WARNING, "list-twice", loc, (struct aaj_str){ 0 },
                     "%s is listed twice with different facts; the more dangerous of both is kept",
                     diags ? aaj_escape(&diags->arena, fact->path) : "");
        fact->mode |= view->fact[id].mode;
        if (view->fact[id].type == 'f')
            fact->type = 'f';
    }
    return aaj_view_put(view, id, fact, AAJ_VIEW_LISTED);
}

enum { FOREIGN_LINES = 5 }; /* a file that begins with as many that are none is no list */

static int add_text(struct aaj_fsview *view, struct aaj_str text, struct aaj_str file,
                    struct aaj_diags *diags)
{
    char end = aaj_str_find(text, '\0') < text.n ? '\0' : '\n';
    struct aaj_loc loc = { .file = file };
    size_t used = 0;
    int r;

    while (text.n && (used || loc.line < FOREIGN_LINES)) {
        struct aaj_str line = aaj_str_head(text, aaj_str_find(text, end));
        struct aaj_fact fact;
        const char *why;

        text = aaj_str_skip(text, line.n + 1);
        loc.line++;
        if (!line.n || (end == '\0' && aaj_str_eq(line, AAJ_STR("\n"))))
            continue;
        why = parse_line(line, &fact);
        if (why) {
            aaj_diag_add(diags, AAJ_WARNING, "list-line", loc, aaj_str_head(line, 200), "%s", why);
            continue;
        }
        r = put_listed(view, &fact, loc, diags);
        if (r < 0)
            return r;
        used++;
    }
    if (!used)
        return aaj_error(diags, (struct aaj_loc){ .file = file },
                         "not a list of files; make one with find / -xdev -printf '%%y\\t%%m\\t%%U\\t%%G\\t%%p\\t%%l\\n'");
    view->listed = true;
    return 0;
}

int aaj_fsview_add_list(struct aaj_fsview *view, struct aaj_str text, struct aaj_str file,
                        struct aaj_diags *diags)
{
    char *buf = NULL;
    size_t n;
    int r;

    if (!aaj_str_starts(text, AAJ_STR("\x28\xb5\x2f\xfd")))
        return add_text(view, text, file, diags);
    r = unpack(text, &buf, &n);
    if (r == -EINVAL || r == -EFBIG)
        return aaj_error(diags, (struct aaj_loc){ .file = file },
                         r == -EFBIG ? "the list is larger than 1 GiB once unpacked"
                                     : "the zstd data is damaged or cut short");
    if (r < 0)
        return r;
    r = add_text(view, (struct aaj_str){ buf, n }, file, diags);
    free(buf);
    return r;
}
