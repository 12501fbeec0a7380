/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libyaml's events into a tree, refusing on the way what a manifest may not hold. */
#include "manifest/yaml.h"

#include <errno.h>
#include <yaml.h>

#include "base/escape.h"

enum {
    TEXT_MAX = 1024 * 1024,
    DEPTH_MAX = 6,
    NODES_MAX = 65536,
    KEYS_MAX = 1024, /* in one map: the search for duplicates is a plain loop */
};

struct builder {
    struct aaj_yaml_text *text;
    struct aaj_arena *arena;
    struct aaj_yaml *root;
    struct {
        struct aaj_yaml *node, *last;
        size_t n;
        struct aaj_scalar key; /* a map: the key whose value comes next */
        bool has_key;
    } level[DEPTH_MAX];
    size_t depth, nodes;
};

static void add(const struct aaj_yaml_text *text, enum aaj_severity severity, struct aaj_loc loc,
                const char *message)
{
    struct aaj_str line = { 0 };

    if (loc.line && loc.line <= text->n_lines) {
        line = aaj_str_skip(text->text, text->line[loc.line - 1]);
        line = aaj_str_head(line, aaj_str_find(line, '\n'));
    }
    aaj_diag_add(text->diags, severity, NULL, loc, line, "%s", message);
}

int aaj_yaml_error(const struct aaj_yaml_text *text, struct aaj_loc loc, const char *fmt, ...)
{
    char message[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    add(text, AAJ_ERROR, loc, message);
    return -EINVAL;
}

void aaj_yaml_note(const struct aaj_yaml_text *text, struct aaj_loc loc, const char *what)
{
    add(text, AAJ_NOTE, loc, what);
}

/* libyaml counts lines from 0 and columns in characters; a place here has bytes. */
static struct aaj_loc place(const struct aaj_yaml_text *text, yaml_mark_t from, yaml_mark_t to)
{
    struct aaj_loc loc = { .file = text->file };
    struct aaj_str line;
    size_t at = 0, end = 0, n, i;
    uint32_t cp;

    if (from.line >= text->n_lines)
        return loc;
    line = aaj_str_skip(text->text, text->line[from.line]);
    line = aaj_str_head(line, aaj_str_find(line, '\n'));
    for (i = 0; i < from.column && (n = aaj_utf8_next(aaj_str_skip(line, at), &cp)); i++)
        at += n;
    loc.line = (uint32_t)from.line + 1;
    loc.column = (uint32_t)at + 1;
    if (to.line == from.line)
        for (end = at; i < to.column && (n = aaj_utf8_next(aaj_str_skip(line, end), &cp)); i++)
            end += n;
    loc.length = end > at ? (uint32_t)(end - at) : 0;
    return loc;
}

static struct aaj_loc place_of(const struct builder *b, const yaml_event_t *event)
{
    return place(b->text, event->start_mark, event->end_mark);
}

/* libyaml takes more bytes for line ends than an editor does, and would read UTF-16. */
static int check_bytes(struct aaj_yaml_text *text)
{
    struct aaj_loc loc = { .file = text->file };

    if (text->text.n > TEXT_MAX)
        return aaj_yaml_error(text, loc, "larger than %d bytes", TEXT_MAX);
    for (size_t at = 0, n; at < text->text.n; at += n) {
        struct aaj_str rest = aaj_str_skip(text->text, at);
        uint32_t cp = 0;
        bool bad;

        n = aaj_utf8_next(rest, &cp);
        bad = !n || (cp < 0x20 && cp != '\n' && cp != '\t' && !aaj_str_starts(rest, AAJ_STR("\r\n"))) ||
              (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029 || cp == 0xfeff;
        if (bad) {
            aaj_loc_line(text->text, at, &loc);
            return aaj_yaml_error(text, loc, n ? "control character; write it as an escape in \"…\""
                                               : "not UTF-8");
        }
    }
    return 0;
}

static int index_lines(struct aaj_yaml_text *text, struct aaj_arena *arena)
{
    size_t n = 1;

    for (size_t i = 0; i < text->text.n; i++)
        n += text->text.p[i] == '\n';
    text->line = aaj_arena_new_array(arena, n, uint32_t);
    if (!text->line)
        return -ENOMEM;
    text->n_lines = 1;
    for (size_t i = 0; i < text->text.n; i++)
        if (text->text.p[i] == '\n')
            text->line[text->n_lines++] = (uint32_t)i + 1;
    return 0;
}

/* In a map, a scalar that comes where a key is due. */
static int take_key(struct builder *b, struct aaj_scalar key)
{
    struct aaj_arena scratch = AAJ_ARENA_INIT;
    int r = 0;

    for (const struct aaj_yaml *n = b->level[b->depth - 1].node->child; n; n = n->next)
        if (aaj_str_eq(n->key.text, key.text)) {
            r = aaj_yaml_error(b->text, key.loc, "key '%s' stands here twice", aaj_escape(&scratch, key.text));
            aaj_yaml_note(b->text, n->key.loc, "it was first given here");
            aaj_arena_clear(&scratch);
            return r;
        }
    if (++b->level[b->depth - 1].n > KEYS_MAX)
        return aaj_yaml_error(b->text, key.loc, "more than %d keys in one map", KEYS_MAX);
    b->level[b->depth - 1].key = key;
    b->level[b->depth - 1].has_key = true;
    return 0;
}

static int append(struct builder *b, struct aaj_yaml *node)
{
    if (++b->nodes > NODES_MAX)
        return aaj_yaml_error(b->text, node->item.loc, "more than %d values", NODES_MAX);
    if (b->depth == 0) {
        b->root = node;
    } else {
        if (b->level[b->depth - 1].node->kind == AAJ_YAML_MAP) {
            node->key = b->level[b->depth - 1].key;
            b->level[b->depth - 1].has_key = false;
        }
        if (b->level[b->depth - 1].last)
            b->level[b->depth - 1].last->next = node;
        else
            b->level[b->depth - 1].node->child = node;
        b->level[b->depth - 1].last = node;
    }
    return 0;
}

static bool key_is_due(const struct builder *b)
{
    return b->depth && b->level[b->depth - 1].node->kind == AAJ_YAML_MAP && !b->level[b->depth - 1].has_key;
}

static int refuse_decoration(struct builder *b, const yaml_event_t *event, const yaml_char_t *anchor,
                             const yaml_char_t *tag)
{
    if (anchor)
        return aaj_yaml_error(b->text, place_of(b, event), "anchors are not allowed in a manifest; write the "
                                                           "value where it is used");
    if (tag)
        return aaj_yaml_error(b->text, place_of(b, event), "tags are not allowed in a manifest");
    return 0;
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
    struct aaj_str text = { (const char *)event->data.scalar.value, event->data.scalar.length };
    struct aaj_yaml *node;
    int r = refuse_decoration(b, event, event->data.scalar.anchor, event->data.scalar.tag);

    if (r < 0)
        return r;
    node = aaj_arena_new(b->arena, struct aaj_yaml);
    if (!node)
        return -ENOMEM;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->item.loc = place_of(b, event);
    node->item.text = aaj_arena_dup(b->arena, text);
    if (!node->item.text.p)
        return -ENOMEM;
    return key_is_due(b) ? take_key(b, node->item) : append(b, node);
}

static int on_start(struct builder *b, const yaml_event_t *event, enum aaj_yaml_kind kind)
{
    bool map = kind == AAJ_YAML_MAP;
    struct aaj_yaml *node;
    int r = refuse_decoration(b, event,
                              map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor,
                              map ? event->data.mapping_start.tag : event->data.sequence_start.tag);

    if (r < 0)
        return r;
    if (key_is_due(b))
        return aaj_yaml_error(b->text, place_of(b, event), "a key must be text");
    if (b->depth == DEPTH_MAX)
        return aaj_yaml_error(b->text, place_of(b, event), "nested deeper than %d levels", DEPTH_MAX);
    node = aaj_arena_new(b->arena, struct aaj_yaml);
    if (!node)
        return -ENOMEM;
    node->kind = kind;
    node->item.loc = place_of(b, event);
    r = append(b, node);
    if (r < 0)
        return r;
    memset(&b->level[b->depth], 0, sizeof(b->level[b->depth]));
    b->level[b->depth++].node = node;
    return 0;
}

/* 1 at the end of the text. */
static int on_event(struct builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(b, event);
    case YAML_MAPPING_START_EVENT:
        return on_start(b, event, AAJ_YAML_MAP);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(b, event, AAJ_YAML_LIST);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        b->depth--;
        return 0;
    case YAML_ALIAS_EVENT:
        return aaj_yaml_error(b->text, place_of(b, event), "aliases are not allowed in a manifest; write the "
                                                           "value where it is used");
    case YAML_DOCUMENT_START_EVENT:
        return b->root ? aaj_yaml_error(b->text, place_of(b, event), "a second document; one manifest is one "
                                                                     "document")
                       : 0;
    case YAML_STREAM_END_EVENT:
        return 1;
    default:
        return 0;
    }
}

static int syntax_error(struct builder *b, const yaml_parser_t *parser)
{
    struct aaj_loc loc = place(b->text, parser->problem_mark, parser->problem_mark);

    if (parser->error == YAML_MEMORY_ERROR)
        return -ENOMEM;
    aaj_yaml_error(b->text, loc, "not YAML: %s", parser->problem ? parser->problem : "cannot be read");
    if (parser->context && parser->context_mark.line != parser->problem_mark.line)
        aaj_yaml_note(b->text, place(b->text, parser->context_mark, parser->context_mark), parser->context);
    return -EINVAL;
}

int aaj_yaml_read(struct aaj_yaml_text *text, struct aaj_arena *arena, struct aaj_yaml **ret_root)
{
    struct builder b = { .text = text, .arena = arena };
    struct aaj_loc whole = { .file = text->file };
    yaml_parser_t parser;
    yaml_event_t event;
    int r = index_lines(text, arena);

    if (r < 0)
        return r;
    r = check_bytes(text);
    if (r < 0)
        return r;
    if (!yaml_parser_initialize(&parser))
        return -ENOMEM;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text->text.p, text->text.n);
    while (r == 0) {
        if (!yaml_parser_parse(&parser, &event)) {
            r = syntax_error(&b, &parser);
            break;
        }
        r = on_event(&b, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (r < 0)
        return r;
    if (!b.root)
        return aaj_yaml_error(text, whole, "empty; a manifest begins with 'jail: NAME'");
    *ret_root = b.root;
    return 0;
}
