/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a change that takes more than one commit intends, kept in the run folder while it is made:
 *
 *     { "boot": "8c1f…", "backend": "legacy", "plans": [ … ], "remove": [ 10004 ] }
 *
 * Rules die with the machine, so a journal of another boot says nothing; and they belong to a network
 * namespace, so its cookie is in the file's name.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "firewall/text.h"
#include "firewall/transaction.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14, asm-generic/socket.h */
#endif

enum { JOURNAL_MAX = 64 * 1024 * 1024, BOOT_ID_MAX = 64 };

static int namespace_id(const struct aaj_firewall_ctx *ctx, uint64_t *ret_id)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;
    socklen_t n = sizeof(*ret_id);
    char path[PATH_MAX];
    struct stat st;

    if (fd < 0)
        return -errno;
    if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret_id, &n) < 0)
        r = -errno;
    close(fd);
    if (r != -ENOPROTOOPT)
        return r;
    snprintf(path, sizeof(path), "%s/self/ns/net", ctx->proc);
    if (stat(path, &st) < 0)
        return -errno;
    *ret_id = st.st_ino;
    return 0;
}

int journal_find(struct aaj_firewall *fw)
{
    uint64_t id = 0;
    int r = fw->ctx->run_dir ? namespace_id(fw->ctx, &id) : 0;

    if (r < 0 || !fw->ctx->run_dir)
        return r;
    return asprintf(&fw->journal, "%s/firewall-%" PRIu64 ".journal", fw->ctx->run_dir, id) < 0 ? -ENOMEM : 0;
}

static void boot_id(const struct aaj_firewall *fw, char ret[static BOOT_ID_MAX])
{
    char path[PATH_MAX];
    FILE *in;

    ret[0] = '\0';
    snprintf(path, sizeof(path), "%s/sys/kernel/random/boot_id", fw->ctx->proc);
    in = fopen(path, "re");
    if (in && fgets(ret, BOOT_ID_MAX, in))
        ret[strcspn(ret, "\n")] = '\0';
    if (in)
        fclose(in);
}

static struct json_object *to_json(const struct transaction *t)
{
    struct json_object *o = json_object_new_object(), *plans = json_object_new_array(),
                       *removes = json_object_new_array();
    char boot[BOOT_ID_MAX];
    bool ok = o && plans && removes;

    for (size_t i = 0; i < t->n && ok; i++) {
        struct json_object *v = t->change[i].plan ? aaj_firewall_plan_to_json(t->change[i].plan)
                                                  : json_object_new_int64(t->change[i].uid);

        ok = v && json_object_array_add(t->change[i].plan ? plans : removes, v) == 0;
    }
    if (!ok) {
        json_object_put(plans);
        json_object_put(removes);
        json_object_put(o);
        return NULL;
    }
    boot_id(t->fw, boot);
    json_object_object_add(o, "boot", json_object_new_string(boot));
    json_object_object_add(o, "backend", json_object_new_string(t->backend->name));
    json_object_object_add(o, "plans", plans);
    json_object_object_add(o, "remove", removes);
    return o;
}

int journal_write(const struct transaction *t)
{
    const char *path = t->fw->journal;
    struct json_object *json;
    int r = 0;

    if (!path)
        return 0;
    json = to_json(t);
    if (!json)
        return -ENOMEM;
    if (mkdir(t->fw->ctx->run_dir, 0700) < 0 && errno != EEXIST)
        r = -errno;
    if (r == 0)
        r = aaj_file_write(path, aaj_str_c(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN)),
                           0600);
    json_object_put(json);
    if (r < 0)
        aaj_error(t->diags, (struct aaj_loc){ 0 }, "cannot write the journal %s: %s; nothing was changed",
                  path, strerror(-r));
    return r;
}

void journal_clear(const struct aaj_firewall *fw)
{
    if (fw->journal)
        (void)unlink(fw->journal); /* one that stays is done again, which changes nothing */
}

bool journal_exists(const struct aaj_firewall *fw)
{
    return fw->journal && access(fw->journal, F_OK) == 0;
}

static int from_json(struct json_object *plans, struct json_object *removes, struct journal *j)
{
    size_t n_plans = json_object_array_length(plans), n_removes = json_object_array_length(removes);
    int r = 0;

    j->plan = calloc(n_plans + 1, sizeof(*j->plan));
    j->remove = calloc(n_removes + 1, sizeof(*j->remove));
    if (!j->plan || !j->remove)
        return -ENOMEM;
    for (size_t i = 0; i < n_plans && r == 0; i++) {
        r = aaj_firewall_plan_from_json(json_object_array_get_idx(plans, i), &j->plan[i]);
        j->n_plans += r == 0;
    }
    for (size_t i = 0; i < n_removes && r == 0; i++) {
        int64_t uid = json_object_get_int64(json_object_array_get_idx(removes, i));

        r = uid > 0 && uid < UINT32_MAX ? 0 : -EINVAL;
        j->remove[j->n_removes++] = (uint32_t)uid;
    }
    return r == -EINVAL ? -EBADMSG : r;
}

static const char *text_of(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;

    return json_object_object_get_ex(o, key, &v) && json_object_is_type(v, json_type_string)
               ? json_object_get_string(v)
               : "";
}

static struct json_object *list_of(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;

    return json_object_object_get_ex(o, key, &v) && json_object_is_type(v, json_type_array) ? v : NULL;
}

int journal_read(const struct aaj_firewall *fw, struct journal *ret)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct json_object *json = NULL;
    struct journal j = { 0 };
    char boot[BOOT_ID_MAX];
    struct aaj_str text;
    int r = fw->journal ? aaj_file_read(fw->journal, JOURNAL_MAX, &arena, &text) : -ENOENT;

    if (r == 0 && !(json = json_tokener_parse(text.p)))
        r = -EBADMSG;
    boot_id(fw, boot);
    if (r == 0 && strcmp(text_of(json, "boot"), boot) != 0)
        r = -ENOENT;
    if (r == 0)
        r = list_of(json, "plans") && list_of(json, "remove") && text_of(json, "backend")[0]
                ? from_json(list_of(json, "plans"), list_of(json, "remove"), &j)
                : -EBADMSG;
    if (r == 0)
        snprintf(j.backend, sizeof(j.backend), "%s", text_of(json, "backend"));
    json_object_put(json);
    aaj_arena_clear(&arena);
    if (r < 0) {
        journal_free(&j);
        return r == -ENOENT ? 0 : r;
    }
    *ret = j;
    return 0;
}

void journal_free(struct journal *j)
{
    for (size_t i = 0; i < j->n_plans; i++)
        aaj_firewall_plan_free(j->plan[i]);
    free(j->plan);
    free(j->remove);
    *j = (struct journal){ 0 };
}
