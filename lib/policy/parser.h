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
    struct aaj_intern unset;    /* variables that were missed already */
    size_t errors, total;
    size_t expanded; /* bytes that variables have made */
    unsigned files;
    unsigned dead;       /* inside branches that are not taken */
    bool profiles_begun; /* no preamble any more */
    bool incomplete;     /* some include is not here, and nothing was said of it */
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

/* parse_token.c */
void aaj_parser_advance(struct aaj_parser *ps);
struct aaj_text aaj_parser_text(struct aaj_parser *ps);
struct aaj_text aaj_parser_take(struct aaj_parser *ps);
bool aaj_parser_is(const struct aaj_parser *ps, enum aaj_token_kind kind, const char *word);
bool aaj_parser_accept(struct aaj_parser *ps, enum aaj_token_kind kind);
int aaj_parser_expected(struct aaj_parser *ps, const char *what);
int aaj_parser_expect(struct aaj_parser *ps, enum aaj_token_kind kind, const char *what);
/* A finding at a place of the current file; -EINVAL. */
int aaj_parser_error(struct aaj_parser *ps, uint32_t start, uint32_t end, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Appends to a list that grows in the arena; *cap is its room. */
int aaj_parser_texts(struct aaj_parser *ps, struct aaj_texts *texts, struct aaj_text text, uint32_t *cap);

/* parse_block.c */
/* Items up to the end of the file, or up to the '}' that is not theirs. @body: of a profile. */
int aaj_parser_items(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_block *block, bool body);
/* Behind the '{' up to and with the '}'. */
int aaj_parser_block(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_block *block);
void aaj_parser_link(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_item *item);

/* parse_comment.c: gives the comments that were passed their place. */
int aaj_parser_comments(struct aaj_parser *ps, struct aaj_item *parent);
int aaj_parser_inner_comments(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_item *item);

/* parse_recover.c: after an error in the item that began at @start. */
int aaj_parser_recover(struct aaj_parser *ps, uint32_t start);

/* parse_preamble.c */
int aaj_parser_assignment(struct aaj_parser *ps, struct aaj_item *item);
int aaj_parser_alias(struct aaj_parser *ps, struct aaj_item *item);
int aaj_parser_abi(struct aaj_parser *ps, struct aaj_item *item);
int aaj_parser_include_item(struct aaj_parser *ps, struct aaj_item *item, bool body);

/* parse_profile.c */
int aaj_parser_profile(struct aaj_parser *ps, struct aaj_item *item);

/* What @item stands in; from the top of an included file on, what the include stands in. */
static inline const struct aaj_item *aaj_parser_up(const struct aaj_parser *ps, const struct aaj_item *item)
{
    if (item->parent)
        return item->parent;
    return item->policy == ps->policy ? ps->around : NULL;
}

/* parse_rule.c: the form; what it means is checked in check.c. */
int aaj_parser_rule(struct aaj_parser *ps, struct aaj_item *item);
int aaj_parser_prefix(struct aaj_parser *ps, struct aaj_prefix *prefix);
int aaj_parser_target(struct aaj_parser *ps, struct aaj_text *target); /* -> NAME */
int aaj_parser_end_rule(struct aaj_parser *ps);

/* parse_access.c */
int aaj_parser_access(struct aaj_parser *ps, struct aaj_rule *rule);

/* parse_cond.c */
int aaj_parser_conds(struct aaj_parser *ps, struct aaj_conds *conds);
int aaj_parser_cond_group(struct aaj_parser *ps, struct aaj_conds *conds);

/* perms.c */
int aaj_parse_file_perms(struct aaj_parser *ps, struct aaj_file_rule *rule);
bool aaj_access_word(enum aaj_rule_kind kind, struct aaj_str word, uint32_t *ret_perms);
bool aaj_access_letters(enum aaj_rule_kind kind, struct aaj_str word, uint32_t *ret_perms);

/* condition.c: of `if` and of `$VAR =`; @words as written. Not known: what it comes to could not be told. */
int aaj_parser_condition(struct aaj_parser *ps, struct aaj_texts *words, bool *ret_known, bool *ret_truth);

/* include.c */
int aaj_parser_include(struct aaj_parser *ps, struct aaj_item *item, bool body);

/* support.c: warns of what the target's parser cannot read. */
void aaj_check_support(struct aaj_parser *ps, const struct aaj_item *item);

/* check.c: what a rule means; findings, never fatal. */
int aaj_check_rule(struct aaj_parser *ps, struct aaj_item *item);
int aaj_check_profile(struct aaj_parser *ps, struct aaj_item *item); /* at its '{' */
int aaj_check_leave_profile(struct aaj_parser *ps, struct aaj_item *item); /* at its '}' */
