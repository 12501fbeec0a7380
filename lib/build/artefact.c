/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "build/artefact.h"

#include <errno.h>
#include <fcntl.h>
#include <json.h>
#include <sha256.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"

enum { SCHEMA = 1, LIST_MAX = 1 << 20, FILES_MAX = 4096, PROFILES_MAX = 4096 };

void aaj_sha256_hex(struct aaj_str bytes, char ret_hex[static 65])
{
    SHA2_CTX ctx;

    SHA256Init(&ctx);
    SHA256Update(&ctx, (const uint8_t *)bytes.p, bytes.n);
    SHA256End(&ctx, ret_hex);
}

const struct aaj_artefact *aaj_artefacts_find(const struct aaj_artefacts *artefacts, struct aaj_str name)
{
    for (size_t i = 0; i < artefacts->n_files; i++)
        if (aaj_str_eq(artefacts->file[i].name, name))
            return &artefacts->file[i];
    return NULL;
}

static int system_error(struct aaj_diags *diags, const char *dir, struct aaj_str name, int r, const char *what)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;

    aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(dir) }, "cannot %s '%s': %s", what,
              aaj_escape(&arena, name), strerror(-r));
    aaj_arena_clear(&arena);
    return r;
}

static json_object *list_json(const struct aaj_artefacts *a)
{
    json_object *root = json_object_new_object(), *files = json_object_new_object(),
                *profiles = json_object_new_array(), *unfenced = json_object_new_array();
    char hex[65];

    json_object_object_add(root, "schema", json_object_new_int(SCHEMA));
    json_object_object_add(root, "jail", aaj_json_bytes(a->jail));
    json_object_object_add(root, "user", aaj_json_bytes(a->user));
    json_object_object_add(root, "target", aaj_json_bytes(a->target));
    for (size_t i = 0; i < a->n_profiles; i++)
        json_object_array_add(profiles, aaj_json_bytes(a->profile[i]));
    json_object_object_add(root, "profiles", profiles);
    for (size_t i = 0; i < a->n_unfenced; i++) {
        json_object *o = json_object_new_object();

        json_object_object_add(o, "profile", aaj_json_bytes(a->unfenced[i].profile));
        json_object_object_add(o, "uid", json_object_new_int64(a->unfenced[i].uid));
        json_object_array_add(unfenced, o);
    }
    json_object_object_add(root, "not_fenced", unfenced);
    for (size_t i = 0; i < a->n_files; i++) {
        aaj_sha256_hex(a->file[i].bytes, hex);
        json_object_object_add(files, a->file[i].name.p, json_object_new_string(hex));
    }
    json_object_object_add(root, "files", files);
    return root;
}

/* mkdir -p, without following a link in the last place. */
static int open_folder(const char *dir, struct aaj_diags *diags)
{
    char *path = strdup(dir);
    int fd, r = 0;

    if (!path)
        return -ENOMEM;
    for (char *p = path + 1; *p && r == 0; p++)
        if (*p == '/') {
            *p = '\0';
            if (mkdir(path, 0755) < 0 && errno != EEXIST)
                r = -errno;
            *p = '/';
        }
    if (r == 0 && mkdir(path, 0755) < 0 && errno != EEXIST)
        r = -errno;
    free(path);
    if (r < 0)
        return system_error(diags, dir, aaj_str_c(dir), r, "make the folder");
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? system_error(diags, dir, aaj_str_c(dir), -errno, "open the folder") : fd;
}

int aaj_artefacts_write(const char *dir, const struct aaj_artefacts *artefacts, struct aaj_diags *diags)
{
    json_object *list = list_json(artefacts);
    const char *text = json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
    int fd = open_folder(dir, diags), r = 0;

    if (fd < 0 || !text) {
        json_object_put(list);
        if (fd >= 0)
            close(fd);
        return fd < 0 ? fd : -ENOMEM;
    }
    if (unlinkat(fd, AAJ_ARTEFACTS, 0) < 0 && errno != ENOENT)
        r = system_error(diags, dir, AAJ_STR(AAJ_ARTEFACTS), -errno, "replace");
    for (size_t i = 0; i < artefacts->n_files && r == 0; i++) {
        r = aaj_file_write_at(fd, artefacts->file[i].name.p, artefacts->file[i].bytes, 0644);
        if (r < 0)
            system_error(diags, dir, artefacts->file[i].name, r, "write");
    }
    if (r == 0) {
        r = aaj_file_write_at(fd, AAJ_ARTEFACTS, aaj_str_c(text), 0644);
        if (r < 0)
            system_error(diags, dir, AAJ_STR(AAJ_ARTEFACTS), r, "write");
    }
    close(fd);
    json_object_put(list);
    return r;
}

static struct aaj_str get_text(struct aaj_arena *arena, json_object *root, const char *key)
{
    json_object *o;

    if (!json_object_object_get_ex(root, key, &o) || !json_object_is_type(o, json_type_string))
        return AAJ_STR("");
    return aaj_arena_dup(arena, (struct aaj_str){ json_object_get_string(o), (size_t)json_object_get_string_len(o) });
}

/* A file of the list: a plain name, there, and with the digest that was written down. */
static int read_file(int dirfd, const char *dir, const char *name, json_object *digest, struct aaj_arena *arena,
                     struct aaj_diags *diags, struct aaj_artefact *ret_file)
{
    const char *want = json_object_get_string(digest);
    char hex[65];
    int fd, r;

