/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Second half: the regular expression becomes a non-deterministic automaton. The grammar is that of
 * AppArmor's libapparmor_re/parse.y as far as globs reach it: byte, [set], [^set], ( | ), *.
 */
#include "glob/glob_private.h"

#include <errno.h>
#include <string.h>

#include "base/grow.h"

struct parse {
    struct aaj_glob *glob;
    const char *p, *end;
    const char *why;
};

static int new_node(struct aaj_glob *glob, enum aaj_node_kind kind, uint32_t set, uint32_t *ret_node)
{
    if (AAJ_GROW(glob->node, glob->n_nodes, glob->cap_nodes) < 0)
        return -ENOMEM;
    glob->node[glob->n_nodes] = (struct aaj_node){ .kind = kind, .set = set };
    *ret_node = (uint32_t)glob->n_nodes++;
    return 0;
}

static int new_charset(struct aaj_glob *glob, const struct aaj_charset *set, uint32_t *ret_set)
{
    size_t recent = glob->n_charsets > 32 ? glob->n_charsets - 32 : 0;

    for (size_t i = glob->n_charsets; i-- > recent;)
        if (memcmp(&glob->charset[i], set, sizeof(*set)) == 0) {
            *ret_set = (uint32_t)i;
            return 0;
        }
    if (AAJ_GROW(glob->charset, glob->n_charsets, glob->cap_charsets) < 0)
        return -ENOMEM;
    glob->charset[glob->n_charsets] = *set;
    *ret_set = (uint32_t)glob->n_charsets++;
    return 0;
}

/* Appends a one-byte step behind node *end, which becomes that step; the new open end is returned. An
 * open end is a JUMP that nobody has aimed yet. */
static int append_set(struct aaj_glob *glob, uint32_t set, uint32_t *end)
{
    uint32_t next;
    int r = new_node(glob, AAJ_NODE_JUMP, 0, &next);

    if (r < 0)
        return r;
    glob->node[*end].kind = AAJ_NODE_SET;
    glob->node[*end].set = set;
    glob->node[*end].out = next;
    *end = next;
    return 0;
}

static int append_byte(struct aaj_glob *glob, uint8_t byte, uint32_t *end)
{
    uint32_t set;

    if (!glob->byte_set[byte]) {
        struct aaj_charset one = { 0 };

        aaj_charset_add(&one, byte);
        if (AAJ_GROW(glob->charset, glob->n_charsets, glob->cap_charsets) < 0)
            return -ENOMEM;
        set = (uint32_t)glob->n_charsets;
        glob->charset[glob->n_charsets++] = one;
        glob->byte_set[byte] = set + 1;
    }
    set = glob->byte_set[byte] - 1;
    return append_set(glob, set, end);
}

/* One element of a set; which of ] ^ - are plain there is the caller's knowledge. */
static int set_element(struct parse *ps, const char *plain, uint8_t *ret_byte)
{
    char c;
    int value;

    if (ps->p == ps->end)
        return -EINVAL;
    c = *ps->p++;
    if (c == '\\') {
        value = aaj_escape_sequence(&ps->p, ps->end, "*+.|^$-[](){}");
        *ret_byte = value < 0 ? (uint8_t)'\\' : (uint8_t)value;
        return 0;
    }
    if ((c == ']' || c == '^' || c == '-') && !strchr(plain, c))
        return -EINVAL;
    *ret_byte = (uint8_t)c;
    return 0;
}

static bool at(const struct parse *ps, char c)
{
    return ps->p < ps->end && *ps->p == c;
}

/* a or a-z; a range may be written backwards. */
static int set_range(struct parse *ps, const char *plain, struct aaj_charset *set)
{
    uint8_t from, to;

    if (set_element(ps, plain, &from) < 0)
        return -EINVAL;
    to = from;
    if (at(ps, '-')) {
        ps->p++;
        if (set_element(ps, "^", &to) < 0)
            return -EINVAL;
    }
    for (unsigned c = from < to ? from : to, last = from < to ? to : from; c <= last; c++)
        aaj_charset_add(set, (uint8_t)c);
    return 0;
}

/* Behind "[". */
static int parse_set(struct parse *ps, struct aaj_charset *ret_set)
{
    struct aaj_charset set = { 0 };
    bool negate = at(ps, '^');
    int r = 0;

    ps->glob->wild |= negate;
    if (negate)
        ps->p++;
    if (negate && at(ps, '^')) { /* [^^…]: ^ itself, and then nothing needs to follow */
        aaj_charset_add(&set, '^');
        ps->p++;
    } else {
        r = set_range(ps, "]-", &set);
    }
    while (r == 0 && ps->p < ps->end && *ps->p != ']')
        r = set_range(ps, "^", &set);
    if (r < 0 || ps->p == ps->end) {
        ps->why = "the set in [] is malformed";
        return -EINVAL;
    }
    ps->p++;
    for (unsigned i = 0; negate && i < 4; i++)
        set.bit[i] = ~set.bit[i];
    *ret_set = set;
    return 0;
}

