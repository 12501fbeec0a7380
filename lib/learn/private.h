/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the phases: label, tree (exec), paths, generalise, guard, cover, other, network, emit. */
#pragma once

#include "base/grow.h"
#include "glob/glob.h"
#include "learn/cover.h"
#include "learn/learn.h"
#include "learn/names.h"

enum { AAJ_NO = UINT32_MAX };

/* ---- the exec tree: which profile an access belongs to ---- */

enum aaj_dom_kind { AAJ_DOM_MAIN, AAJ_DOM_CHILD, AAJ_DOM_HAT };

struct aaj_dom {
    enum aaj_dom_kind kind;
    struct aaj_str exe;  /* empty: a hat, or a child known by name only */
    struct aaj_str name; /* "dash"; of MAIN the profile's */
    struct aaj_str full; /* "gapapp//dash" */
    uint32_t same;       /* joined with this one (at most 12 named targets); itself otherwise */
    bool entered;        /* by change_profile, as php-fpm enters a pool */
};

/* Where a label of the log leads. */
struct aaj_place {
    uint32_t dom; /* AAJ_NO: nowhere, see why */
    enum aaj_refusal why;
    struct aaj_str detail;
};

struct aaj_edge {
    uint32_t from, to;  /* domains; to AAJ_NO for exec: profile */
    struct aaj_str exe;
    uint32_t ev;        /* evidence list */
    bool profile;       /* Px into a profile of its own */
};

/* ---- names: a tree of path components ---- */

enum aaj_node_flags {
    AAJ_NODE_MADE = 1u << 0,   /* the slave created it */
    AAJ_NODE_GONE = 1u << 1,   /* and removed or renamed it */
    AAJ_NODE_READ = 1u << 2,   /* its contents were read, and it was not made here */
    AAJ_NODE_EXEC = 1u << 3,   /* executed or mapped */
    AAJ_NODE_MERGED = 1u << 4, /* several names: children may occur twice */
    AAJ_NODE_GLOB = 1u << 5,   /* name is glob text, not bytes */
    AAJ_NODE_DEEP = 1u << 6,   /* name holds `**`: matches below, too */
    AAJ_NODE_WROTE = 1u << 7,
    AAJ_NODE_MIXED = 1u << 8,  /* files that are no documents exist below, seen or not */
    AAJ_NODE_MOVED = 1u << 9,  /* it got this name by rename(2) */
    AAJ_NODE_BORN = 1u << 10,  /* and was made under it, too */
    AAJ_NODE_LONE = 1u << 11,  /* a pattern of one name: its whole stem seems made up, or one will do */
};

struct aaj_ev {
    uint32_t access, next;
};

/* What one profile does at one node. */
struct aaj_grant {
    uint32_t dom, next;
    uint32_t perms; /* AAJ_MAY_*, as a rule has them */
    uint32_t ev, ev_last;
    uint32_t inferences;
    uint64_t yes, no, created, root, events;
    bool covered; /* an abstraction or the template holds it */
    bool disputed; /* root and another were each a name's owner for a time, or an access does not say who was */
};

struct aaj_node {
    struct aaj_str name;
    uint32_t parent, child, next, into;
    uint32_t hashed_under; /* the parent it was made with: merging moves children */
    uint32_t grant;
    uint32_t flags, inferences;
};

/* ---- a rule before it is written ---- */

struct aaj_draft {
    uint32_t dom;
    struct aaj_item *item;
    struct aaj_str key; /* sorts within its kind */
    uint32_t ev, inferences;
    uint64_t events;
    struct aaj_str from, exe; /* as in struct aaj_learned_rule */
    struct aaj_str plain; /* of a file rule: its path before variables of the tunables were put in; empty: as it is */
    bool by_owner; /* all of it was by the file's owner, though that may say little: who creates owns */
};

/* An extension that the slave reads as code: ".php". */
struct aaj_code {
    struct aaj_str ext;
    size_t files; /* of its own that it read */
};

