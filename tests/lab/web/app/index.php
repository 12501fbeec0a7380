<?php
// What web applications do: sessions, uploads, caches, a database, helpers, mail; and the holes that attackers use.
$cfg = require __DIR__ . '/config.php';
switch ($_GET['do'] ?? '') {
case 'login':
    session_start();
    $_SESSION['user'] = $_GET['user'];
    echo 'ok';
    break;
case 'whoami':
    session_start();
    echo $_SESSION['user'] ?? '?';
    break;
case 'save':
    $f = $cfg['data'] . '/' . basename($_POST['key']) . '.json';
    file_put_contents("$f.tmp", json_encode($_POST), LOCK_EX);
    rename("$f.tmp", $f);
    file_put_contents($cfg['data'] . '/journal.log', date('c') . " save\n", FILE_APPEND | LOCK_EX);
    echo 'saved';
    break;
case 'load':
    echo @file_get_contents($cfg['data'] . '/' . basename($_GET['key']) . '.json');
    break;
case 'helper':
    exec(__DIR__ . '/bin/helper.sh ' . escapeshellarg($_GET['arg']), $out);
    echo implode("\n", $out);
    break;
case 'mail':
    echo mail($_GET['to'], 'hi', "body\n") ? 'sent' : 'not sent';
    break;
case 'smtp':
    $s = @fsockopen('127.0.0.1', 25, $e, $m, 3);
    echo $s ? 'connected' : $m;
    break;
case 'upload':
    move_uploaded_file($_FILES['f']['tmp_name'], __DIR__ . '/uploads/' . basename($_FILES['f']['name']));
    echo 'up';
    break;
case 'sqlite':
    $d = new PDO($cfg['dsn']);
    $d->exec('create table if not exists t(a)');
    for ($i = 0; $i < (int)$_GET['n']; $i++)
        $d->exec("insert into t values($i)");
    echo $d->query('select count(*) from t')->fetchColumn();
    break;
case 'cache':
    $dir = __DIR__ . '/cache/' . substr(md5($_GET['k']), 0, 2);
    @mkdir($dir);
    $t = tempnam(__DIR__ . '/tmp', 'c');
    file_put_contents($t, 'x');
    rename($t, $dir . '/' . md5($_GET['k']) . '.html');
    foreach (glob(__DIR__ . '/cache/*') as $g)
        @stat($g);
    echo 'c';
    break;
case 'rotate':
    $l = $cfg['data'] . '/journal.log';
    @unlink("$l.1");
    @link($l, "$l.1");
    @unlink($l);
    symlink('journal.log.1', $cfg['data'] . '/journal.cur.' . getmypid());
    @unlink($cfg['data'] . '/journal.cur.' . getmypid());
    @chmod("$l.1", 0640);
    echo file_exists("$l.1") ? 'r' : 'no';
    break;
case 'read':
    echo @file_get_contents($_GET['f']) === false ? 'refused' : 'read';
    break;
case 'write':
    echo @file_put_contents($_GET['f'], '<?php', FILE_APPEND) === false ? 'refused' : 'written';
    break;
case 'run':
    echo shell_exec($_GET['c'] . ' 2>&1') ?? 'refused';
    break;
case 'hat':
    echo @file_put_contents('/proc/' . getmypid() . '/attr/current', $_GET['to']) === false ? 'refused' : 'changed', ' ',
        @file_get_contents('/proc/' . getmypid() . '/attr/current');
    break;
default:
    $p = preg_replace('/[^a-z]/', '', $_GET['page'] ?? 'home');
    include __DIR__ . "/templates/$p.php";
    echo date('c'), gethostname();
}
