<?php
return ['dsn' => 'sqlite:' . __DIR__ . '/db/app.sqlite', 'secret' => 's3cr3t', 'data' => __DIR__ . '/db'];
