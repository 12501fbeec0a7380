/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that nobody would choose, as a recording, and judges of what is learned of them. A judge ends the program with
 * abort() where something is wrong, as a fuzz target does.
 */
#pragma once

#include "build/build.h"
#include "learn/learn.h"

/* A name ends with 0xfe; the byte behind says what is done to it. At most @max names, of the label "t". With @classes not only
 * files: programs and what happens in them, links, peers and mounts are called so. */
struct aaj_recording *fuzz_names(const uint8_t *data, size_t size, unsigned max, bool classes);

/* Our own reader and glob matcher: the printed rules are those that were learned, none came from a name, a literal rule means
 * the name that was seen, and all that was granted is allowed. */
void fuzz_judge_text(const struct aaj_learned *learned, struct aaj_recording *rec);

/* The proof, over what apparmor_parser makes of it: @in but for its recording. What cannot be proved, or compiled, is wrong. */
void fuzz_judge_proof(struct aaj_build_input *in);
