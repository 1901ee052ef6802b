"""What texts of many grammars assign to the names of secrets, form by form."""

from __future__ import annotations

import pytest

from ciphertool.detection import names
from ciphertool.detection.assigned import FORMS, in_line, in_whole, telling

# Form, path, text, the values that it assigns to names of secrets.
VECTORS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("object", "a.js", 'x({"user": "bob", "password": "c4n4ry"})', ("c4n4ry",)),
    ("object", "a.php", "'settings' => '{\"db_password\": \"c4n4ry\"}',", ("c4n4ry",)),
    ("object", "a.conf", r'body "{\"password\": \"c4n4ry\"}"', ("c4n4ry",)),
    ("object", "a.php", "'label' => 'Password'", ()),
    ("index", "a.php", "$config['password'] = 'c4n4ry';", ("c4n4ry",)),
    ("index", "a.php", "if ($config['password'] == 'c4n4ry') {", ()),
    ("nginx variable", "nginx.conf", "set $api_token c4n4ry;", ("c4n4ry",)),
    ("inner assignment", "hosts", "db1 ansible_user=bob ansible_password=c4n4ry ansible_port=22", ("c4n4ry",)),
    ("inner assignment", "a.php", "$dbPassword = 'c4n4ry';", ("c4n4ry",)),
    ("inner assignment", "a.ini", 'LANG="C",DB_PASSWORD="c4n4ry",TZ="UTC"', ("c4n4ry",)),
    ("inner assignment", "a.sh", "if [ $password == $other ]; then", ()),
    ("spaced assignment", "a.tf", 'x = { password = "c4n4ry" }', ("c4n4ry",)),
    ("inner mapping", "nats.conf", "{user: bob, password: c4n4ry, permissions: $a}", ("c4n4ry",)),
    ("directive", "a.conf", 'adminPassword "c4n 4ry"', ("c4n 4ry",)),
    ("header", "nginx.conf", "proxy_set_header X-Api-Key c4n4ry9;", ("c4n4ry9",)),
    ("item NAME=value", "a.service", 'Environment="LANG=C" "DB_PASSWORD=c4n 4ry"', ("c4n 4ry",)),
    ("exec-form flag", "Dockerfile", 'CMD ["server", "--admin-password", "c4n4ry"]', ("c4n4ry",)),
    ("exec-form flag", "Dockerfile", 'CMD ["server", "--2fa-secret", "c4n4ry"]', ("c4n4ry",)),
    ("exec-form flag", "Dockerfile", 'CMD ["server", "--listen", ":80"]', ()),
    ("call", "a.php", "define('DB_PASSWORD', 'c4n4ry');", ("c4n4ry",)),
    ("flag", "a.sh", "server --admin-password 'c4n 4ry' --verbose", ("c4n 4ry",)),
    ("flag", "a.sh", "server --admin-password --verbose", ()),
    ("flag", "a.sh", "server --2fa-secret c4n4ry --3scale-token=c4n4ry", ("c4n4ry", "c4n4ry")),
    ("flag", "a.php", r"'start' => 'server --api-key=\'c4n\"4 ry\' --verbose',", (r"c4n\"4 ry",)),
    ("flag", "a.js", r'"start": "server --api-key \"c4n 4 ry\" --verbose",', ("c4n 4 ry",)),
    ("property list", "a.plist", "<key>ApiToken</key><string>c4n4ry</string>", ("c4n4ry",)),
    ("netrc", ".netrc", "machine a login bob password c4n4ry", ("c4n4ry",)),
    ("npmrc", ".npmrc", "//npm.example.com/:_authToken=c4n4ry", ("c4n4ry",)),
    ("pgpass", ".pgpass", r"db:5432:main:bob:c4n\:4ry", (r"c4n\:4ry",)),
    ("HCL variable", "main.tf", 'variable "db_password" {\n  type = string\n  default = "c4n4ry"\n}', ("c4n4ry",)),
    ("name/value pair", "main.tf", 'env {\n  name  = "DB_PASSWORD"\n  value = "c4n4ry"\n}', ("c4n4ry",)),
)


@pytest.mark.parametrize(("form", "path", "text", "values"), VECTORS, ids=[f"{v[0]}: {v[2]}" for v in VECTORS])
def test_a_form_assigns(form: str, path: str, text: str, values: tuple[str, ...]) -> None:
    whole = next(each.whole for each in FORMS if each.name == form)
    found = in_whole(text, path) if whole else in_line(text, path)
    assert tuple(text[each.start : each.end] for each in found) == values
    assert not values or 0 in telling([text], path)


def test_each_form_has_a_vector() -> None:
    assert {form.name for form in FORMS} == {form for form, _, _, values in VECTORS if values}


def test_every_name_of_a_secret_is_told() -> None:
    words = {*names._PASSWORDS, *names._TOKENS, *names._GLUED_PASSWORDS, *names._GLUED_TOKENS}
    words |= {pair.replace("-", sign) for pair in names._PAIRS for sign in ("-", "_", ".", "")}
    missed = {word for word in words if telling(["x", f"{word.upper()} = x"]) != {1}}
    assert missed == set()
