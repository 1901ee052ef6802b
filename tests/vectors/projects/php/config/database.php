<?php
return [
    'host' => env('DB_HOST', 'localhost'),
    'password' => env('DB_PASSWORD', ''),
];
