#!/bin/bash
# Learned from run A, replayed on run B: at most max(1, 1 %) of what B did is denied, leaving out executables that A
# never ran or that are refused; attacks are; nothing is opened that exact rules would not open and not everybody may
# read, next to nothing more may be written, and no more of what everybody may read than the table says.
set -uo pipefail
holdout=$1 corpus=$AAJ_SOURCE/tests/corpus
command -v apparmor_parser >/dev/null || { echo "no apparmor_parser"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
fail() { echo "FAILED: $*"; failed=1; }

# redis rewrites its configuration in run B only, and git's hooks meet one new branch and one new pack: what nobody did
# in run A in any form is not learned. varnish maps what it compiled, which the ceiling refuses in both runs. The same the
# other way round, learned from B and replayed on A: node looks up names in run A only (UDP, netlink), git moves HEAD there.
# service, list of files, executable, label in the log, template, uid, files that may be read, denied in run B and in run A
# where not 1 %
services() {
    cat <<'X'
slave      files          /usr/local/sbin/slave               slave-c        minimal  2005 20
php-fpm    files          /usr/sbin/php-fpm8.2                slave-blog     php-fpm  2001 50
node       files-services /usr/bin/node                       slave-shop     minimal  2010 40 1 14
gunicorn   files-services /usr/bin/gunicorn                   slave-wiki     minimal  2011 35
puma       files-services /usr/bin/puma                       slave-blogr    minimal  2012 20
fcgiwrap   files-services /usr/sbin/fcgiwrap                  slave-cgi      minimal  33   15
redis      files-services /usr/bin/redis-check-rdb            slave-redis    minimal  100  10 6 1
apache     files-servers  /usr/sbin/apache2                   slave-apache   minimal  33   1100
lighttpd   files-servers  /usr/sbin/lighttpd                  slave-lighttpd minimal  33   40 14 9
exim       files-servers  /usr/sbin/exim4                     slave-exim     minimal  104  25
press      files-servers  /usr/sbin/php-fpm8.2                slave-press    php-fpm  2036 100
dovecot    files-daemons  /usr/sbin/dovecot                   slave-dovecot  minimal  5000 30
rsyslog    files-daemons  /usr/sbin/rsyslogd                  slave-rsyslog  minimal  0    30
varnish    files-daemons  /usr/sbin/varnishd                  slave-varnish  minimal  113  30 8 4
radicale   files-daemons  /usr/bin/python3.11                 slave-radicale minimal  123  30
bind       files-daemons  /usr/sbin/named                     slave-named    minimal  108  30
prosody    files-daemons  /usr/bin/lua5.4                     slave-prosody  minimal  121  30
portal     files-web      /usr/bin/node                       slave-portal   minimal  2051 2700
mediawiki  files-web      /usr/sbin/php-fpm8.2                slave-wiki2    php-fpm  2057 80
invoice    files-web      /usr/lib/jvm/java-17-openjdk-amd64/bin/java slave-invoice minimal 2059 85
django     files-web      /usr/bin/uwsgi-core                 slave-club     minimal  2060 50
twig       files-web      /usr/sbin/php-fpm8.2                slave-store    php-fpm  2062 110
webmail    files-unseen   /usr/sbin/php-fpm8.2                slave-webmail  php-fpm  33   100
atelier    files-unseen   /usr/bin/starman                    slave-atelier  minimal  2072 90
redmine    files-apps     /usr/bin/puma                       slave-redmine  minimal  2071 70
syncthing  files-apps     /usr/bin/syncthing                  slave-sync     minimal  2072 20
prometheus files-apps     /usr/bin/prometheus                 slave-prom     minimal  125  25
X
}

run() { # OUT SERVICE LIST EXE LABEL TEMPLATE UID [LOG]; the profile goes to OUT.profile, what it says to OUT
    local logs=("${8-$corpus/logs/$2/B/audit.log.zst}") attack=$corpus/logs/$2/X/audit.log.zst
    [ ! -e "$attack" ] || [ -z "${logs[0]}" ] || logs+=("$attack")
    TEMPLATE=$6 SURFACE=$7 LIST=1 REFUSED=1 "$holdout" "$4" "$5" "$corpus/$3.tsv.zst" "$corpus/logs/$2/A/audit.log.zst" \
        "${logs[@]}" >"$1.profile" 2>"$1"
}

# The files that a run's policy opens: r or w, a "!" for those not for everybody
opened() { grep -E "^$1" "$2" | cut -c5- | sort -u; }

# Learned from run B, replayed on run A
turned() { # OUT SERVICE LIST EXE LABEL TEMPLATE
    TEMPLATE=$6 REFUSED=1 "$holdout" "$4" "$5" "$corpus/$3.tsv.zst" "$corpus/logs/$2/B/audit.log.zst" \
        "$corpus/logs/$2/A/audit.log.zst" >"$1.profile" 2>"$1"
}

recall() { # OUT SERVICE [LIMIT]
    local replayed denied more
    replayed=$(sed -n 's/^held out: replayed \([0-9]*\),.*/\1/p' "$1")
    denied=$(sed '1,/^learn run/d' "$1" | grep -E '^(denied|no profile|undecided) ' | grep -vcE '^denied [^ ]+ exec ')
    echo "$2: replayed ${replayed:-?}, denied $denied, $(sed -n 's/^surface: //p' "$1"), $(wc -l <"$1.profile") lines"
    more=$(comm -13 <(sed -n 's/^\[.*\] refused //p' "$1" | sort) <(sed -n '/^learn run/q; s/^denied //p' "$1" | sort))
    [ -z "$more" ] || fail "$2: learned and not allowed: $more"
    [ "${replayed:-0}" -gt 50 ] || fail "$2: nothing was replayed"
    [ "$denied" -le "${3:-1}" ] || [ $((denied * 100)) -le "$replayed" ] || {
        sed '1,/^learn run/d' "$1" | tail -20
        fail "$2: too much is denied"
    }
}

surface() { # LEARNED EXACT SERVICE READ
    local more learned exact
    more=$(comm -23 <(opened '..!' "$1") <(opened '..!' "$2"))
    [ -z "$more" ] || fail "$3: opens what not everybody may read: $more"
    learned=$(opened '.w' "$1" | wc -l) exact=$(opened '.w' "$2" | wc -l)
    [ $((learned * 10)) -le $((exact * 11)) ] || fail "$3: $learned files may be written, by exact rules $exact"
    learned=$(opened 'r' "$1" | wc -l)
    [ "$learned" -le "$4" ] || fail "$3: $learned files may be read, more than $4"
    more=$(comm -23 <(grep '^setuid ' "$1" | sort) <(grep '^setuid ' "$2" | sort))
    [ -z "$more" ] || fail "$3: may run $more"
}

# What a hole in the service tried, run after B in its profile: keys, others' data, system files, shells, tools, raw
# sockets. It passes where the service itself does it: files in data of its own that nothing executes, the program it
# is, those that it ran in run A, a connection (whom to: that is the firewall's), a signal that abstractions/base allows.
attack() { # OUT SERVICE EXE
    local passed tried programs
    tried=$(sed -n 's/^attack: replayed \([0-9]*\),.*/\1/p' "$1")
    [ -n "$tried" ] || return 0
    [ "$tried" -gt 20 ] || fail "$2: no attack was replayed"
    programs=$(zstdcat "$corpus/logs/$2/A/audit.log.zst" | sed -n 's/.*operation="exec".* name="\([^"]*\)".*/\1/p' | sort -u | paste -sd'|')
    passed=$(grep '^passed ' "$1" | grep -vE "^passed [^ ]+ ((mknod|open) $(owned "$2")/|exec ($3${programs:+|$programs}) |signal unconfined exists )" |
        grep -vE '^passed [^ ]+ (connect|create) inet stream ')
    [ -z "$passed" ] || fail "$2: an attack passes: $passed"
}

owned() { # the folders of its own that were tried
    case $1 in
    dovecot) echo /run/dovecot ;;
    bind) echo /var/cache/bind ;;
    prosody) echo /var/lib/prosody ;;
    mediawiki) echo '/var/lib/mediawiki/(images|cache)' ;;
    invoice) echo /var/lib/invoice ;;
    twig) echo '/srv/store/(public/media|var/cache/twig)' ;;
    django) echo '(/var/lib/club/media|/srv/club/club/__pycache__)' ;;
    atelier) echo '(/tmp|/var/cache/atelier/templates|/var/lib/atelier/(originals|notes))' ;;
    redmine) echo /var/cache/redmine/default/tmp ;;
    syncthing) echo '(/srv/sync/hub|/var/lib/sync/st)' ;;
    prometheus) echo /var/lib/prometheus/metrics2 ;;
    *) echo /none ;;
    esac
}

