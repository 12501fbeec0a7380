/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What in a file's name was made up: numbers, hashes, random letters. A name is cut into pieces; names of
 * the same shape may become one pattern where the evidence says that a piece varies.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

enum aaj_piece_kind {
    AAJ_PIECE_TEXT,
    AAJ_PIECE_NUMBER,
    AAJ_PIECE_HEX,    /* a hash or id in hexadecimal digits, 8 or more */
    AAJ_PIECE_RANDOM, /* letters and digits that no person would choose */
    AAJ_PIECE_WORD,   /* what something is called that there are others of; see aaj_shape_take_word() */
};

enum { AAJ_SHAPE_PIECES = 24 };

struct aaj_piece {
    uint8_t kind;
    uint8_t off, len; /* names are at most 255 bytes: NAME_MAX */
};

struct aaj_shape {
    unsigned n; /* 0: the name is taken as a whole */
    struct aaj_piece piece[AAJ_SHAPE_PIECES];
};

/* Who made the name up: of the slave's own, and more of those that do not last, less is taken for a word. */
enum aaj_maker { AAJ_MADE_ELSEWHERE, AAJ_MADE_HERE, AAJ_MADE_FOR_A_WHILE };

void aaj_shape_of(struct aaj_str name, enum aaj_maker maker, struct aaj_shape *ret_shape);

static inline struct aaj_str aaj_piece_text(struct aaj_str name, const struct aaj_piece *p)
{
    return (struct aaj_str){ name.p + p->off, p->len };
}

/* Is number @i part of a date or a count of seconds? Another moment, another name: though all that was seen were made
 * in the same second, or the same month. */
bool aaj_piece_is_moment(struct aaj_str name, const struct aaj_shape *shape, unsigned i);
/* Of numbers with a capital in front of each, "M707546P759", one that is long shows what the others are. */
bool aaj_piece_is_labelled(struct aaj_str name, const struct aaj_shape *shape, unsigned i);

/* Makes the @n bytes that the name begins with, a part of its first piece, a word that varies. */
void aaj_shape_take_word(struct aaj_shape *shape, size_t n);

/* Names with the same key differ in variable pieces only. */
struct aaj_str aaj_shape_key(struct aaj_arena *arena, struct aaj_str name, const struct aaj_shape *shape);

/* How a variable piece is written, given the lengths and letters seen. */
struct aaj_piece_range {
    uint8_t min, max;
    bool upper;  /* HEX: in capitals */
    bool varies; /* not the same everywhere */
    bool zero;   /* NUMBER: padded with zeros, some of them */
    bool full;   /* and some not */
};
struct aaj_str aaj_piece_pattern(struct aaj_arena *arena, enum aaj_piece_kind kind, const struct aaj_piece_range *range);

/* The extensions, from the first dot that is not the first byte: ".json.tmp"; "" for none, for a piece
 * that varies in it, and for more than three. */
struct aaj_str aaj_name_extension(struct aaj_str name);
/* The last one only: ".php". */
struct aaj_str aaj_name_last_extension(struct aaj_str name);
/* Files that a service has one of, under the same name each time: .pid, .sock, .lock, .log and what it becomes. */
bool aaj_is_fixed_kind(struct aaj_str name);
