/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a name may become a pattern. Folders of the manifest are the slave's; without them the File
 * Hierarchy Standard says where services keep their own (/var/lib/NAME, /srv/NAME), and what is no part
 * of the standard is a folder somebody made for it (/app, /data).
 */
#include "learn/private.h"

/* Below @prefix the next @own components name whose folder it is. */
static const struct {
    struct aaj_str prefix;
    unsigned own;
} homes[] = {
    { AAJ_STR_INIT("/srv/"), 1 },       { AAJ_STR_INIT("/opt/"), 1 },       { AAJ_STR_INIT("/var/www/"), 1 },
    { AAJ_STR_INIT("/var/lib/"), 1 },   { AAJ_STR_INIT("/var/cache/"), 1 }, { AAJ_STR_INIT("/var/spool/"), 1 },
    { AAJ_STR_INIT("/var/log/"), 1 },   { AAJ_STR_INIT("/var/opt/"), 1 },   { AAJ_STR_INIT("/run/"), 1 },
    { AAJ_STR_INIT("/home/"), 2 },      { AAJ_STR_INIT("/mnt/"), 1 },       { AAJ_STR_INIT("/media/"), 1 },
    { AAJ_STR_INIT("/var/local/"), 1 }, { AAJ_STR_INIT("/var/mail"), 0 },
};

static const struct aaj_str shared[] = {
    AAJ_STR_INIT("/tmp"), AAJ_STR_INIT("/var/tmp"), AAJ_STR_INIT("/dev/shm"), AAJ_STR_INIT("/run/lock"),
};

static const struct aaj_str closed[] = {
    AAJ_STR_INIT("/etc"),  AAJ_STR_INIT("/boot"), AAJ_STR_INIT("/dev"),  AAJ_STR_INIT("/root"),
    AAJ_STR_INIT("/var"),  AAJ_STR_INIT("/run"),  AAJ_STR_INIT("/home"), AAJ_STR_INIT("/srv"),
    AAJ_STR_INIT("/opt"),  AAJ_STR_INIT("/mnt"),  AAJ_STR_INIT("/media"), AAJ_STR_INIT("/efi"),
    AAJ_STR_INIT("/lost+found"), AAJ_STR_INIT("/snap"),
};

static const struct aaj_str system_dirs[] = {
    AAJ_STR_INIT("/usr"),   AAJ_STR_INIT("/bin"),   AAJ_STR_INIT("/sbin"),   AAJ_STR_INIT("/lib"),
    AAJ_STR_INIT("/lib32"), AAJ_STR_INIT("/lib64"), AAJ_STR_INIT("/libx32"),
};

static bool below(struct aaj_str dir, struct aaj_str top)
{
    return aaj_str_starts(dir, top) && (dir.n == top.n || dir.p[top.n] == '/');
}

static bool below_any(struct aaj_str dir, const struct aaj_str *tops, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (below(dir, tops[i]))
            return true;
    return false;
}

/* Has @dir at least @n components behind @prefix? */
static bool deep_enough(struct aaj_str dir, struct aaj_str prefix, unsigned n)
{
    struct aaj_str rest = aaj_str_skip(dir, prefix.n);

    while (n && rest.n) {
        rest = aaj_str_skip(rest, aaj_str_find(rest, '/') + 1);
        n--;
    }
    return n == 0;
}

enum aaj_area aaj_area_of(const struct aaj_learn_input *in, struct aaj_str dir)
{
    const struct aaj_scalars *roots = &in->manifest->roots;

    for (size_t i = 0; i < roots->n; i++)
        if (below(dir, roots->item[i].text))
            return AAJ_AREA_OWN;
    if (below(dir, AAJ_STR("/proc")))
        return AAJ_AREA_PROC;
    if (below(dir, AAJ_STR("/sys")))
        return AAJ_AREA_SYS;
    if (below_any(dir, system_dirs, AAJ_ARRAY_SIZE(system_dirs)))
        return AAJ_AREA_SYSTEM;
    if (below_any(dir, shared, AAJ_ARRAY_SIZE(shared)))
        return AAJ_AREA_SHARED;
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(homes); i++)
        if (aaj_str_starts(dir, homes[i].prefix))
            return deep_enough(dir, homes[i].prefix, homes[i].own) ? AAJ_AREA_OWN : AAJ_AREA_NONE;
    if (dir.n <= 1 || below_any(dir, closed, AAJ_ARRAY_SIZE(closed)))
        /* /var/vmail, /var/named: nobody's by the standard, so made for somebody */
        return aaj_str_starts(dir, AAJ_STR("/var/")) && !below(dir, AAJ_STR("/var/backups")) &&
                       !below(dir, AAJ_STR("/var/lib")) && !below(dir, AAJ_STR("/var/cache")) &&
                       !below(dir, AAJ_STR("/var/log")) && !below(dir, AAJ_STR("/var/spool")) &&
                       !below(dir, AAJ_STR("/var/www")) && !below(dir, AAJ_STR("/var/opt")) &&
                       !below(dir, AAJ_STR("/var/local"))
                   ? AAJ_AREA_OWN
                   : AAJ_AREA_NONE;
    return AAJ_AREA_OWN;
}