while read -r service list exe label template uid read limit back; do
    set -- "$service" "$list" "$exe" "$label" "$template" "$uid"
    { OFF=0xfffffffa run "$dir/exact" "$@" "" && turned "$dir/turned" "$@"; } &
    run "$dir/learned" "$@" || { cat "$dir/learned"; fail "$service does not build"; wait $!; continue; }
    wait $! || { cat "$dir/exact"; fail "$service does not build exactly, or not from run B"; continue; }
    [ "$service" = slave ] || attack "$dir/learned" "$service" "$exe" # its run X has all else that the slave does in it, too
    recall "$dir/learned" "$service" "$limit"
    recall "$dir/turned" "$service, turned" "$back"
    surface "$dir/learned" "$dir/exact" "$service" "$read"
    cp "$dir/learned.profile" "$dir/$service.profile"
done < <(services)

run "$dir/attacks" slave files /usr/local/sbin/slave slave-c minimal 2005 "$corpus/logs/slave/X/audit.log.zst"
for name in /etc/evil.new /usr/local/sbin/slave.new /srv/slave/templates/mail.tpl; do
    grep -q "denied slave-c [a-z]* $name " "$dir/attacks" || fail "the attack on $name passes"
done

refused() { # SERVICE's arguments, then names that may not be written
    local name
    ASK=${*:7} run "$dir/asked" "${@:1:6}" ""
    for name in "${@:7}"; do
        grep -q "^$name may not be written" "$dir/asked" || fail "$1: $name may be written"
    done
}
refused php-fpm files /usr/sbin/php-fpm8.2 slave-blog php-fpm 2001 /srv/blog/uploads/shell.php \
    /srv/blog/sessions/sess_a.php /srv/blog/tmp/php1.php /srv/blog/db/x.php /srv/blog/cache/aa/a.php /tmp/.ZendSem.a.php
