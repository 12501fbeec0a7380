/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * AppArmor policy as a tree: what a file says, in its order, with its comments and where each thing
 * stands. One tree serves reading, writing and building from nothing.
 *
 * Everything hangs on one arena, the policy's; nothing is freed alone. Blocks are doubly linked lists of
 * items, so that rules can be put beside their kind and taken out again.
 *
 * Facts: apparmor.d(5) of 2.x to 5.x, parser_lex.l and parser_yacc.y.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/str.h"
#include "log/event.h" /* AAJ_MAY_*, classes and their mask words */

/*
 * A word that names something. @raw is how it stands in the file, quotes and escapes included: what is
 * printed. @value is what apparmor_parser's lexer makes of it: quotes off, `\ooo` and the like turned
 * into bytes, still a glob (`\*` is a literal star, `@{VAR}` a variable). Not there: value.p == NULL.
 * From a literal or a glob to a text: policy/quote.h.
 */
struct aaj_text {
    struct aaj_str raw, value;
};

static inline bool aaj_text_set(struct aaj_text text)
{
    return text.value.p != NULL;
}

struct aaj_texts {
    struct aaj_text *item;
    uint32_t n;
};

struct aaj_item;

struct aaj_block {
    struct aaj_item *first, *last;
    uint32_t open, close; /* offsets of the braces in the file's text; of its ends at top level */
    struct aaj_str comment; /* on the line of the opening brace, with its '#' */
};

enum aaj_item_kind {
    AAJ_ITEM_COMMENT, /* a line of its own */
    AAJ_ITEM_INCLUDE,
    AAJ_ITEM_ABI,
    AAJ_ITEM_VARIABLE, /* @{NAME} = value… */
    AAJ_ITEM_BOOLEAN,  /* $NAME = expression */
    AAJ_ITEM_ALIAS,
    AAJ_ITEM_PROFILE, /* at top level a profile, inside one a child profile or a hat */
    AAJ_ITEM_BLOCK,   /* owner { … }, and the braces of if and else */
    AAJ_ITEM_IF,
    AAJ_ITEM_RULE,
};

enum aaj_rule_kind {
    AAJ_RULE_FILE,
    AAJ_RULE_LINK, /* link [subset] A -> B, */
    AAJ_RULE_CAPABILITY,
    AAJ_RULE_NETWORK,
    AAJ_RULE_UNIX,
    AAJ_RULE_DBUS,
    AAJ_RULE_SIGNAL,
    AAJ_RULE_PTRACE,
    AAJ_RULE_MOUNT,
    AAJ_RULE_REMOUNT,
    AAJ_RULE_UMOUNT,
    AAJ_RULE_PIVOT_ROOT,
    AAJ_RULE_CHANGE_PROFILE,
    AAJ_RULE_RLIMIT,
    AAJ_RULE_USERNS,
    AAJ_RULE_MQUEUE,
    AAJ_RULE_IO_URING,
    AAJ_RULE_ALL,
    AAJ_RULE_KINDS,
};

enum aaj_rule_mode { AAJ_MODE_UNSAID, AAJ_MODE_ALLOW, AAJ_MODE_DENY, AAJ_MODE_PROMPT };
enum aaj_rule_owner { AAJ_OWNER_ANY, AAJ_OWNER_OWNER, AAJ_OWNER_OTHER };

/* priority=N audit deny owner */
struct aaj_prefix {
    int32_t priority;
    bool has_priority, audit;
    enum aaj_rule_mode mode;
    enum aaj_rule_owner owner;
};

/* What happens at exec. */
enum aaj_exec {
    AAJ_EXEC_NONE, /* with AAJ_MAY_EXEC: the bare x of deny rules and of `file x -> target` */
    AAJ_EXEC_IX,
    AAJ_EXEC_PX,
    AAJ_EXEC_CX,
    AAJ_EXEC_UX,
    AAJ_EXEC_PIX,
    AAJ_EXEC_CIX,
    AAJ_EXEC_PUX,
    AAJ_EXEC_CUX,
};

enum aaj_safe { AAJ_SAFE_UNSAID, AAJ_SAFE_SAFE, AAJ_SAFE_UNSAFE };

/* FILE, LINK */
struct aaj_file_rule {
    struct aaj_text path;   /* not set: the bare `file,` */
    struct aaj_text target; /* behind ->: of the exec, or of the link */
    uint32_t perms;         /* AAJ_MAY_*; no CREATE and DELETE, both are w in policy */
    enum aaj_exec exec;
    bool scrub;   /* Px, Ux …: the environment is cleaned (AT_SECURE) */
    bool keyword; /* `file` or `link` is written */
    bool leading; /* permissions before the path */
    bool subset;  /* link subset */
    enum aaj_safe safe;
};

enum aaj_cond_op { AAJ_COND_ALONE, AAJ_COND_EQ, AAJ_COND_IN, AAJ_COND_SET };

/* key=value, key=(value value), key in (…), key:=…, or a key alone */
struct aaj_cond {
    struct aaj_text key;
    enum aaj_cond_op op;
    bool list; /* in parentheses */
    struct aaj_texts values;
};

