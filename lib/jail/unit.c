/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for systemd: the boot unit, and the drop-in for a slave's unit. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "firewall/text.h"
#include "jail/internal.h"

static struct aaj_str take(struct aaj_arena *arena, FILE *out, char **text)
{
    struct aaj_str s = { 0 };
    bool ok = !ferror(out);

    if (fclose(out) == 0 && ok)
        s = aaj_arena_dup(arena, aaj_str_c(*text));
    free(*text);
    return s;
}

struct aaj_str aaj_jail_boot_unit(struct aaj_arena *arena, const char *command)
{
    /* No Condition…=: a unit whose condition fails counts as started for those that want it. */
    return aaj_arena_printf(arena,
                            "# aajail unit boot: profiles and chains of all jails, before the network is up\n"
                            "[Unit]\n"
                            "Description=AppArmor profiles and firewall chains of the jails\n"
                            "Documentation=man:aajail-up(1)\n"
                            "DefaultDependencies=no\n"
                            "RequiresMountsFor=/var/lib/aajail /etc/apparmor.d\n"
                            "After=local-fs.target systemd-modules-load.service apparmor.service nftables.service "
                            "netfilter-persistent.service\n"
                            "Before=network-pre.target shutdown.target\n"
                            "Wants=network-pre.target\n"
                            "Conflicts=shutdown.target\n"
                            "ReloadPropagatedFrom=nftables.service netfilter-persistent.service apparmor.service\n"
                            "\n"
                            "[Service]\n"
                            "Type=oneshot\n"
                            "RemainAfterExit=yes\n"
                            "ExecStart=%s up --boot\n"
                            "ExecReload=%s up --boot\n"
                            "\n"
                            "[Install]\n"
                            "WantedBy=sysinit.target\n",
                            command, command);
}

struct aaj_str aaj_jail_start_unit(struct aaj_arena *arena, const char *command)
{
    /* Not RemainAfterExit=: each start of the slave looks again. */
    return aaj_arena_printf(arena,
                            "# aajail unit boot: one jail, before each start of its slave\n"
                            "[Unit]\n"
                            "Description=AppArmor profile and firewall chain of jail %%I\n"
                            "Documentation=man:aajail-up(1)\n"
                            "StartLimitIntervalSec=0\n"
                            "DefaultDependencies=no\n"
                            "RequiresMountsFor=/var/lib/aajail /etc/apparmor.d\n"
                            "After=aajail.service\n"
                            "Before=shutdown.target\n"
                            "Conflicts=shutdown.target\n"
                            "\n"
                            "[Service]\n"
                            "Type=oneshot\n"
                            "ExecStart=%s up --boot %%I\n",
                            command);
}

/* systemd.unit(5): what is no letter, digit, '_' or '.' goes into a unit's name as \\xNN. */
static void print_instance(FILE *out, struct aaj_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        fprintf(out, alnum || c == '_' || (c == '.' && i) ? "%c" : "\\x%02x", c);
    }
}

struct aaj_str aaj_jail_firewall_dropin(struct aaj_arena *arena, const char *command)
{
    /* Not PartOf= in our own unit: a restart of the firewall would then stop it, and with it what needs it.
     * "+": beside the unit's own sandboxing; "-": a jail that fails does not take the host's firewall down. */
    return aaj_arena_printf(arena,
                            "# aajail unit firewall: this unit's start wipes what others put into the firewall, so the jails' "
                            "chains come back behind it\n"
                            "[Service]\n"
                            "ExecStartPost=-+%s up --boot\n",
                            command);
}

static bool under(struct aaj_str path, const char *const *folder)
{
    for (; *folder; folder++)
        if (aaj_str_starts(path, aaj_str_c(*folder)))
            return true;
    return false;
}

/* Whether a root or a rule of the manifest speaks of one of the folders. */
static bool mentions(const struct aaj_manifest *m, const char *const *folder)
{
    for (size_t i = 0; i < m->roots.n; i++)
        if (under(m->roots.item[i].text, folder))
            return true;
    for (size_t i = 0; i < m->n_variables; i++)
        if (under(m->variable[i].value.text, folder))
            return true;
    for (size_t i = 0; i < m->rules.n; i++)
        for (const char *const *f = folder; *f; f++)
            if (aaj_str_search(m->rules.item[i].text, aaj_str_c(*f)) < m->rules.item[i].text.n)
                return true;
    return false;
}

static void option(FILE *out, bool wanted, const char *setting, const char *why_not)
{
    if (wanted)
        fprintf(out, "%s\n", setting);
    else
        fprintf(out, "# not %s: %s\n", setting, why_not);
}