/* A file mapped as code, until it is known who writes it. */
struct aaj_mapped {
    uint32_t access, dom;
};

struct aaj_learner {
    const struct aaj_learn_input *in;
    struct aaj_learned *out;
    struct aaj_diags *diags;
    struct aaj_arena *arena;  /* of the result's policy */
    struct aaj_arena scratch;
    const struct aaj_access *access;
    size_t n_access;
    struct aaj_str log_top, top; /* the profile it is (in), in the log and in what is written */
    bool hat;                    /* it is a pool */

    struct aaj_denies *denies; /* NULL: the manifest has no deny rule */
    struct aaj_dom *dom;
    size_t n_doms, cap_doms;
    struct aaj_edge *edge;
    size_t n_edges, cap_edges;
    struct aaj_place *place; /* by label id order of appearance */
    void *dom_by_key, *place_by_label, *edge_by_key, *verdict_by_exe; /* uthash tables, see tree.c */

    struct aaj_node *node; /* 0 is the root */
    size_t n_nodes, cap_nodes;
    struct aaj_grant *grant; /* 0 is not used */
    size_t n_grants, cap_grants;
    struct aaj_ev *ev; /* 0 is not used */
    size_t n_evs, cap_evs;
    void *children; /* hash of (parent, name) */

    struct aaj_str *subject; /* words that name its things; in byte order */
    size_t n_subjects, cap_subjects;
    struct aaj_code *code;
    size_t n_code, cap_code;
    struct aaj_glob *code_glob; /* names with these extensions */
    struct aaj_str *runs;       /* what is executed, in byte order */
    size_t n_runs, cap_runs;
    struct aaj_str *compiled;   /* names of code that the slave made and read back, in byte order */
    size_t n_compiled, cap_compiled;
    struct aaj_str *written;    /* names of code that it wrote or made, and read: written.c; in byte order */
    size_t n_written, cap_written;
    struct aaj_str star[2];     /* aaj_guard_star(): of `*` and of `**` */
    uint32_t uid;               /* the slave's own, as the records show it; 0: root's alone */
    struct aaj_str *wrote; /* programs that were executed and written */
    size_t n_wrote, cap_wrote;
    const struct aaj_edge **ran; /* by what is executed, in byte order */
    struct aaj_mapped *mapped;
    size_t n_mapped, cap_mapped;
    struct {
        uint32_t uid;
        size_t itself, accesses; /* by the slave; by its children, too */
    } uids[64]; /* it acted as, but for root */
    size_t n_uids;
    bool as_root; /* it acted as root, too, or who it was nobody says */

    struct aaj_policy *template, *child; /* read; what is written is put into the first */
    struct aaj_item *main;               /* the template's profile, or the hat in it */
    struct aaj_item *outer;              /* what children stand in */
    struct aaj_cover *main_cover, *child_cover, *known_cover;

    struct aaj_draft *draft;
    size_t n_drafts, cap_drafts;
    size_t cap_rules, cap_refused, cap_granted, cap_proposals, cap_peers, cap_suspects;
};

static inline struct aaj_str aaj_arg(const struct aaj_learner *l, const struct aaj_access *a, unsigned i)
{
    return aaj_recording_str(l->in->recording, a->arg[i]);
}

/* In a walk over all accesses, at @i */
static inline void aaj_fetch_ahead(const struct aaj_learner *l, size_t i)
{
    enum { SOON = 8, LATER = 24 };

    if (i + LATER < l->n_access)
        aaj_recording_fetch(l->in->recording, &l->access[i + SOON], &l->access[i + LATER]);
}

static inline bool aaj_infers(const struct aaj_learner *l, enum aaj_infer infer)
{
    return !(l->in->off & (1u << infer));
}

/* evidence */
uint32_t aaj_ev_new(struct aaj_learner *l, uint32_t access); /* 0: out of memory */
int aaj_refuse(struct aaj_learner *l, uint32_t access, enum aaj_refusal why, struct aaj_str detail);
int aaj_grant_access(struct aaj_learner *l, uint32_t access, uint32_t dom, uint32_t into);

