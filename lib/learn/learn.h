/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From what happened to what should be allowed: a recording becomes a complete profile with its children.
 *
 * Every rule knows which inferences made it and which accesses are its evidence; every access that is not
 * granted is listed with the reason. Same input, same result, whatever the order of the logs.
 */
#pragma once

#include "ceiling/ceiling.h"
#include "fsview/fsview.h"
#include "manifest/manifest.h"
#include "policy/ast.h"
#include "recording/recording.h"
#include "target/target.h"

/* The named steps from an access to a rule. Each but the first can be switched off. */
enum aaj_infer {
    AAJ_INFER_LITERAL,     /* exactly what was seen */
    AAJ_INFER_OWNER,       /* all evidence is of the file's owner */
    AAJ_INFER_SELF,        /* the executable maps itself and may execute itself in its own profile */
    AAJ_INFER_PID,         /* process and thread numbers below /proc */
    AAJ_INFER_TEMP,        /* names the slave itself makes and removes: the made-up part varies */
    AAJ_INFER_ASSORTED,    /* and their extension, where documents of several kinds have such names */
    AAJ_INFER_COUNTER,     /* numbers in names that the slave makes, or that siblings show to vary */
    AAJ_INFER_RANDOM,      /* random or hashed parts of names */
    AAJ_INFER_SUBJECT,     /* a word that names what it makes in several places */
    AAJ_INFER_TREE,        /* one- or two-level trees of hashed names */
    AAJ_INFER_CREATED,     /* new files beside those the slave made, in its own folders */
    AAJ_INFER_REREAD,      /* what the slave made and left it may read again */
    AAJ_INFER_SIBLINGS,    /* files read beside files read, in its own folders */
    AAJ_INFER_SERVED,      /* documents of all kinds in directories that hold nothing else */
    AAJ_INFER_HOME,        /* homes of several people, each used by its owner */
    AAJ_INFER_LOCALE,      /* files and directories named after a language */
    AAJ_INFER_TWINS,       /* directories used like their neighbours */
    AAJ_INFER_LIBRARIES,   /* many files of one kind below /usr, or of one package */
    AAJ_INFER_VERSION,     /* numbers of releases below /usr */
    AAJ_INFER_VARIABLE,    /* a place that the target's tunables have a name for */
    AAJ_INFER_ABSTRACTION, /* a set of rules that covers several accesses */
    AAJ_INFER_CHILD,       /* a child profile for an executable */
    AAJ_INFER_INHERIT,     /* sockets that stay open in the programs it executes */
    AAJ_INFER_MANIFEST,    /* the manifest's own rules */
    AAJ_INFER_COUNT,
};

struct aaj_infer_info {
    const char *name;  /* "counter": what --no-infer takes */
    const char *means; /* one line for people */
};
extern const struct aaj_infer_info aaj_infer_info[AAJ_INFER_COUNT];

struct aaj_learn_input {
    const struct aaj_manifest *manifest;
    struct aaj_recording *recording;
    const struct aaj_target *target;
    struct aaj_fsview *files;     /* NULL: only what the recording knows */
    struct aaj_ceiling *ceiling;  /* with the manifest applied; NULL: nothing is above reach */
    struct aaj_str template_text; /* of the manifest's template */
    struct aaj_str template_name; /* for findings */
    struct aaj_str label;         /* --profile; empty: see aaj_learn_label() */
    struct aaj_str name;          /* of the profile to make; empty: the jail's */
    struct aaj_policy *known_policy; /* a profile that is there already, read with its includes; NULL: none. What looks */
    struct aaj_item *known;          /* like an attack and is new against it makes no rule, but with grant_denied */
    const struct aaj_str *pool;   /* of a master: the hats that have manifests of their own, and are not learned with it */
    size_t n_pools;
    uint32_t off;                 /* 1u << enum aaj_infer */
    bool grant_denied;            /* --denied=grant */
    bool comments;                /* each learned rule says where it comes from */
};

enum aaj_refusal {
    AAJ_REFUSED_DENIED,       /* was denied, or the record does not say */
    AAJ_REFUSED_SETUID,       /* executing it would change uid, gid or capabilities */
    AAJ_REFUSED_UNKNOWN,      /* nothing is known of the executable */
    AAJ_REFUSED_MANIFEST,     /* exec: deny */
    AAJ_REFUSED_RULE,         /* a deny rule of the manifest's, or of what it includes; detail is the rule */
    AAJ_REFUSED_PROFILE,      /* happened in a profile of its own */
    AAJ_REFUSED_UNDER,        /* happened below an executable that is refused */
    AAJ_REFUSED_CEILING,      /* aaj_refused.crossing says which item */
    AAJ_REFUSED_DISCONNECTED, /* a name without a place in the tree */
    AAJ_REFUSED_GETATTR,      /* stat() needs no rule */
    AAJ_REFUSED_UNMEDIATED,   /* the target cannot express or does not check it */
    AAJ_REFUSED_NAME,         /* no rule can be written for this name */
    AAJ_REFUSED_SUSPECT,      /* new against aaj_learn_input.known, and looks like an attack */
    AAJ_REFUSED_NEEDLESS,     /* asked for before what is granted and serves as well (needless.c) */
    AAJ_REFUSED_OTHER,        /* a class of record that makes no rule */
};
const char *aaj_refusal_reason(enum aaj_refusal why);

struct aaj_refused {
    uint32_t access; /* index into aaj_recording_accesses() */
    enum aaj_refusal why;
    struct aaj_str detail; /* ceiling item, refused executable; may be empty */
};