/* Systemd filters addresses in both directions, so this agrees only with a slave that nobody calls. */
static void print_addresses(FILE *out, const struct aaj_manifest *m)
{
    bool named = m->network && !m->replies;
    char addr[80];

    for (size_t i = 0; i < m->n_dests && named; i++)
        named = m->dest[i].kind == AAJ_DEST_ADDRESS;
    if (!named) {
        fprintf(out, "# not IPAddressDeny=any: it counts both directions, and the manifest does not name all who call "
                     "or are called\n");
        return;
    }
    fputs("IPAddressDeny=any\n", out);
    for (size_t i = 0; i < m->n_dests; i++) {
        const struct aaj_dest *d = &m->dest[i];
        struct aaj_firewall_rule r = { .addr = d->addr, .prefix = d->prefix };

        r.families = d->family == AF_INET6 ? AAJ_FIREWALL_V6 : AAJ_FIREWALL_V4;
        aaj_firewall_addr_text(&r, addr);
        fprintf(out, "IPAddressAllow=%s\n", d->prefix                ? addr
                                           : d->family == AF_INET6 ? "::/0"
                                           : d->family == AF_INET  ? "0.0.0.0/0"
                                                                   : "any");
    }
}

static const char refused[] =
    "AppArmor then refuses the change of profile that this policy's children or hats need (EPERM)";
static const char implied[] = "it implies NoNewPrivileges=, see there";

/* The folder would be empty, or another. */
static bool lives_in(const struct aaj_manifest *m, const char *const *folder)
{
    return under(m->slave.text, folder) || mentions(m, folder);
}

/* Options that set no_new_privs by themselves where the unit has a User= (systemd.exec(5)). */
static void print_privileges(FILE *out, const struct aaj_manifest *m, bool transitions)
{
    static const char *const dev[] = { "/dev/", NULL };
    static const char *const setting[] = {
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "ProtectKernelTunables=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelLogs=yes",
        "ProtectClock=yes",
        "ProtectHostname=yes",
        "RestrictSUIDSGID=yes",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "LockPersonality=yes",
        "SystemCallArchitectures=native",
    };

    option(out, !transitions, "NoNewPrivileges=yes", refused);
    for (size_t i = 0; i < sizeof(setting) / sizeof(setting[0]); i++)
        option(out, !transitions, setting[i], implied);
    option(out, !transitions && !mentions(m, dev), "PrivateDevices=yes",
           transitions ? implied : "the manifest speaks of /dev");
}

struct aaj_str aaj_jail_dropin(struct aaj_arena *arena, const struct aaj_manifest *m, bool transitions)
{
    static const char *const system[] = { "/usr/", "/etc/", "/boot/", NULL };
    static const char *const home[] = { "/home/", "/root/", "/run/user/", NULL };
    static const char *const tmp[] = { "/tmp/", "/var/tmp/", NULL };
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    if (!out)
        return (struct aaj_str){ 0 };
    fprintf(out,
            "# aajail unit %.*s: /etc/systemd/system/%.*s.d/aajail.conf\n[Unit]\nWants=aajail.service\n"
            "# The slave starts only when its own jail is in force, whatever became of others. Not ExecStartPre=+: that runs\n"
            "# as root with this unit's environment, which may come from a file that the slave can write.\n",
            AAJ_STR_ARG(m->jail.text), AAJ_STR_ARG(m->unit.text.n ? m->unit.text : AAJ_STR("UNIT.service")));
    fputs("Requires=aajail@", out);
    print_instance(out, m->jail.text);
    fputs(".service\nAfter=aajail.service aajail@", out);
    print_instance(out, m->jail.text);
    fputs(".service\n\n[Service]\n", out);
    if (m->attach == AAJ_ATTACH_UNIT)
        fprintf(out, "AppArmorProfile=%.*s\n", AAJ_STR_ARG(m->jail.text));
    else
        fprintf(out, "# no AppArmorProfile=: the profile attaches to %.*s by itself\n", AAJ_STR_ARG(m->slave.text));
    fputs("# A second belt; each line agrees with the manifest.\n", out);
    print_addresses(out, m);
    option(out, !mentions(m, system), "ProtectSystem=full", "the manifest speaks of /usr, /etc or /boot");
    option(out, !lives_in(m, home), "ProtectHome=yes", "the manifest speaks of home folders");
    option(out, !lives_in(m, tmp), "PrivateTmp=yes", "the manifest speaks of /tmp, which others may share");
    fputs("ProtectControlGroups=yes\n", out);
    print_privileges(out, m, transitions);
    return take(arena, out, &text);
}