/* learn.c: can a rule name it? What the kernel writes is short enough and has no empty folder names. */
bool aaj_is_nameable(struct aaj_str path);

/* declared.c: each of the manifest's variables, where it stands first in @pattern, put in. */
struct aaj_str aaj_expand(struct aaj_learner *l, struct aaj_str pattern);

/* tree.c */
int aaj_tree_build(struct aaj_learner *l);
struct aaj_place aaj_tree_place(struct aaj_learner *l, uint32_t label);
void aaj_tree_free(struct aaj_learner *l);
/* The profile's name for a label of the log as a rule's peer: own children by their new names. */
int aaj_tree_peer(struct aaj_learner *l, struct aaj_str label, uint32_t from, struct aaj_str *ret_glob);

/* pool.c: a pool of a master, and the master's view of its pools */
/* Is @label the jail's own? *ret_end: where the steps below it begin (log/label.h). */
bool aaj_pool_is_ours(const struct aaj_learner *l, struct aaj_str label, size_t *ret_end);
/* What a label that is not ours will be called: the master and its other pools by their new names. */
int aaj_pool_peer(struct aaj_learner *l, struct aaj_str label, struct aaj_str *ret_name);
/* Does a change_profile to @target lead into a pool? The template's rule about pools grants that. */
bool aaj_pool_is_entered(const struct aaj_learner *l, struct aaj_str target);
/* Made-up names in shared folders that the master made, before its workers were in their pool, are made-up here, too. */
void aaj_pool_share(struct aaj_learner *l);
/* -ENOENT with a finding when the pool does not occur. */
int aaj_pool_find(struct aaj_learner *l);
/* The template's rules about a pool, once for each. */
int aaj_pool_write(struct aaj_learner *l);

/* paths.c */
int aaj_paths_add(struct aaj_learner *l, uint32_t access, uint32_t dom, uint32_t perms);
int aaj_path_node(struct aaj_learner *l, struct aaj_str path, uint32_t *ret_node);
/* Without making it; false when there is none. */
bool aaj_path_find(const struct aaj_learner *l, struct aaj_str path, uint32_t *ret_node);
struct aaj_grant *aaj_path_grant(struct aaj_learner *l, uint32_t node, uint32_t dom);
/* One access more: evidence @ev of it goes behind what there is. */
void aaj_grant_count(struct aaj_learner *l, struct aaj_grant *g, const struct aaj_access *a, uint32_t ev);
/* A copy that belongs to no node. */
int aaj_grant_new(struct aaj_learner *l, const struct aaj_grant *g, uint32_t *ret_grant);
uint32_t aaj_node_final(const struct aaj_learner *l, uint32_t node);
/* What made its path a pattern: its own name's inferences and those of the folders above. */
uint32_t aaj_node_inferences(const struct aaj_learner *l, uint32_t node);
/* The glob text of a node's path, after generalising. */
struct aaj_str aaj_node_pattern(struct aaj_learner *l, struct aaj_arena *arena, uint32_t node);
/* The bytes of a node's path, before. */
struct aaj_str aaj_node_path(const struct aaj_learner *l, struct aaj_arena *arena, uint32_t node);
uint32_t aaj_node_new(struct aaj_learner *l, uint32_t parent, struct aaj_str name, uint32_t flags);
void aaj_node_merge(struct aaj_learner *l, uint32_t into, uint32_t node);

void aaj_paths_free(struct aaj_learner *l);

/* mapped.c */
int aaj_mapped_find_written(struct aaj_learner *l); /* before the tree */
bool aaj_mapped_is_written(const struct aaj_learner *l, struct aaj_str exe);
int aaj_mapped_prepare(struct aaj_learner *l);                                       /* after the tree */
bool aaj_mapped_runs(const struct aaj_learner *l, uint32_t dom, struct aaj_str exe); /* does @dom execute it? */
int aaj_mapped_defer(struct aaj_learner *l, uint32_t access, uint32_t dom);
int aaj_mapped_settle(struct aaj_learner *l);

