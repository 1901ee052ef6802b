"""The formats of the matrix that are read as text: each with a grammar of its own."""

from __future__ import annotations

from tests.matrix import writing
from tests.matrix.format import Format

TEXTS = (
    Format(
        "hcl",
        "main.tf",
        writing.quoted,
        ('resource "example_database" "main" {\n  host = "db.internal"\n⇒  KEY = VALUE\n  port = 5432\n}\n',),
        {
            "item NAME=value": (
                'resource "example_app" "a" {\n  environment = [\n    "LANG=C",\n⇒    ITEM,\n  ]\n}\n',
            ),
            "exec-form flag": ('resource "example_app" "a" {\n⇒  command = ["server", "OPTION", VALUE]\n}\n',),
            "name/value pair": (
                'resource "example_app" "a" {\n  env {\n    name  = "KEY"\n⇒    value = VALUE\n  }\n}\n',
                'variable "KEY" {\n  type    = string\n⇒  default = VALUE\n}\n',
            ),
            "multi-line": ('resource "example_file" "a" {\n  content = <<-EOT\n    pool=8\n⇒    RAW\n  EOT\n}\n',),
        },
        styles=("snake", "kebab", "camel"),
    ),
    Format(
        "conf",
        "server.conf",
        writing.conf,
        ("host = db.internal\n⇒KEY = VALUE\nport = 5432\n", "host db.internal\n⇒KEY VALUE\nport 5432\n"),
        {
            "JAAS": (
                "KafkaServer {\n  org.apache.kafka.common.security.scram.ScramLoginModule required\n"
                '  username="orders"\n⇒  password=QUOTED;\n};\n',
            )
        },
        without=("JSON in a string", "JAAS"),
    ),
    Format(
        "Dockerfile",
        "Dockerfile",
        writing.shell,
        ("FROM debian:12\n⇒ENV KEY=VALUE\nUSER app\n", "FROM debian:12\n⇒ARG KEY=VALUE\nUSER app\n"),
        {
            "exec-form flag": (
                'FROM debian:12\n⇒CMD ["server", "OPTION", QUOTED]\n',
                'FROM debian:12\n⇒ENTRYPOINT ["server", "OPTION", QUOTED, "--verbose"]\n',
            ),
            "command line": ("FROM debian:12\nUSER app\n⇒RUN COMMAND\n",),
        },
        styles=("UPPER", "snake"),
        default="${{APP_X:-{}}}",
        without=("command line",),
    ),
    Format(
        "shell",
        "setenv.sh",
        writing.shell,
        ("#!/bin/sh\nHOST=db.internal\n⇒export KEY=VALUE\n", "#!/bin/sh\nHOST=db.internal\n⇒KEY=VALUE\nPORT=1\n"),
        {
            "item NAME=value": ("#!/bin/sh\n⇒docker run -d -e LANG=C -e KEY=VALUE example/app\n",),
            "command line": ("#!/bin/sh\ncd /srv/app\n⇒exec COMMAND\n",),
            "multi-line": ("#!/bin/sh\ncat > app.conf <<'EOF'\nhost=db.internal\n⇒RAW\nEOF\n",),
        },
        styles=("UPPER", "snake"),
        default="${{APP_X:-{}}}",
        without=("command line",),
    ),
    Format(
        ".npmrc",
        ".npmrc",
        writing.npmrc,
        (),
        {
            "own": (
                "registry=https://npm.example.com/\n⇒//npm.example.com/:_authToken=VALUE\nalways-auth=true\n",
                "registry=https://npm.example.com/\n//npm.example.com/:username=orders\n"
                "⇒//npm.example.com/:_password=B64\n",
                "registry=https://npm.example.com/\n⇒_auth=LOGIN\n",
            ),
            "url": (
                "registry=https://npm.example.com/\n⇒https-proxy=http://orders:USERINFO@proxy.example.com:8080/\n",
            ),
        },
        comment="; {}",
    ),
    Format(
        ".netrc",
        ".netrc",
        writing.netrc,
        (),
        {
            "own": (
                "machine git.example.com\n  login orders\n⇒  password VALUE\n",
                "⇒machine git.example.com login orders password VALUE\n",
            )
        },
    ),
    Format(".pgpass", ".pgpass", writing.pgpass, (), {"own": ("⇒db.example.com:5432:main:orders:VALUE\n",)}),
    Format(
        "php",
        "config.php",
        writing.php,
        (
            "<?php\ndefine('HOST', 'db.internal');\n⇒define('KEY', VALUE);\n",
            "<?php\nreturn [\n    'host' => 'db.internal',\n⇒    'KEY' => VALUE,\n];\n",
            "<?php\n$host = 'db.internal';\n⇒$KEY = VALUE;\n",
        ),
        comment="// {}",
        styles=("camel", "snake", "UPPER"),
        without=("url, host filled in",),
    ),
    Format(
        "systemd",
        "app.service",
        writing.systemd,
        (
            '[Service]\nUser=app\n⇒Environment="KEY=VALUE"\nRestart=always\n',
            '[Service]\nEnvironment="LANG=C"\n⇒Environment="TZ=UTC" "KEY=VALUE"\n',
        ),
        {"command line": ("[Service]\nUser=app\n⇒ExecStart=/usr/bin/COMMAND\n",)},
        styles=("UPPER", "snake"),
        without=("command line", "url, host filled in"),
    ),
    Format(
        "inventory",
        "hosts",
        writing.inventory,
        (
            "[db]\n⇒db1.example.com ansible_host=10.0.0.5 ansible_user=orders KEY=VALUE\n",
            "[db:vars]\nansible_user=orders\n⇒KEY=VALUE\nansible_port=22\n",
        ),
        styles=("snake",),
        without=("JAAS", "JSON in a string", "command line"),
    ),
)