struct aaj_conds {
    struct aaj_cond *item;
    uint32_t n;
    bool said; /* peer=() is there even with nothing in it */
};

/*
 * NETWORK, UNIX, DBUS, SIGNAL, PTRACE, MOUNT, REMOUNT, UMOUNT, PIVOT_ROOT, USERNS, MQUEUE, IO_URING.
 *
 * @perms: bit i is aaj_class_info[CLASS].mask_word[i] of the rule's class (aaj_rule_class()); 0: none
 * said, which means all. @arg, what stands there without a key:
 *   NETWORK family, type or protocol · MOUNT source, target · REMOUNT, UMOUNT mount point ·
 *   PIVOT_ROOT new root, target profile · MQUEUE name
 */
struct aaj_access_rule {
    uint32_t perms;
    struct aaj_conds conds, peer;
    struct aaj_conds target_conds; /* MOUNT: behind -> ; no parser accepts any yet */
    struct aaj_text arg[2];
};

struct aaj_change_profile_rule {
    enum aaj_safe safe;
    struct aaj_text exec, target;
};

/* set rlimit name <= value unit, */
struct aaj_rlimit_rule {
    struct aaj_text name, value, unit;
};

struct aaj_rule {
    enum aaj_rule_kind kind;
    struct aaj_prefix prefix;
    union {
        struct aaj_file_rule file;
        struct aaj_access_rule access;
        struct aaj_texts capability; /* names; none: all of them */
        struct aaj_change_profile_rule change_profile;
        struct aaj_rlimit_rule rlimit;
    };
};

enum aaj_profile_keyword {
    AAJ_PROFILE_BARE, /* /path { } */
    AAJ_PROFILE_PROFILE,
    AAJ_PROFILE_HAT,   /* hat NAME { } */
    AAJ_PROFILE_CARET, /* ^NAME { } */
};

struct aaj_profile {
    enum aaj_profile_keyword keyword;
    struct aaj_text name; /* with its namespace, ":ns:name" */
    struct aaj_text attachment;
    struct aaj_conds xattrs;
    struct aaj_texts identities;
    struct aaj_texts flags;
    bool flags_keyword; /* flags=(…) and not just (…) */
    struct aaj_str full_name; /* "parent//child", variables put in; only after a checking read */
    struct aaj_block body;
};

struct aaj_policy;

struct aaj_include {
    struct aaj_text path; /* without <> */
    bool magic;           /* <…>: searched for in the policy folders */
    bool hash;            /* #include */
    bool if_exists;
    struct aaj_policy **file; /* what it brought in, in order; none: not resolved, or skipped */
    uint32_t n_files;
};

struct aaj_abi {
    struct aaj_text path;
    bool magic;
};

enum aaj_assign { AAJ_ASSIGN_SET, AAJ_ASSIGN_ADD, AAJ_ASSIGN_DEFAULT, AAJ_ASSIGN_OVERRIDE };

struct aaj_variable {
    struct aaj_text name; /* value: without @{} or ${} */
    enum aaj_assign assign;
    struct aaj_texts values; /* BOOLEAN: the words of the expression */
};

struct aaj_alias {
    struct aaj_text from, to;
    bool rewrite; /* the old keyword */
};

struct aaj_prefixed_block {
    struct aaj_prefix prefix;
    struct aaj_block body;
};

struct aaj_if {
    struct aaj_texts words; /* of the condition, operators included */
    bool known, truth;      /* known: it was evaluated, and comes to @truth */
    struct aaj_item *then;  /* BLOCK */
    struct aaj_item *otherwise; /* BLOCK, IF or NULL */
};

enum aaj_item_state {
    AAJ_STATE_READ,    /* as the file says */
    AAJ_STATE_CHANGED, /* from the file, to be printed anew */
    AAJ_STATE_NEW,     /* not from the file */
    AAJ_STATE_REMOVED, /* still linked, so that the minimal printer finds its bytes */
};

struct aaj_item {
    enum aaj_item_kind kind;
    enum aaj_item_state state;
    struct aaj_item *prev, *next;
    struct aaj_item *parent;   /* PROFILE, BLOCK or IF; NULL at top level */
    struct aaj_policy *policy; /* the file it stands in; NULL before it is linked */
    uint32_t start, end;       /* its bytes in the file's text, without the comment behind it */
    uint32_t line, column;
    uint32_t blank_before;     /* empty lines */
    bool same_line;            /* begins on the line the item before it ends on */
    struct aaj_str comment;    /* behind it on its line, with its '#'; of COMMENT: the comment itself */
    uint32_t user;             /* the caller's: where the learner keeps what made this rule */
    union {
        struct aaj_include include;
        struct aaj_abi abi;
        struct aaj_variable variable; /* and BOOLEAN */
        struct aaj_alias alias;
        struct aaj_profile profile;
        struct aaj_prefixed_block block;
        struct aaj_if cond;
        struct aaj_rule rule;
    };
};

struct aaj_policy {
    struct aaj_arena *arena;
    struct aaj_arena own; /* of the first file; what it includes shares it */
    struct aaj_str name;  /* as the user named it */
    struct aaj_str text;
    struct aaj_block top;
};