/* area.c */
enum aaj_area {
    AAJ_AREA_NONE,   /* literal names only, but for /proc */
    AAJ_AREA_OWN,    /* the slave's own folders: roots, or where services keep theirs */
    AAJ_AREA_SHARED, /* /tmp and the like: made-up names keep what they begin with */
    AAJ_AREA_SYSTEM, /* /usr: not the slave's to change */
    AAJ_AREA_PROC,
    AAJ_AREA_SYS,
};
enum aaj_area aaj_area_of(const struct aaj_learn_input *in, struct aaj_str dir);
/* Outside of where services keep their own, but a folder of one user's: /etc/ldap/slapd.d, /home/app. */
bool aaj_may_be_given(struct aaj_str dir);
/* A home itself: what begins with a dot in it is its owner's configuration. */
bool aaj_is_home(struct aaj_str dir);
/* Where libraries put what they keep in a home, a service's as well: $XDG_CACHE_HOME and its like, by their defaults
 * (XDG base directory specification). */
bool aaj_is_base_folder(struct aaj_str name);
bool aaj_is_code_extension(struct aaj_str ext);
bool aaj_is_document_extension(struct aaj_str ext);
bool aaj_is_secret_name(struct aaj_str name);

/* deny.c: what the manifest's deny rules stop is not learned, in the jail's own profile */
int aaj_denies_read(struct aaj_learner *l);
void aaj_denies_free(struct aaj_learner *l);
/* Does one of them stop any of @perms on the file? @owner: all of it was by its owner. */
bool aaj_denies_file(const struct aaj_learner *l, struct aaj_str path, uint32_t perms, bool owner,
                     struct aaj_str *ret_rule);
int aaj_denies_others(struct aaj_learner *l); /* drafts that are no files */
int aaj_denies_narrow(struct aaj_learner *l); /* drafts of files, generalised */

/* generalise.c: directory by directory from the top. group.c, created.c, siblings.c and others take the children of one. */
struct aaj_kids {
    uint32_t *id;
    size_t n, cap;
};

struct aaj_dir {
    uint32_t node;
    struct aaj_str pattern; /* of its path, no slash at the end; "" for the root */
    enum aaj_area area;
    bool owned;             /* the slave's user owns it, or the slave made it */
    struct aaj_kids kids;   /* its children, linked nowhere */
};

int aaj_generalise(struct aaj_learner *l);
int aaj_group_names(struct aaj_learner *l, struct aaj_dir *dir);
int aaj_group_tree(struct aaj_learner *l, struct aaj_dir *dir);  /* hashtree.c */
int aaj_group_assorted(struct aaj_learner *l, struct aaj_dir *dir); /* assorted.c */
int aaj_group_proc(struct aaj_learner *l, struct aaj_dir *dir);
int aaj_group_created(struct aaj_learner *l, struct aaj_dir *dir);
int aaj_group_siblings(struct aaj_learner *l, struct aaj_dir *dir);
int aaj_group_twins(struct aaj_learner *l, struct aaj_dir *dir); /* twins.c */
/* served.c; 1: the directory became one pattern */
int aaj_served_prepare(struct aaj_learner *l);
int aaj_group_served(struct aaj_learner *l, struct aaj_dir *dir);
int aaj_group_package(struct aaj_learner *l, struct aaj_dir *dir);
int aaj_kids_add(struct aaj_kids *kids, uint32_t node);
/* A new node of that pattern takes the place of those kids i for which @take[i]. */
int aaj_kids_replace(struct aaj_learner *l, struct aaj_dir *dir, const bool *take, struct aaj_str pattern,
                     uint32_t flags, uint32_t inferences);
/* The same, with the nodes @deep below the directory too. @pattern is "*", "**" or either and an extension. */
int aaj_kids_swallow(struct aaj_learner *l, struct aaj_dir *dir, const bool *take, const struct aaj_kids *deep,
                     struct aaj_str pattern, uint32_t by);

