"""What configuration and programs that nobody here wrote hold: which lines are findings, which are none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ciphertool.audit import Level, Subject, audit

if TYPE_CHECKING:
    from pathlib import Path

_BUNDLE = """\
kind: ConfigMap
data:
  hosts: fights-db:27017
  load-script: no-file
  mode: Zx9kQ2mmT7bL
---
kind: Secret
stringData:
  url: jdbc:mariadb://db:3306/main
  brokers: kafka-1:9092
  init.sh: |
    echo hello
    curl http://x
  plain: correct horse
  POSTGRES_DB: main
  blob: Zx9kQ2mmT7bL
"""
_WORKFLOW = """\
name: Run all tests
jobs:
  test:
    name: Run the tests
    steps:
      - name: Check out the source
        run: make all the things
      - name: Set up the tools
        run: make tools
      - name: Run the linters
        run: make lint
    env:
      POSTGRES_PASSWORD: postgres
      OTHER_PASSWORD: "!!!SET OTHER_PASSWORD!!!"
"""
FINDINGS = [
    ("bundle.yaml", _BUNDLE, [16]),
    ("ci.yml", _WORKFLOW, [13]),
    ("a.yml", "passwords:\n  bob: hunter2\n  user: bob\napi_keys:\n  stripe: Zx9kQ2mmT7bL\n  name: main\n", [2, 5]),
    ("a.yml", "oauth_password: my-secret\ntoken: my-token\npasswordSecret: db-main-credentials\n", [1]),
    (
        "compose.yml",
        "environment:\n- VAULT_DEV_ROOT_TOKEN_ID=root\n- AWS_SECRET_ACCESS_KEY=dummy\n- KEY_ID=x\n",
        [2, 3],
    ),
    ("Dockerfile", 'ARG DB_PASSWORD="default"\nARG TOKEN=default\n', [1]),
    ("run.sh", "vault server -dev -dev-root-token-id=root\n", [1]),
    ("run.sh", "curl --user admin:admin 'http://127.0.0.1/' -X POST\ncurl -u $USER:$PASS http://x\n", [1]),
    (
        "run.sh",
        "htpasswd -cb /etc/htpasswd admin 123\nmysql -u root -phunter2 db\ndocker run -p3306:3306 mysql\n",
        [1, 2],
    ),
    ("run.sh", "sshpass -p hunter2 ssh x\nredis-cli -a hunter2 ping\ndocker login -u a -p hunter2 r\n", [1, 2, 3]),
    ("init.sql", "CREATE USER a IDENTIFIED BY 'hunter2';\nALTER ROLE a PASSWORD 'hunter2';\nSET ROLE a;\n", [1, 2]),
    ("run.sh", 'A_PASSWORD="${A_PASSWORD:-"${B_PASSWORD:-}"}"\nA_PASSWORD="${A_PASSWORD:-"Zx9kQ2"}"\n', [2]),
    ("run.sh", 'is_secret="$4"\nsecret="${1}"\nkey_secret=$(kubectl get secret/db -o json | \\\n', []),
    ("a.yaml", 'a: {{ .Values.secret | default (include "helper" (dict "key" "secret")) }}\n', []),
    ("a.yaml.j2", "{{ x | ternary('', '# ') }}DBPassword={{ db_password | default('Zx9kQ2mm') }}\n", [1]),
    ("a.yaml.j2", "{{ x | ternary('', '# ') }}DBPassword={{ db_password }}\n", []),
    ("index.php", "<?php\n$password = 'secret';\n$password = $this->get('password');\n'x_token' => $a->token,\n", [2]),
    ("build.gradle", "password = dockerPassword\npassword = System.env.REPO_TOKEN\npassword = 'hunter2'\n", [3]),
    ("Vagrantfile", "\"API_TOKEN\" => conf['api_token'],\n<<-SHELL\nexport DB_PASSWORD=hunter2\n", [3]),
    ("main.tf", 'password = random_password.db\npassword = "hunter2"\n', [2]),
    ("a.js", 'const start = () => {\npassword = (a, b) => {\npassword = "hunter2"\npassword = 1008,\n', [3]),
    ("a.java", 'String accessToken = (String) r.get("a");\nthis.password = password;\nString pwd = "hunter2";\n', [3]),
    ("a.php", "$url .= '?access_token='.config('mapbox_api_key');\n", []),
    ("a.py", "config += f' ssl.password=\\\"{truststore_pass}\\\"'\nx = ' password=\"' + password\n", []),
    ("a.md", '> password = Path("/opt/password").read_text()\n\n    export DB_PASSWORD=hunter2\n', [3]),
    ("appsettings.json", '{"connectionString": "SECRET", "apiKey": "SECRET", "a": {"secret": "ADMIN_PASSWORD"}}\n', []),
    ("icons.json", '{"fa-compass": "f14e", "license": "AGPL-3.0-or-later", "x": {"$schema": "#/a"}}\n', []),
    ("a.yaml", "encryptedPassword: MDoEEPgAAAAAAAAAAAAAAAAAAAEw\nuplink_token: ChIKEA...\n", []),
    ("a.yaml", "description: run it with DB_PASSWORD=hunter2 and --token hunter2\n", []),
    ("api.json", '{"x": {"password": "string"}, "pw": {"password": "#/components/schemas/Password"}}\n', []),
    ("ci.yml", 'run: |\n  TOKEN=$(curl -s -X POST "https://hub.example.com/login" \\\n    -H x)\n  PW_STATUS=$?\n', []),
    ("c.yml", "opts: >-\n  -Ddb.username=alfresco\n  -Ddb.password=alfresco\n", [3]),
    ("a.yml", "sk: sk_live_XXXXXXXXXXXXXXXXXXXXXXXX\nexport: A_KEY=sk-ant-your-anthropic-key\n", []),
    ("a.yml", "PASSWORD_ITERATIONS: 4096\nkey: $.services.solr6.image\nToken: /x/<StackId>/Config/githubSecret\n", []),
    ("a.yml", "q: '{pass: (.fallback.pass // 0), risk: 1}'\nrequiredCredentials: [password]\n", []),
    ("a.yml", "".join(f"- name: do the thing {n}\n" for n in range(9)) + "- env: {DB_PASSWORD: Topsecret}\n", [10]),
    ("a.properties", "acl-token=bbb\ntoken=Authorization\ncredentials=file\n", [1]),
    ("compose.yml", "environment:\n- INIT_ADMIN_TOKEN=influx\n- id-token=write\n", [2]),
    ("k8s.yaml", "token: default-token\nsecret: main\nclient_secret: client_secret\nDB_PASSWORD: db_password\n", [4]),
    ("es.yaml", "dataFrom:\n- extract:\n    key: 1password/OP_SERVICE_ACCOUNT_TOKEN\n", []),
]


@pytest.mark.parametrize(("name", "text", "lines"), FINDINGS)
def test_findings_are_at_these_lines_and_no_others(tmp_path: Path, name: str, text: str, lines: list[int]) -> None:
    (tmp_path / name).write_text(text)
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    found = [
        f.place.line for f in report.findings if f.rule.id in ("CT003", "CT004") and f.effective_level is not Level.NOTE
    ]
    assert [*dict.fromkeys(found)] == lines


def test_a_word_in_a_secret_of_kubernetes_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "bundle.yaml").write_text(_BUNDLE)
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    assert [f.place.line for f in report.findings if f.effective_level is Level.NOTE] == [14]