struct aaj_learned_rule {
    struct aaj_item *item;  /* in policy; item->user is this rule's index + 1 */
    struct aaj_str profile; /* "gapapp", "gapapp//dash" */
    uint32_t inferences;    /* 1u << enum aaj_infer */
    const uint32_t *access; /* the evidence, ascending */
    size_t n_access;
    uint64_t events;
    struct aaj_str from;  /* the abstraction, when one brought it */
    struct aaj_str plain; /* of VARIABLE: the rule's path without; it is the one name that was seen, or a pattern of it */
    struct aaj_str exe;   /* of a program that is executed, or maps itself: its name, which perhaps only the label or the manifest says */
};

/* What was to be granted, for the proof and the replay. */
struct aaj_learned_access {
    uint32_t access;
    struct aaj_str profile; /* the profile that has to allow it */
    bool exec;              /* an exec, into the profile below; empty: one that is not this jail's */
    struct aaj_str into;
    uint32_t dom, into_dom; /* the learner's own */
};

/* A label of the log that is no grant's, and what it is called in what is written. */
struct aaj_learned_peer {
    struct aaj_str label, name;
};

/* What an attack looks like (suspect.h): set apart, explained, and not a proof of one. */
enum aaj_suspicion {
    AAJ_SUSPECT_NONE,
    AAJ_SUSPECT_CEILING,     /* reached for what no learned rule may grant */
    AAJ_SUSPECT_DROPPED,     /* executed a file from where everybody may put one */
    AAJ_SUSPECT_SHELL,       /* executed a shell */
    AAJ_SUSPECT_SETUID,      /* executed a program that changes its uid */
    AAJ_SUSPECT_CODE,        /* wrote what it then read as code */
    AAJ_SUSPECT_OUTSIDE,     /* data of others: outside the manifest's roots, where services and people keep theirs */
    AAJ_SUSPECT_DESTINATION, /* called somebody whom the manifest does not list */
    AAJ_SUSPECT_DENIED,      /* was denied when it was recorded */
    AAJ_SUSPICIONS,
};

struct aaj_suspicion_info {
    const char *name;   /* "shell": for programs */
    const char *what;   /* "ran a shell" */
    const char *advice; /* what to do about it, one line */
};
extern const struct aaj_suspicion_info aaj_suspicion_info[AAJ_SUSPICIONS];

/* Accesses that are suspicious for one reason and of one thing. */
struct aaj_suspect {
    enum aaj_suspicion kind;
    bool granted;          /* rules were made of it all the same */
    struct aaj_str what;   /* a name as logged, a folder, "capability net_admin", a destination */
    struct aaj_str detail; /* CEILING: the item */
    uint32_t perms;        /* of files: AAJ_MAY_*, as a rule has them; 0: not files */
    uint64_t events;
    const uint32_t *access; /* ascending */
    size_t n_access;
    struct aaj_str *command; /* of an exec: what it was started as, where the log said, as a line of a shell */
    size_t n_commands;
};

enum aaj_proposal_state { AAJ_PROPOSED, AAJ_ALREADY_ALLOWED };

/* A destination for the manifest's network.allow. */
struct aaj_proposal {
    struct aaj_str dest; /* "tcp 203.0.113.7:80" */
    uint64_t events;
    enum aaj_proposal_state state;
    const uint32_t *access;
    size_t n_access;
};

/* A pool without a manifest of its own (unfenced.c): it runs in a child profile, and no chain is its user's. */
struct aaj_unfenced {
    struct aaj_str pool, profile; /* "blog", "php-fpm//blog" */
    uint32_t uid;
    uint64_t events;
};

struct aaj_learn_stats {
    uint64_t events, granted_events, refused_events;
    size_t accesses, granted, refused, rules, profiles;
};

struct aaj_learned {
    struct aaj_arena arena;
    struct aaj_policy *policy;
    struct aaj_str label; /* of the log */
    struct aaj_str name;  /* of the profile made: the jail's, or given; of a pool "MASTER//POOL" */
    struct aaj_learned_rule *rule;
    size_t n_rules;
    struct aaj_refused *refused;
    size_t n_refused;
    struct aaj_learned_access *granted;
    size_t n_granted;
    struct aaj_learned_peer *peer;
    size_t n_peers;
    struct aaj_proposal *proposal;
    size_t n_proposals;
    struct aaj_str *unheard; /* executables whose sockets and signals the kernel did not tell of: a second round does */
    size_t n_unheard;
    size_t n_unheard_inherit; /* the last of these: they inherit a profile, and a second round logs them as its own */
    struct aaj_unfenced *unfenced;
    size_t n_unfenced;
    struct aaj_suspect *suspect; /* by kind, detail and what */
    size_t n_suspects;
    struct aaj_learn_stats stats;
};

/*
 * Which label of the recording is the jail's: @wanted, else the manifest's jail, else its slave's path,
 * else the only one there is. -ENOENT with a finding that lists them.
 */
int aaj_learn_label(struct aaj_recording *rec, const struct aaj_manifest *manifest, struct aaj_str wanted,
                    struct aaj_diags *diags, struct aaj_str *ret_label);

/* -ENOENT: the slave does not occur; -EINVAL: the template or the manifest's rules cannot be used; -ENOMEM. */
int aaj_learn_run(const struct aaj_learn_input *input, struct aaj_diags *diags, struct aaj_learned **ret_learned);
struct aaj_learned *aaj_learned_free(struct aaj_learned *learned);
