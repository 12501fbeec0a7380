/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shell completion from the verbs' own tables. What a value or an operand may be is read from its
 * metavariable: the words between '|', blanks and brackets. Lower-case words complete to themselves
 * ("bash|zsh"), the rest by these names; any other (UID, LABEL) completes to nothing.
 */
#pragma once

#include "base/str.h"
#include "verb.h"

enum complete {
    COMPLETE_FILE = 1 << 0,    /* FILE, MANIFEST, PROFILE, RECORDING, PATH, OLD, NEW */
    COMPLETE_DIR = 1 << 1,     /* DIR */
    COMPLETE_JAIL = 1 << 2,    /* JAIL: a manifest in /etc/aajail/jails, or a folder in ./build */
    COMPLETE_PROFILE = 1 << 3, /* PROFILE: what is loaded, too */
    COMPLETE_TARGET = 1 << 4,  /* TARGET */
    COMPLETE_COMMAND = 1 << 5, /* CMD, EXECUTABLE */
    COMPLETE_UNIT = 1 << 6,    /* UNIT.service */
    COMPLETE_ROLE = 1 << 7,    /* ROLE: a file in /etc/aajail/roles */
    COMPLETE_USER = 1 << 8,    /* USER */
};

/* What the bits stand for, in their order; in the scripts these are the names of what lists them. */
#define COMPLETE_NAMES                                                                \
    {                                                                                 \
        "file", "dir", "jail", "profile", "target", "command", "unit", "role", "user" \
    }
enum { COMPLETE_KINDS = 9 };

/* Of an option's value. */
unsigned complete_value(const char *metavariable);

/* Of a verb's operands: what stands in its usage and is no option, nor an option's value. */
unsigned complete_operands(const struct verb *verb);

/* The lower-case words of a metavariable, each between @before and @after. */
void complete_print_words(const char *metavariable, const char *before, const char *after);
/* The same of the targets that are shipped, read once here: an installed script does not ask for them. */
void complete_print_targets(const char *before, const char *after);

/* @text for between single quotes. A quote in it becomes @quote, and what is in @special gets a backslash. */
void complete_print_quoted(const char *text, const char *quote, const char *special);

void complete_bash(void);
void complete_zsh(void);
void complete_fish(void);