/* x* for the one-step term that begins at @begin: begin splits into the step and the way on. */
static int append_star(struct aaj_glob *glob, uint32_t begin, uint32_t *end)
{
    uint32_t step, next;
    int r = new_node(glob, AAJ_NODE_JUMP, 0, &step);

    if (r == 0)
        r = new_node(glob, AAJ_NODE_JUMP, 0, &next);
    if (r < 0)
        return r;
    glob->node[step] = glob->node[begin];
    glob->node[begin] = (struct aaj_node){ .kind = AAJ_NODE_SPLIT, .out = step, .alt = next };
    glob->node[*end].out = begin; /* still a JUMP */
    *end = next;
    return 0;
}

static int parse_term(struct parse *ps, uint32_t *end)
{
    uint32_t begin = *end, set;
    struct aaj_charset cs;
    char c = *ps->p++;
    int r;

    if (c == '[') {
        r = parse_set(ps, &cs);
        if (r == 0)
            r = new_charset(ps->glob, &cs, &set);
        if (r == 0)
            r = append_set(ps->glob, set, end);
    } else if (c == '\\') {
        int value = aaj_escape_sequence(&ps->p, ps->end, "*+.|^$-[](){}");

        r = append_byte(ps->glob, value < 0 ? (uint8_t)'\\' : (uint8_t)value, end);
    } else {
        r = append_byte(ps->glob, (uint8_t)c, end);
    }
    if (r == 0 && at(ps, '*')) {
        ps->glob->wild = true;
        ps->p++;
        r = append_star(ps->glob, begin, end);
    }
    return r;
}

struct group {
    uint32_t split; /* where the next alternative branches off */
    uint32_t join;  /* where all of them meet */
};

static int open_group(struct aaj_glob *glob, struct group *group, uint32_t *end)
{
    uint32_t first;
    int r = new_node(glob, AAJ_NODE_JUMP, 0, &first);

    if (r == 0)
        r = new_node(glob, AAJ_NODE_JUMP, 0, &group->join);
    if (r < 0)
        return r;
    group->split = *end;
    glob->node[*end].out = first;
    *end = first;
    return 0;
}

static int next_alternative(struct aaj_glob *glob, struct group *group, uint32_t *end)
{
    uint32_t first, split;
    int r = new_node(glob, AAJ_NODE_JUMP, 0, &first);

    if (r == 0)
        r = new_node(glob, AAJ_NODE_JUMP, 0, &split);
    if (r < 0)
        return r;
    glob->node[*end].out = group->join;
    /* The old branching point keeps its first way and hands the rest to a new one. */
    glob->node[split].out = first;
    glob->node[group->split].kind = AAJ_NODE_SPLIT;
    glob->node[group->split].alt = split;
    group->split = split;
    *end = first;
    return 0;
}

int aaj_glob_parse_regex(struct aaj_glob *glob, struct aaj_str regex, uint32_t *ret_start, uint32_t *ret_end,
                         const char **ret_why)
{
    struct parse ps = { .glob = glob, .p = regex.p, .end = regex.p + regex.n };
    struct group group[64]; /* aaj_glob_to_regex() stops at 49 */
    unsigned depth = 0;
    uint32_t start, end;
    int r = new_node(glob, AAJ_NODE_JUMP, 0, &start);

    end = start;
    while (r == 0 && ps.p < ps.end) {
        if (*ps.p == '(') {
            ps.p++;
            r = open_group(glob, &group[depth++], &end);
        } else if ((*ps.p == '|' || *ps.p == ')') && depth == 0) { /* a set swallowed the '(' */
            r = -EINVAL;
        } else if (*ps.p == '|') {
            ps.p++;
            r = next_alternative(glob, &group[depth - 1], &end);
        } else if (*ps.p == ')') {
            ps.p++;
            glob->node[end].out = group[depth - 1].join;
            end = group[--depth].join;
        } else {
            r = parse_term(&ps, &end);
        }
    }
    if (r == 0 && depth)
        r = -EINVAL;
    if (r < 0) {
        if (ret_why && r == -EINVAL)
            *ret_why = ps.why ? ps.why : "the glob is malformed";
        return r;
    }
    *ret_start = start;
    *ret_end = end;
    return 0;
}

int aaj_glob_parse_bytes(struct aaj_glob *glob, struct aaj_str bytes, uint32_t *ret_start, uint32_t *ret_end)
{
    uint32_t start, end;
    int r = new_node(glob, AAJ_NODE_JUMP, 0, &start);

    end = start;
    for (size_t i = 0; r == 0 && i < bytes.n; i++)
        r = append_byte(glob, (uint8_t)bytes.p[i], &end);
    if (r < 0)
        return r;
    *ret_start = start;
    *ret_end = end;
    return 0;
}