    if (strchr(name, '/') || name[0] == '.' || !want)
        return aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(dir) }, "artefacts.json names no plain file");
    fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    r = fd < 0 ? -errno : aaj_file_read_fd(fd, AAJ_FILE_MAX, arena, &ret_file->bytes);
    if (fd >= 0)
        close(fd);
    if (r < 0) {
        system_error(diags, dir, aaj_str_c(name), r, "read");
        return -EBADMSG;
    }
    aaj_sha256_hex(ret_file->bytes, hex);
    if (strcmp(hex, want) != 0) {
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(dir) },
                  "'%s' is not what was proved: its SHA-256 differs from artefacts.json's; build again",
                  aaj_escape(arena, aaj_str_c(name)));
        return -EBADMSG;
    }
    ret_file->name = aaj_arena_dup(arena, aaj_str_c(name));
    return ret_file->name.p ? 0 : -ENOMEM;
}

static int read_profiles(json_object *root, struct aaj_arena *arena, struct aaj_artefacts *a)
{
    json_object *list;
    size_t n;

    if (!json_object_object_get_ex(root, "profiles", &list) || !json_object_is_type(list, json_type_array))
        return -EINVAL;
    n = json_object_array_length(list);
    if (n > PROFILES_MAX)
        return -EINVAL;
    a->profile = aaj_arena_new_array(arena, n ? n : 1, struct aaj_str);
    if (!a->profile)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        json_object *o = json_object_array_get_idx(list, i);

        if (!json_object_is_type(o, json_type_string))
            return -EINVAL;
        a->profile[i] = aaj_arena_dup(arena, aaj_str_c(json_object_get_string(o)));
        if (!a->profile[i].p)
            return -ENOMEM;
    }
    a->n_profiles = n;
    return 0;
}

/* Older lists have none. */
static int read_unfenced(json_object *root, struct aaj_arena *arena, struct aaj_artefacts *a)
{
    json_object *list, *uid;
    size_t n;

    if (!json_object_object_get_ex(root, "not_fenced", &list))
        return 0;
    n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : PROFILES_MAX + 1;
    if (n > PROFILES_MAX)
        return -EINVAL;
    a->unfenced = aaj_arena_new_array(arena, n ? n : 1, struct aaj_artefact_unfenced);
    if (!a->unfenced)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        json_object *o = json_object_array_get_idx(list, i);

        if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, "uid", &uid))
            return -EINVAL;
        a->unfenced[i] = (struct aaj_artefact_unfenced){ get_text(arena, o, "profile"), (uint32_t)json_object_get_int64(uid) };
    }
    a->n_unfenced = n;
    return 0;
}

static int read_list(int dirfd, const char *dir, json_object *root, struct aaj_arena *arena, struct aaj_diags *diags,
                     struct aaj_artefacts *a)
{
    struct aaj_loc here = { .file = aaj_str_c(dir) };
    json_object *files, *schema;
    int r;

    if (!json_object_object_get_ex(root, "schema", &schema) || json_object_get_int(schema) != SCHEMA ||
        !json_object_object_get_ex(root, "files", &files) || !json_object_is_type(files, json_type_object) ||
        json_object_object_length(files) > FILES_MAX)
        return aaj_error(diags, here, "artefacts.json is not a list of artefacts of schema %d", SCHEMA);
    a->jail = get_text(arena, root, "jail");
    a->user = get_text(arena, root, "user");
    a->target = get_text(arena, root, "target");
    r = read_profiles(root, arena, a);
    if (r < 0)
        return r == -EINVAL ? aaj_error(diags, here, "artefacts.json: 'profiles' is not a list of names") : r;
    r = read_unfenced(root, arena, a);
    if (r < 0)
        return r == -EINVAL ? aaj_error(diags, here, "artefacts.json: 'not_fenced' is not a list of profiles and uids") : r;
    a->file = aaj_arena_new_array(arena, (size_t)json_object_object_length(files) + 1, struct aaj_artefact);
    if (!a->file)
        return -ENOMEM;
    json_object_object_foreach(files, name, digest)
    {
        r = read_file(dirfd, dir, name, digest, arena, diags, &a->file[a->n_files]);
        if (r < 0)
            return r;
        a->n_files++;
    }
    return 0;
}

int aaj_artefacts_read(const char *dir, struct aaj_arena *arena, struct aaj_diags *diags,
                       struct aaj_artefacts *ret_artefacts)
{
    struct aaj_artefacts a = { .arena = arena };
    int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, r;
    json_object *root = NULL;
    struct aaj_str text;

    if (dirfd < 0)
        return -errno;
    fd = openat(dirfd, AAJ_ARTEFACTS, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    r = fd < 0 ? -errno : aaj_file_read_fd(fd, LIST_MAX, arena, &text);
    if (fd >= 0)
        close(fd);
    if (r == 0) {
        root = json_tokener_parse(text.p);
        r = root && json_object_is_type(root, json_type_object)
                ? read_list(dirfd, dir, root, arena, diags, &a)
                : aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(dir) }, "artefacts.json is not JSON");
    }
    json_object_put(root);
    close(dirfd);
    if (r == 0)
        *ret_artefacts = a;
    return r;
}
