/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format), one run. Findings are results of the
 * verb's kinds; what could not be looked at is a notification of the invocation, which was then not
 * successful. What passed is left out.
 */
#include <errno.h>
#include <json.h>
#include <stdlib.h>

#include "base/escape.h"
#include "report/results.h"

#define SCHEMA_URI \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

static const char *const level[] = { "note", "warning", "error" };

/* What @print makes of @s. */
static json_object *string_json(struct aaj_str s, void (*print)(FILE *out, struct aaj_str s))
{
    json_object *o = NULL;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    if (!out)
        return NULL;
    print(out, s);
    if (fclose(out) == 0)
        o = json_object_new_string_len(text, (int)(n < INT32_MAX ? n : INT32_MAX));
    free(text);
    return o;
}

static json_object *message_json(struct aaj_str s)
{
    json_object *o = json_object_new_object();

    /* for people: what is no text is escaped as on a terminal */
    json_object_object_add(o, "text", string_json(s, aaj_escape_terminal));
    return o;
}

/* RFC 3986: a path is bytes; what is not unreserved is encoded, so that no ':' makes a scheme of it. */
static void print_uri(FILE *out, struct aaj_str path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";

    while (aaj_str_starts(path, AAJ_STR("./")))
        path = aaj_str_skip(path, 2);
    if (aaj_str_starts(path, AAJ_STR("/")))
        fputs("file://", out);
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] && strchr(plain, path.p[i]))
            fputc(path.p[i], out);
        else
            fprintf(out, "%%%02X", (unsigned char)path.p[i]);
}

/* Characters of @line before byte @at; without the line each byte is one, which holds where nothing but ASCII
 * stands before it. */
static size_t characters(struct aaj_str line, size_t at)
{
    size_t n = 0;
    uint32_t cp;

    if (at > line.n)
        return at;
    for (line = aaj_str_head(line, at); line.n; n++) {
        size_t step = aaj_utf8_next(line, &cp);

        line = aaj_str_skip(line, step ? step : 1);
    }
    return n;
}

static json_object *location_json(const struct aaj_result *r)
{
    json_object *o = json_object_new_object(), *physical = json_object_new_object(),
                *artifact = json_object_new_object();

    json_object_object_add(artifact, "uri", string_json(r->loc.file, print_uri));
    json_object_object_add(physical, "artifactLocation", artifact);
    if (r->loc.line) {
        json_object *region = json_object_new_object();

        json_object_object_add(region, "startLine", json_object_new_int64(r->loc.line));
        if (r->loc.column) {
            size_t from = characters(r->source, r->loc.column - 1), to;

            json_object_object_add(region, "startColumn", json_object_new_uint64(from + 1));
            to = characters(r->source, r->loc.column - 1 + r->loc.length);
            if (to > from)
                json_object_object_add(region, "endColumn", json_object_new_uint64(to + 1));
        }
        json_object_object_add(physical, "region", region);
    }
    json_object_object_add(o, "physicalLocation", physical);
    return o;
}

static void add_location(json_object *o, const char *key, const struct aaj_result *r, bool with_message)
{
    json_object *list, *location;

    if (!r->loc.file.n)
        return;
    if (!json_object_object_get_ex(o, key, &list)) {
        list = json_object_new_array();
        json_object_object_add(o, key, list);
    }
    location = location_json(r);
    if (with_message)
        json_object_object_add(location, "message", message_json(r->message));
    json_object_array_add(list, location);
}

static size_t kind_index(const struct aaj_results *results, const char *id)
{
    size_t i = 0;

    while (results->kinds[i].id && strcmp(results->kinds[i].id, id) != 0)
        i++;
    return i;
}

static json_object *result_json(const struct aaj_results *results, const struct aaj_result *r)
{
    json_object *o = json_object_new_object();

    json_object_object_add(o, "ruleId", json_object_new_string(r->id));
    json_object_object_add(o, "ruleIndex", json_object_new_uint64(kind_index(results, r->id)));
    json_object_object_add(o, "level", json_object_new_string(level[r->severity]));
    json_object_object_add(o, "message", message_json(r->message));
    add_location(o, "locations", r, false);
    return o;
}

static json_object *notification_json(const struct aaj_result *r)
{
    json_object *o = json_object_new_object();

    json_object_object_add(o, "level", json_object_new_string(level[r->severity]));
    json_object_object_add(o, "message", message_json(r->message));
    add_location(o, "locations", r, false);
    return o;
}

static json_object *driver_json(const struct aaj_results *results)
{
    json_object *driver = json_object_new_object(), *rules = json_object_new_array();

    for (const struct aaj_diag_kind *k = results->kinds; k->id; k++) {
        json_object *rule = json_object_new_object(), *config = json_object_new_object();

        json_object_object_add(rule, "id", json_object_new_string(k->id));
        json_object_object_add(rule, "shortDescription", message_json(aaj_str_c(k->means)));
        json_object_object_add(config, "level", json_object_new_string(level[k->severity]));
        json_object_object_add(rule, "defaultConfiguration", config);
        json_object_array_add(rules, rule);
    }
    json_object_object_add(driver, "name", json_object_new_string(results->tool));
    json_object_object_add(driver, "semanticVersion", json_object_new_string(results->version));
    json_object_object_add(driver, "rules", rules);
    return driver;
}

/* The run's findings and its one invocation. */
static void add_results(json_object *run, const struct aaj_results *results)
{
    json_object *list = json_object_new_array(), *notes = json_object_new_array(), *last = NULL;
    json_object *invocation = json_object_new_object(), *invocations = json_object_new_array();
    bool broken = false;

    for (size_t i = 0; i < results->n; i++) {
        const struct aaj_result *r = &results->item[i];

        if (r->outcome == AAJ_OUTCOME_PASS)
            continue;
        broken |= r->outcome == AAJ_OUTCOME_BROKEN;
        if (r->related && last) {
            add_location(last, "relatedLocations", r, true);
        } else if (r->outcome == AAJ_OUTCOME_FINDING && r->id) {
            last = result_json(results, r);
            json_object_array_add(list, last);
        } else {
            json_object_array_add(notes, notification_json(r));
        }
    }
    json_object_object_add(invocation, "executionSuccessful", json_object_new_boolean(!broken));
    json_object_object_add(invocation, "toolExecutionNotifications", notes);
    json_object_array_add(invocations, invocation);
    json_object_object_add(run, "invocations", invocations);
    json_object_object_add(run, "results", list);
}

int aaj_results_sarif(FILE *out, const struct aaj_results *results)
{
    json_object *o = json_object_new_object(), *runs = json_object_new_array(),
                *run = json_object_new_object(), *tool = json_object_new_object();
    const char *text;

    json_object_object_add(o, "$schema", json_object_new_string(SCHEMA_URI));
    json_object_object_add(o, "version", json_object_new_string("2.1.0"));
    json_object_object_add(tool, "driver", driver_json(results));
    json_object_object_add(run, "tool", tool);
    json_object_object_add(run, "columnKind", json_object_new_string("unicodeCodePoints"));
    add_results(run, results);
    json_object_array_add(runs, run);
    json_object_object_add(o, "runs", runs);
    text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
    if (text)
        fprintf(out, "%s\n", text);
    json_object_put(o);
    return text ? 0 : -ENOMEM;
}