refused press files-servers /usr/sbin/php-fpm8.2 slave-press php-fpm 2036 /var/www/press/wp-content/uploads/2026/12/x.php \
    /var/www/press/wp-content/plugins/forms/forms.php /var/www/press/index.php /srv/blog/uploads/photo.jpg
refused apache files-servers /usr/sbin/apache2 slave-apache minimal 33 /var/lib/dokuwiki/data/pages/x.php \
    /srv/site/htdocs/x.html /etc/dokuwiki/local.php
refused mediawiki files-web /usr/sbin/php-fpm8.2 slave-wiki2 php-fpm 2057 /var/lib/mediawiki/images/shell.php \
    /var/lib/mediawiki/images/a/ab/x.php /var/lib/mediawiki/cache/x.php /etc/mediawiki/LocalSettings.php
refused twig files-web /usr/sbin/php-fpm8.2 slave-store php-fpm 2062 /srv/store/public/media/shell.php /srv/store/public/x.php \
    /srv/store/public/media/cache/thumb_small/32/x.php /srv/store/var/cache/twig/shell.php /srv/store/var/cache/twig/aa/shell.php \
    /srv/store/var/sessions/sess_a.php /srv/store/src/Controller/Cart.php
refused django files-web /usr/bin/uwsgi-core slave-club minimal 2060 /srv/club/club/views.py /srv/club/club/__pycache__/x.py \
    /var/lib/club/media/x.py /srv/club/manage.py
refused webmail files-unseen /usr/sbin/php-fpm8.2 slave-webmail php-fpm 33 /var/lib/roundcube/temp/shell.php /var/lib/roundcube/temp/.user.ini \
    /usr/share/roundcube/plugins/evil/evil.php /etc/roundcube/config.inc.php /var/log/roundcube/shell.php
refused atelier files-unseen /usr/bin/starman slave-atelier minimal 2072 /srv/atelier/lib/Atelier/Evil.pm /srv/atelier/views/evil.tt \
    /var/lib/atelier/originals/anna/evil.pm /var/lib/atelier/works/ab/evil.pl /var/cache/atelier/templates/evil.pm
refused portal files-web /usr/bin/node slave-portal minimal 2051 /srv/portal/node_modules/express/index.js /srv/portal/routes/x.js \
    /var/lib/portal/uploads/x.js /srv/portal/.env
refused redmine files-apps /usr/bin/puma slave-redmine minimal 2071 /var/lib/redmine/default/files/2026/11/x.rb \
    /var/cache/redmine/default/tmp/x.rb /usr/share/redmine/config/x.rb /etc/redmine/default/database.yml /srv/repos/apollo.git/HEAD
refused prometheus files-apps /usr/bin/prometheus slave-prom minimal 125 /etc/prometheus/prometheus.yml /etc/prometheus/rules/x.yml
refused invoice files-web /usr/lib/jvm/java-17-openjdk-amd64/bin/java slave-invoice minimal 2059 /opt/invoice/plugins/evil.jar \
    /var/lib/invoice/evil.jar
exit $failed
