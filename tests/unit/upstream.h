/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The profile that AppArmor's own utilities are to make of one event, in exactly their spelling: what their
 * test compares (utils/test/test-libapparmor-test_multi.py, utils/apparmor/rule). It is a yardstick and no
 * product: it writes names unescaped, grants what was denied, and takes stat() for reading.
 */
#pragma once

#include <stdio.h>

#include "log/reader.h"

enum upstream_version { UPSTREAM_3, UPSTREAM_5 };

/* @record is the event's own, for the ports that reading an event leaves out. */
void upstream_profile(FILE *out, enum upstream_version version, const struct aaj_event *event,
                      struct aaj_log_record *record);
