/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the reader share. */
#pragma once

#include "policy/lexer.h"
#include "policy/parse.h"
#include "policy/vars.h"

/* One reading, over all files. */
struct aaj_reading {
    struct aaj_arena *arena;
    const struct aaj_policy_options *options;
    struct aaj_diags *diags;
    struct aaj_vars vars;
    struct aaj_intern profiles; /* full names so far */
    size_t errors, total;
    size_t expanded; /* bytes that variables have made */
    unsigned files;
    unsigned dead;       /* inside branches that are not taken */
    bool profiles_begun; /* no preamble any more */
    /* Files that this block has included: once is enough (IncludeCache_t in parser_include.c). */
    struct aaj_str *seen;
    size_t n_seen, cap_seen, scope;
};

struct aaj_parser {
    struct aaj_reading *rd;
    struct aaj_policy *policy;
    struct aaj_lexer lx;
    struct aaj_token tok;   /* the next one */
    uint32_t prev_end;      /* where the last one taken ended */
    uint32_t prev_line;
    uint32_t item_start;    /* of the item being read */
    struct aaj_item *last;  /* item that ended last in this block, for the comment behind it */
    struct aaj_block *block; /* being read */
    unsigned includes, blocks;
    unsigned depth; /* of both, over all files */
    const struct aaj_item *around; /* what the include stands in */
};

enum { AAJ_READING_MAX_ERRORS = 200 };

/* parse.c */
void aaj_parser_advance(struct aaj_parser *ps);
int aaj_parser_file(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_block *block, bool body);
struct aaj_text aaj_parser_text(struct aaj_parser *ps);
struct aaj_text aaj_parser_take(struct aaj_parser *ps);
bool aaj_parser_is(const struct aaj_parser *ps, enum aaj_token_kind kind, const char *word);
bool aaj_parser_accept(struct aaj_parser *ps, enum aaj_token_kind kind);
int aaj_parser_expected(struct aaj_parser *ps, const char *what);
int aaj_parser_expect(struct aaj_parser *ps, enum aaj_token_kind kind, const char *what);
/* A finding at a place of the current file; -EINVAL. */
int aaj_parser_error(struct aaj_parser *ps, uint32_t start, uint32_t end, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
int aaj_parser_texts(struct aaj_parser *ps, struct aaj_texts *texts, struct aaj_text text, uint32_t *cap);

/* What @item stands in; from the top of an included file on, what the include stands in. */
static inline const struct aaj_item *aaj_parser_up(const struct aaj_parser *ps, const struct aaj_item *item)
{
    if (item->parent)
        return item->parent;
    return item->policy == ps->policy ? ps->around : NULL;
}

/* parse_rule.c */
int aaj_parser_rule(struct aaj_parser *ps, struct aaj_item *item);
int aaj_parser_prefix(struct aaj_parser *ps, struct aaj_prefix *prefix);
int aaj_parser_conds(struct aaj_parser *ps, struct aaj_conds *conds);
int aaj_parser_cond_group(struct aaj_parser *ps, struct aaj_conds *conds);

/* perms.c */
int aaj_parse_file_perms(struct aaj_parser *ps, struct aaj_file_rule *rule);
bool aaj_access_word(enum aaj_rule_kind kind, struct aaj_str word, uint32_t *ret_perms);
bool aaj_access_letters(enum aaj_rule_kind kind, struct aaj_str word, uint32_t *ret_perms);

/* condition.c: of `if` and of `$VAR =`; @words as written. */
int aaj_parser_condition(struct aaj_parser *ps, struct aaj_texts *words, bool *ret_truth);

/* include.c */
int aaj_parser_include(struct aaj_parser *ps, struct aaj_item *item, bool body);

/* support.c: warns of what the target's parser cannot read. */
void aaj_check_support(struct aaj_parser *ps, const struct aaj_item *item);

/* check.c: what a rule means; findings, never fatal. */
int aaj_check_rule(struct aaj_parser *ps, struct aaj_item *item);
int aaj_check_profile(struct aaj_parser *ps, struct aaj_item *item); /* at its '{' */
int aaj_check_leave_profile(struct aaj_parser *ps, struct aaj_item *item); /* at its '}' */