bool aaj_is_home(struct aaj_str dir)
{
    struct aaj_str name = aaj_str_skip(dir, strlen("/home/"));

    return aaj_str_starts(dir, AAJ_STR("/home/")) && name.n && aaj_str_find(name, '/') == name.n;
}

bool aaj_may_be_given(struct aaj_str dir)
{
    return aaj_is_home(dir) || (aaj_str_starts(dir, AAJ_STR("/etc/")) && deep_enough(dir, AAJ_STR("/etc/"), 1));
}

bool aaj_is_base_folder(struct aaj_str name)
{
    return aaj_str_eq(name, AAJ_STR(".cache")) || aaj_str_eq(name, AAJ_STR(".config")) || aaj_str_eq(name, AAJ_STR(".local"));
}

/* Asked of every name: most differ in one of two bytes, so that the words' lengths need not be counted. */
static bool listed(struct aaj_str s, const char *const *list, size_t n)
{
    for (size_t i = 0; s.n > 1 && i < n; i++)
        if (s.p[0] == list[i][0] && s.p[1] == list[i][1] && aaj_str_eq(s, aaj_str_c(list[i])))
            return true;
    return false;
}

/* What interpreters, loaders and web servers take for a program, or for their own configuration. */
bool aaj_is_code_extension(struct aaj_str ext)
{
    static const char *const code[] = {
        ".php", ".php3", ".php4", ".php5", ".php7", ".php8", ".phtml", ".phar", ".inc", ".py", ".pyc", ".pyo",
        ".pyw", ".pyz", ".egg", ".whl", ".pth", ".rb", ".ru", ".gem", ".pl", ".pm", ".t", ".js", ".mjs",
        ".cjs", ".ts", ".tsx", ".jsx", ".node", ".wasm", ".lua", ".luac", ".tcl", ".jsp", ".jspx", ".class",
        ".jar", ".war", ".ear", ".groovy", ".clj", ".ex", ".exs", ".beam", ".erl", ".r", ".R", ".cgi", ".fcgi",
        ".sh", ".bash", ".zsh", ".awk", ".sed", ".so", ".dll", ".exe", ".asp", ".aspx", ".cfm", ".shtml", ".vcl",
        ".htaccess", ".htpasswd", ".service",
    };

    return listed(ext, code, AAJ_ARRAY_SIZE(code));
}

/* What web servers hand out as it is: no program of the server's, no configuration. */
bool aaj_is_document_extension(struct aaj_str ext)
{
    char lower[16];
    static const char *const document[] = {
        ".html", ".htm", ".xhtml", ".css", ".js", ".map", ".txt", ".md", ".rst", ".xml", ".xsl", ".rss", ".atom",
        ".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".ico", ".bmp", ".tif", ".tiff", ".woff", ".woff2",
        ".ttf", ".otf", ".eot", ".mp3", ".mp4", ".m4a", ".ogg", ".oga", ".ogv", ".wav", ".webm", ".flac", ".pdf",
        ".ps", ".webmanifest", ".gz", ".br", ".zst", ".zip", ".csv", ".ics", ".vtt", ".swf", ".odt", ".ods", ".docx",
        ".xlsx", ".pptx", ".epub", ".wasm",
    };

    if (ext.n > sizeof(lower))
        return false;
    for (size_t i = 0; i < ext.n; i++) /* cameras write .JPG */
        lower[i] = ext.p[i] >= 'A' && ext.p[i] <= 'Z' ? (char)(ext.p[i] - 'A' + 'a') : ext.p[i];
    return listed((struct aaj_str){ lower, ext.n }, document, AAJ_ARRAY_SIZE(document));
}

/* Keys and passwords: never by pattern. */
bool aaj_is_secret_name(struct aaj_str name)
{
    static const char *const ext[] = {
        ".key", ".pem", ".p12", ".pfx", ".jks", ".keystore", ".kdb", ".kdbx", ".gpg", ".pgp", ".htpasswd",
        ".secret", ".secrets", ".env", ".ovpn", ".keytab", ".pk8", ".ppk", ".age", ".token",
    };
    static const char *const whole[] = {
        ".ssh", ".gnupg", "private", "secrets", "secret", "credentials", ".env", ".netrc", ".pgpass", ".my.cnf",
        ".git-credentials", ".aws", ".docker", ".kube", "id_rsa", "id_ed25519", "id_ecdsa", "id_dsa",
        "authorized_keys", "shadow", "gshadow", "master.key", "credentials.yml.enc", "keys",
    };

    return listed(name, whole, AAJ_ARRAY_SIZE(whole)) ||
           listed(aaj_name_last_extension(name), ext, AAJ_ARRAY_SIZE(ext));
}