/* An empty one to build in; @name is copied. */
int aaj_policy_new(struct aaj_str name, struct aaj_policy **ret_policy);
struct aaj_policy *aaj_policy_free(struct aaj_policy *policy);

/* The items inside an item: of a profile or block; NULL for others. */
struct aaj_block *aaj_item_block(struct aaj_item *item);
/* Where it stands, for a finding. */
struct aaj_loc aaj_item_loc(const struct aaj_item *item);
enum aaj_class aaj_rule_class(enum aaj_rule_kind kind);
const char *aaj_rule_keyword(enum aaj_rule_kind kind); /* "network" */
const char *aaj_exec_letters(enum aaj_exec exec, bool scrub); /* "Px"; "x" for NONE */
bool aaj_prefix_eq(const struct aaj_prefix *a, const struct aaj_prefix *b);

/* Walks items in document order, into profiles, blocks, both sides of if, and included files when
 * @includes. *@depth_first semantics: an item comes before what it holds. @visit: 0 goes on, anything
 * else ends the walk and is returned. */
typedef int (*aaj_item_visit)(void *ctx, struct aaj_item *item);
int aaj_policy_walk(struct aaj_policy *policy, bool includes, aaj_item_visit visit, void *ctx);
int aaj_block_walk(struct aaj_block *block, bool includes, aaj_item_visit visit, void *ctx);

/* Building. Constructors return an item that is linked nowhere, NULL when memory is exhausted. @arena is
 * the policy's. Strings are not copied: they must live in the arena or for ever. */
/* In a comment of a template and of what was made of it: here stand the rules that were learned. */
#define AAJ_LEARNED_MARK "aajail: learned rules"
struct aaj_item *aaj_item_comment(struct aaj_arena *arena, struct aaj_str text); /* with or without '#' */
struct aaj_item *aaj_item_include(struct aaj_arena *arena, struct aaj_str path, bool magic, bool if_exists);
struct aaj_item *aaj_item_abi(struct aaj_arena *arena, struct aaj_str path); /* "abi/3.0" */
struct aaj_item *aaj_item_variable(struct aaj_arena *arena, struct aaj_str name, enum aaj_assign assign,
                                   const struct aaj_text *value, size_t n);
struct aaj_item *aaj_item_profile(struct aaj_arena *arena, enum aaj_profile_keyword keyword,
                                  struct aaj_text name, struct aaj_text attachment);
int aaj_profile_add_flag(struct aaj_arena *arena, struct aaj_item *profile, const char *flag);

struct aaj_item *aaj_rule_file(struct aaj_arena *arena, struct aaj_text path, uint32_t perms);
struct aaj_item *aaj_rule_exec(struct aaj_arena *arena, struct aaj_text path, uint32_t perms,
                               enum aaj_exec exec, bool scrub, struct aaj_text target);
struct aaj_item *aaj_rule_link(struct aaj_arena *arena, struct aaj_text path, struct aaj_text target, bool subset);
struct aaj_item *aaj_rule_capability(struct aaj_arena *arena, const char *name);
struct aaj_item *aaj_rule_change_profile(struct aaj_arena *arena, struct aaj_text exec, struct aaj_text target);
struct aaj_item *aaj_rule_rlimit(struct aaj_arena *arena, const char *name, const char *value, const char *unit);
/* Any rule that is struct aaj_access_rule; arguments and conditions are added behind. */
struct aaj_item *aaj_rule_access(struct aaj_arena *arena, enum aaj_rule_kind kind, uint32_t perms);
/* The first of that key; NULL: none. */
struct aaj_cond *aaj_conds_find(const struct aaj_conds *conds, struct aaj_str key);
int aaj_rule_add_cond(struct aaj_arena *arena, struct aaj_item *rule, const char *key, struct aaj_text value);
/* key=(a b c) from words divided by commas and spaces, as the kernel lists mount flags; nothing for no word. -EINVAL for
 * what is no word of the language. */
int aaj_rule_add_words(struct aaj_arena *arena, struct aaj_item *rule, const char *key, struct aaj_str words);
int aaj_rule_add_peer(struct aaj_arena *arena, struct aaj_item *rule, const char *key, struct aaj_text value);

/* Linking. @after NULL: first. */
void aaj_block_append(struct aaj_policy *policy, struct aaj_item *parent, struct aaj_item *item);
void aaj_block_insert(struct aaj_policy *policy, struct aaj_item *parent, struct aaj_item *after,
                      struct aaj_item *item);
/* A new item is unlinked; one from a file is marked, and printers leave it out. */
void aaj_item_remove(struct aaj_item *item);

/* Do two rules say the same, whatever the spelling? Compares values, not raws; ignores comments. */
bool aaj_rule_eq(const struct aaj_rule *a, const struct aaj_rule *b);
/* The same of whole items with all they hold, comments included; places and empty lines are not looked at. */
bool aaj_item_eq(const struct aaj_item *a, const struct aaj_item *b);
bool aaj_block_eq(const struct aaj_block *a, const struct aaj_block *b);
