/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that anybody who keeps distinct accesses has to do with a log, done with the same parts: read it, find the
 * ends of its lines, find name and pid of what begins as a record does, hash the name, and look into a table of @rows
 * rows of a cache line each. Nothing is understood, compared, counted by kind, or kept. What reading a log costs above
 * this is what could be saved at best.
 */
#pragma once

#include <stdbool.h>

/* @grow: each record is a new row. 0, or 1 when something failed. */
int bench_floor(const char *file, bool grow);
