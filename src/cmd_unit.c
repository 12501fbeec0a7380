/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail unit: what systemd needs: the boot unit, the drop-ins for a slave's own unit and for the firewall's. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "jail_cmd.h"
#include "reader.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "transitions", 't', NULL, "the policy has children or hats (known by itself for a built folder)" },
    { "install", 0, NULL, "write it below /etc/systemd/system instead of printing" },
    { "root", 0, "DIR", "with --install: below this folder" },
    OPT_END,
};

static int fail(struct aaj_diags *diags)
{
    show_diags(diags);
    return EXIT_INPUT;
}

/* A built folder or a manifest; whether a policy has children only the folder knows. */
static int load(const char *path, struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_manifest **ret_manifest,
                bool *transitions)
{
    struct aaj_artefacts a = { 0 };
    const struct aaj_artefact *yaml;
    struct aaj_str text, name;
    struct stat st;
    bool built;
    int r;

    built = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    if (built) {
        r = aaj_artefacts_read(path, arena, diags, &a);
        if (r < 0)
            return r == -ENOENT ? aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(path) }, "holds no build") : r;
        name = aaj_arena_printf(arena, "%.*s.yaml", AAJ_STR_ARG(a.jail));
        yaml = aaj_artefacts_find(&a, name);
        if (!yaml)
            return aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(path) }, "the build has no manifest");
        *transitions |= a.n_profiles > 1;
        r = aaj_manifest_parse(yaml->bytes, aaj_str_c(path), diags, ret_manifest);
    } else {
        r = read_manifest_file(path, arena, diags, &text, ret_manifest) == EXIT_DONE ? 0 : -EINVAL;
    }
    /* A hat is entered by change_hat, which is a change of profile; without a build any learned exec may be one. */
    if (r == 0)
        *transitions |= (*ret_manifest)->hat.text.n > 0 ||
                        (!built && (*ret_manifest)->exec_default != AAJ_EXEC_INHERIT);
    return r;
}

static int install(const char *root, const char *folder, const char *file, struct aaj_str text)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/etc/systemd/system%s", root, folder), r;

    if (n >= (int)sizeof(path) - 64)
        return EXIT_USAGE;
    if (*folder && mkdir(path, 0755) < 0 && errno != EEXIST) {
        fprintf(stderr, "aajail unit: %s: %s\n", path, strerror(errno));
        return EXIT_REFUSED;
    }
    snprintf(path + n, sizeof(path) - (size_t)n, "/%s", file);
    r = aaj_file_write(path, text, 0644);
    if (r < 0) {
        fprintf(stderr, "aajail unit: %s: %s\n", path, strerror(-r));
        return EXIT_REFUSED;
    }
    printf("%s\n", path);
    fputs("systemctl daemon-reload makes it count\n", stderr);
    return EXIT_DONE;
}

static int print(struct aaj_str text)
{
    printf("%.*s", AAJ_STR_ARG(text));
    return EXIT_DONE;
}

static int firewall_dropins(const char *root, const char *self, struct aaj_arena *arena)
{
    static const char *const folder[] = { "/nftables.service.d", "/netfilter-persistent.service.d" };
    struct aaj_str text = aaj_jail_firewall_dropin(arena, self);
    int status = EXIT_DONE;

    if (!root)
        return print(text);
    for (size_t i = 0; i < sizeof(folder) / sizeof(folder[0]) && status == EXIT_DONE; i++)
        status = install(root, folder[i], "aajail.conf", text);
    return status;
}

static int boot_units(const char *root, const char *self, struct aaj_arena *arena)
{
    struct aaj_str boot = aaj_jail_boot_unit(arena, self), start = aaj_jail_start_unit(arena, self);
    int status;

    if (!root) {
        print(boot);
        fputs("\n# aajail@.service\n", stdout);
        return print(start);
    }
    status = install(root, "", "aajail.service", boot);
    return status == EXIT_DONE ? install(root, "", "aajail@.service", start) : status;
}

static int dropin(const struct verb *verb, const char *path, const char *root, bool transitions, struct aaj_arena *arena,
                  struct aaj_diags *diags)
{
    struct aaj_manifest *m = NULL;
    struct aaj_str text, folder;
    int status = EXIT_DONE;

    if (load(path, arena, diags, &m, &transitions) < 0)
        return fail(diags);
    text = aaj_jail_dropin(arena, m, transitions);
    folder = aaj_arena_printf(arena, "/%.*s.d", AAJ_STR_ARG(m->unit.text));
    if (!root)
        status = print(text);
    else if (m->unit.text.n == 0)
        status = usage_error(verb, "the manifest names no unit, so there is no place for a drop-in");
    else
        status = install(root, folder.p, "aajail.conf", text);
    aaj_manifest_free(m);
    return status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    bool transitions = false, want_install = false;
    const char *name, *root = "";
    char self[PATH_MAX];
    ssize_t n;
    int status;

    while ((name = opts_next(&o))) {
        transitions |= opt_is(name, "transitions");
        want_install |= opt_is(name, "install");
        if (opt_is(name, "root"))
            root = o.value;
    }
    if (o.done)
        return o.status;
    if (o.n_operands != 1)
        return usage_error(verb, "name 'boot', 'firewall', a manifest, or a folder that 'aajail build' wrote");
    n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n < 0)
        return EXIT_REFUSED;
    self[n] = '\0';
    if (!want_install)
        root = NULL;
    if (strcmp(o.operand[0], "firewall") == 0)
        status = firewall_dropins(root, self, &arena);
    else if (strcmp(o.operand[0], "boot") == 0)
        status = boot_units(root, self, &arena);
    else
        status = dropin(verb, o.operand[0], root, transitions, &arena, &diags);
    aaj_diags_clear(&diags);
    aaj_arena_clear(&arena);
    return status;
}

const struct verb verb_unit = {
    .name = "unit",
    .args = "boot|firewall|MANIFEST|DIR",
    .summary = "Print what systemd needs: the boot unit, drop-ins for a slave and for the firewall",
    .details = "  aajail unit boot --install\n  aajail unit firewall --install\n  aajail unit build/gapapp",
    .opts = opts,
    .run = run,
};
