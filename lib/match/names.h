/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of the policy language and the numbers the kernel walks. */
#pragma once

#include "base/str.h"
#include "match/match.h"

/* -1 for a word that names nothing. Decimal numbers are taken as they are. */
int aaj_name_capability(struct aaj_str word);
int aaj_name_family(struct aaj_str word);
int aaj_name_socket_type(struct aaj_str word);
int aaj_name_protocol(struct aaj_str word);
int aaj_name_rlimit(struct aaj_str word); /* "nofile", as the kernel and the language call RLIMIT_NOFILE */
int aaj_name_signal(struct aaj_str word); /* "term", "exists" (0), "rtmin+3" */

/* NULL when the number has no name. */
const char *aaj_capability_name(unsigned capability);
const char *aaj_family_name(unsigned family);
const char *aaj_socket_type_name(unsigned type);
const char *aaj_rlimit_name(unsigned resource);

/* "rw" and AAJ_PERM_ bits; c, d for create and delete. 0 when a letter means nothing or there is none. */
uint32_t aaj_perms_of_letters(struct aaj_str letters);

enum aaj_perm_words {
    AAJ_WORDS_NET,
    AAJ_WORDS_SIGNAL,
    AAJ_WORDS_PTRACE,
    AAJ_WORDS_DBUS,
    AAJ_WORDS_MQUEUE,
    AAJ_WORDS_IO_URING,
    AAJ_WORDS_MOUNT
};
/* "create,bind" and AAJ_PERM_ bits. 0 when a word means nothing or there is none. */
uint32_t aaj_perms_of_words(enum aaj_perm_words kind, struct aaj_str words);

/* The other way round, words parted by spaces; bits without a word are left out. .p is NULL without memory. */
struct aaj_str aaj_words_of_perms(enum aaj_perm_words kind, uint32_t perms, struct aaj_arena *arena);

/* "ro,nosuid,remount" and MS_ bits; also "make-private". False for an unknown word. */
bool aaj_mount_flags(struct aaj_str words, unsigned long *ret_flags);