/* homes.c */
int aaj_group_homes(struct aaj_learner *l, struct aaj_dir *dir);
bool aaj_is_in_homes(struct aaj_str dir);
/* "*" or "**" and an extension, for names in @dir: of a home none with a dot in front, and not ~/bin. In the result's arena. */
struct aaj_str aaj_star(struct aaj_learner *l, const struct aaj_dir *dir, struct aaj_str ext, bool deep);
bool aaj_is_starred(const struct aaj_dir *dir, struct aaj_str name); /* does it match such a star? */
struct aaj_str aaj_home_means(struct aaj_str pattern);               /* a comment for a rule with one; may be empty */

/* version.c: folders and libraries below /usr that bear the number of a release */
int aaj_group_versions(struct aaj_learner *l, struct aaj_dir *dir);

/* subject.c: words that name things of the slave's in several places */
int aaj_subjects_prepare(struct aaj_learner *l);
/* The word that a name begins with; empty: with none. */
struct aaj_str aaj_subject_word(struct aaj_str name);
bool aaj_is_subject(const struct aaj_learner *l, struct aaj_str word);

/* locale.c: what there is for one language there is for others */
int aaj_group_locale(struct aaj_learner *l, struct aaj_dir *dir);

/* guard.c: no pattern that may be written reaches what the slave reads as code or executes */
int aaj_guard_prepare(struct aaj_learner *l);
/* 1: it reaches; 0: it does not; -errno. @dir and @name are glob text. */
int aaj_guard_hits(struct aaj_learner *l, struct aaj_str dir, struct aaj_str name);
/* "*" (or "**") but for names with these extensions: "{*[^p/],*[^h/]p,…}". */
struct aaj_str aaj_guard_star(struct aaj_learner *l, bool deep);
/* "any name but *.php", of a pattern that holds such a star; empty otherwise. In the result's arena. */
struct aaj_str aaj_guard_means(struct aaj_learner *l, struct aaj_str pattern);
/* Does it end in one of these extensions, so that no star matches it? */
bool aaj_guard_is_code(const struct aaj_learner *l, struct aaj_str name);
/* How many files with that extension the slave reads as its own code. */
size_t aaj_guard_code_files(const struct aaj_learner *l, struct aaj_str ext);
size_t aaj_guard_longest(const struct aaj_learner *l); /* of the extensions, dot included; 0: none */

/* written.c: code that the slave writes and then reads as its own */
int aaj_written_prepare(struct aaj_learner *l); /* before names become patterns */
/* Does @access read such code, and not write it? */
bool aaj_written_is_loaded(const struct aaj_learner *l, const struct aaj_access *access);
/* A comment for a rule of @perms whose evidence is @ev; may be empty. */
struct aaj_str aaj_written_means(const struct aaj_learner *l, uint32_t ev, uint32_t perms);

/* abstraction.c: grants that the template, the children's base or a chosen abstraction holds */
int aaj_abstractions(struct aaj_learner *l);

/* other.c: everything that is no file; see other.h */
int aaj_other_add(struct aaj_learner *l, uint32_t access, uint32_t dom);
/* socket.c: what stays open in programs that are executed */
int aaj_other_inherit(struct aaj_learner *l);

/* network.c */
int aaj_network_propose(struct aaj_learner *l);

/* unheard.c */
int aaj_find_unheard(struct aaj_learner *l);

/* needless.c: of what was refused, what the slave does without */
void aaj_find_needless(struct aaj_learner *l);

/* unfenced.c */
int aaj_find_unfenced(struct aaj_learner *l);

/* suspect.c */
int aaj_suspects(struct aaj_learner *l);
/* Against in->known: new, and what an attack looks like. */
bool aaj_suspect_is_new(struct aaj_learner *l, const struct aaj_access *access, uint32_t perms);
bool aaj_suspect_exe_is_new(const struct aaj_learner *l, struct aaj_str exe);

/* emit.c */
int aaj_emit(struct aaj_learner *l);
