"""A vector for each line of the tables of grammars, shapes, ciphers and known settings, and of the lists of words."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest

from ciphertool.detection import names
from ciphertool.detection.detector import Detector
from ciphertool.detection.grammars import GRAMMARS, read
from ciphertool.detection.harmless import CIPHERS, SHAPES, cipher_of
from ciphertool.detection.judgement import judge, named
from ciphertool.detection.known_settings import HARMLESS
from ciphertool.detection.names import Strength, deciding_word, strength
from ciphertool.detection.verdicts import Confidence, Outcome
from ciphertool.rewriters import for_path

if TYPE_CHECKING:
    from ciphertool.detection.verdicts import Verdict

# Product: a file that it reads, a placeholder, the literal text that is left of it.
FILLED = {
    "github, azure pipelines": ("ci.yml", "${{ secrets.DB_PASSWORD }}", ()),
    "jinja, helm, go templates": ("a.yaml", '{{ .Values.password | default "Zx9kQ2mm" | quote }}', ("Zx9kQ2mm",)),
    "jinja blocks": ("a.yaml", "{% include 'password' %}", ()),
    "erb": ("database.yml", '<%= ENV.fetch("DB_PASSWORD", "Zx9kQ2mm") %>', ("Zx9kQ2mm",)),
    "carbon, log4j, config providers": ("a.xml", "${env:DB_PASSWORD,Zx9kQ2mm}", ("Zx9kQ2mm",)),
    "carbon": ("deployment.toml", "$env{DB_PASSWORD}", ()),
    "grafana": ("grafana.ini", "$__file{/etc/grafana/password}", ()),
    "shell, compose": ("compose.yaml", "${DB_PASSWORD:-Zx9kQ2mm}", ("Zx9kQ2mm",)),
    "serverless": ("serverless.yml", "${file(./${self:stage}.yml):SECRET, 'Zx9kQ2mm'}", ("Zx9kQ2mm",)),
    "visual studio code": (".vscode/tasks.json", "${input:certPassword}", ()),
    "spring, quarkus, openshift": ("application.yml", "${db.password:Zx9kQ2mm}", ("Zx9kQ2mm",)),
    "terraform, groovy": ("main.tf", '${file("password.txt")}', ()),
    "kubernetes, msbuild, azure pipelines": ("a.yaml", "$(DB_PASSWORD)", ()),
    "command substitution": ("start.sh", "$(cat /run/secrets/db)", ()),
    "begin of a command": ("start.sh", "$(kubectl get secret/db -o json | \\", ()),
    "spel, octopus, ruby": ("a.xml", "#{systemProperties['db.password']}", ()),
    "puppet, logstash, apache": ("a.yaml", "%{lookup('db::password')}", ()),
    "python": ("supervisord.conf", "%(ENV_DB_PASSWORD)s", ()),
    "shell": ("compose.yaml", "$db_password", ()),
    "argument of a script": ("start.sh", "${1}", ()),
    "parameter expansion": ("start.sh", "${token#*=}", ()),
    "openssl": ("start.sh", "env:DB_PASSWORD", ()),
    "envsubst": ("a.json", "$DB_PASSWORD", ()),
    "backticks": ("start.sh", "`pass show db`", ()),
    "symfony, windows": ("a.xml", "%env(DB_PASSWORD)%", ()),
    "systemd": ("app.service", "%d/db-password", ()),
    "maven, ant, autoconf": ("a.properties", "@db.password@", ()),
    "replace tokens": ("web.config", "__DbPassword__", ()),
    "format strings": ("a.json", "{db_password}", ()),
    "caddy": ("a.json", "{env.db9X}", ()),
    "circleci": (".circleci/config.yml", "<< parameters.password >>", ()),
    "arm templates": ("azuredeploy.json", "[parameters('adminPassword')]", ()),
    "cloudformation, home assistant, gitlab": ("stack.yaml", "!Ref AdminPassword", ()),
    "a secret store": ("a.yaml", "vault:secret/data/app#password", ()),
    "environment of a program": ("settings.py", "os.environ['DB_PASSWORD']", ()),
    "terraform": ("main.tf", "random_password.db.result", ()),
}

# Shape: a name, a value of it, and the outcome.
HARMLESS_VALUES = {
    "empty": ("password", ""),
    "mask": ("password", "********"),
    "example": ("password", "<your password>"),
    "cut short": ("password", "Zx9kQ2..."),
    "mention": ("token", "my-secret"),
    "variable": ("password", "VAULT_ADMIN_TOKEN"),
    "pattern": ("password", "(?<=password=)[^&]+"),
    "pointer": ("password", "#/components/schemas/PasswordCredentials"),
    "switch": ("password", "true"),
    "type": ("password", "string"),
    "public key": ("password", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ somebody"),
    "bind mark": ("password", "?"),
    "sign": ("password", "("),
    "range of versions": ("password", "^1.2.3"),
    "date": ("password", "2031-04-05T10:00:00Z"),
    "count": ("password", "90 days"),
    "algorithm": ("password", "PBKDF2WithHmacSHA256"),
    "SQL": ("password", "UPDATE users SET pw = ? WHERE id = ?"),
    "mounted secret": ("password", "/run/secrets/db_password"),
    "path": ("token", "/etc/app/token.json"),
    "number": ("token", "4096"),
    "version": ("token", "4.1.0-rc1"),
    "coordinates": ("token", "com.nimbusds:nimbus-jose-jwt:9.41.2"),
    "host and port": ("token", "fights-db:27017"),
    "words": ("token", "the token of the service"),
    "class name": ("token", "org.example.token.Store"),
    "list of words": ("token", "METHOD_DEF,CTOR_DEF"),
    "connection string": ("connectionString", "Server=db;Database=main;Trusted_Connection=True"),
    "URL": ("token", "https://auth.example.com/token"),
    "name of a secret": ("sshSecret", "airflow-cluster1-git-secret"),
    "path of words": ("token", "secret/data/app"),
    "settings of a connection": ("connectionString", "UseDevelopmentStorage=true"),
    "document": ("credential", '{"hashIterations": 27500}'),
    "indexed name": ("key", "web.page.get[127.0.0.1/server-status]"),
    "name": ("license", "AGPL-3.0-or-later"),
    "digest": ("hash", "8f14e45fceea167a5a36dedd4bea2543"),
    "identifier": ("key", "1b4e28ba-2fa1-11d2-883f-0016d3cca427"),
}

CIPHERTEXTS = {
    "sops": ("a.yaml", "ENC[AES256_GCM,data:Zx9k,iv:Zx9k,tag:Zx9k,type:str]"),
    "eyaml": ("a.yaml", "ENC[PKCS7,MIIBiQYJKoZIhvcNAQcDoIIB]"),
    "ansible-vault": ("a.yaml", "$ANSIBLE_VAULT;1.1;AES256\n6162"),
    "jasypt": ("a.properties", "ENC(G6N718UuyPE5bHyWKyuLQSm02auQPUtm)"),
    "ciphertool": ("vault.properties", "ENC[RSA-OAEP-256,key,data]"),
    "spring cloud": ("a.yaml", "{cipher}682bc583f4641835fa2db009355293665d2647dade3375c0ee201de2a49f7bda"),
    "maven": ("settings.xml", "{jSMOWnoPFgsHVpMvz5VrIt5kRbzGpI8u+9EF1iFQyJQ=}"),
    "jenkins": ("credentials.xml", "{AQAAABAAAAAQ2mmZx9kQ2mmZx9kQ2mmZx9k=}"),
    "wso2 secure vault": ("deployment.toml", "Zx9k" * 64),
    "weblogic, websphere": ("a.xml", "{AES256}RzHajL3nRR7psCwsKdsC7Q=="),
    "wildfly": ("a.xml", "CRYPT::Zx9kQ2mm"),
    "vault transit": ("a.yaml", "vault:v1:Zx9kQ2mm"),
    "aws kms": ("a.yaml", "AQICAHhZx9kQ2mmZx9kQ2mmZx9kQ2mm"),
    "ejson": ("a.json", "EJ[1:Zx9k:Zx9k:Zx9k]"),
    "dotenvx": (".env", "encrypted:" + "Zx9k" * 12),
    "mule": ("a.properties", "![bSJfABUdSxr9T4yc3+I19V3UrQ==]"),
    "pgp, age": ("a.yaml", "-----BEGIN PGP MESSAGE-----\n\nZx9k"),
    "crypt": ("a.yaml", "$2b$12$abcdefghijklmnopqrstuv"),
    "ldap": ("a.ldif", "{SSHA}Zx9kQ2mm"),
    "django, werkzeug": ("a.yaml", "pbkdf2_sha256$260000$Zx9k$Zx9k"),
    "postgresql": ("a.yaml", "SCRAM-SHA-256$4096:Zx9k$Zx9k:Zx9k"),
    "mysql": ("a.cnf", "*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4"),
    "digest with its name": ("a.yaml", "sha256:9f86d081884c7d659a2feaa0c55ad015"),
}

# Harmless place: a file, and its text, of which one value is named like a secret.
PLACES = {
    "settings of a vault": (
        "conf/secret-conf.properties",
        "keystore.identity.store.password=identity.store.password\n",
    ),
    "names of secrets": ("compose.yaml", "services:\n  app:\n    secrets:\n      - dbPassword1\n"),
    "workflow": (".github/workflows/a.yml", "on:\n  call:\n    password: Zx9kQ2mm\n"),
    "dependencies": ("package-lock.json", '{"dependencies": {"strong-password": "1.7.1"}}'),
    "sealed-secrets": (
        "sealed.yaml",
        "kind: SealedSecret\nspec:\n  encryptedData:\n    password: AgBS4HDr8hSSvUbMDsU6\n",
    ),
    "client id": ("sp.xml", "<a><InboundAuthKey>Rnwz3flIugx3L4yffag9tyro0uRA</InboundAuthKey></a>"),
    "file of credentials": ("compose.yaml", "KAFKA_SSL_KEY_CREDENTIALS: kafka_sslkey9Zx_creds\n"),
    "credential of a unit": ("a.service", "[Service]\nLoadCredential=db-password:/etc/orders/db-password\n"),
}


def _judged(name: str, value: str, path: str = "") -> Verdict:
    verdict = judge(named(name), value, path)
    assert verdict is not None
    return verdict


def test_every_line_has_a_vector() -> None:
    assert list(FILLED) == [grammar.product for grammar in GRAMMARS]
    assert list(HARMLESS_VALUES) == [shape.name for shape in SHAPES]
    assert list(CIPHERTEXTS) == [cipher.tool for cipher in CIPHERS]
    assert list(PLACES) == [place.name for place in HARMLESS]


@pytest.mark.parametrize("product", FILLED)
def test_a_placeholder_is_one_as_a_whole_and_its_default_is_judged(product: str) -> None:
    path, value, defaults = FILLED[product]
    assert read(value, path) == (product, defaults, "")
    verdict = _judged("password", value, path)
    assert verdict.outcome is (Outcome.UNPROTECTED if defaults else Outcome.PLACEHOLDER)
    assert verdict.decided_by == ("names/password" if defaults else f"grammars/{product}")
    beside = _judged("password", f"Zx9!{value}kQ2mm", path)  # no placeholder as a whole
    assert beside.outcome is Outcome.UNPROTECTED


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.xml", "$db_password9Zx"),  # no product expands that in XML
        ("a.properties", "`pass show db`"),
        ("a.properties", "[parameters('adminPassword')]"),
        ("a.properties", "%d/db-password"),
        ("a.xml", "!Ref AdminPassword"),
    ],
)
def test_a_placeholder_of_a_product_that_does_not_read_the_file_is_a_value(path: str, value: str) -> None:
    assert _judged("password", value, path).outcome is Outcome.UNPROTECTED


@pytest.mark.parametrize("shape", HARMLESS_VALUES)
def test_a_shape_is_harmless_up_to_the_strength_of_its_name(shape: str) -> None:
    line = next(line for line in SHAPES if line.name == shape)
    name, value = HARMLESS_VALUES[shape]
    if line.upto is Strength.HINT:  # of names of that strength only what is a secret is said
        assert judge(named(name), value) is None
    else:
        assert _judged(name, value).decided_by == f"harmless/{shape}"
        assert _judged(name, value).outcome is line.outcome
    if line.upto is not Strength.PASSWORD:
        assert _judged("password", value).outcome is Outcome.UNPROTECTED


@pytest.mark.parametrize("tool", CIPHERTEXTS)
def test_a_ciphertext_of_another_tool_is_no_secret(tool: str) -> None:
    path, value = CIPHERTEXTS[tool]
    assert cipher_of(value, path) == tool
    assert _judged("password", value, path).decided_by == f"ciphers/{tool}"


@pytest.mark.parametrize("place", PLACES)
def test_a_known_place_is_harmless(place: str) -> None:
    path, text = PLACES[place]
    assert f"known settings/{place}" in _decided(path, text)


def _decided(path: str, text: str) -> list[str]:
    document = for_path(PurePath(path)).parse(text.encode())
    detector = Detector(path, document.outline(), text)
    return [suspect.verdict.decided_by for suspect in detector.suspects(document.sites())]


@pytest.mark.parametrize(
    ("words", "strong"),
    [
        (names._PASSWORDS, Strength.PASSWORD),
        (names._TOKENS, Strength.TOKEN),
        (names._PAIRS, Strength.TOKEN),
        (names._HINTS, Strength.HINT),
        (names._PASSWORD_PAIRS, Strength.PASSWORD),
    ],
)
def test_every_word_gives_its_strength(words: frozenset[str], strong: Strength) -> None:
    for word in words:
        found = strength(f"db_{word}")
        assert found >= strong, word
        assert deciding_word(word), word
        assert strength(f"{word}_policy") is Strength.NONE


@pytest.mark.parametrize("collection", names._COLLECTIONS)
def test_what_a_collection_has_is_one_of_it(collection: str) -> None:
    assert strength(f"app.{collection}bob") is Strength.TOKEN
    assert deciding_word(f"app.{collection}bob")
    for about in (*names._ABOUT, *names._VERBS, "name"):
        assert strength(f"app.{collection}{about}") is Strength.NONE
    assert strength(f"app.{collection}bob.file") is Strength.NONE


def test_a_name_that_ends_as_others_is_one_all_the_same() -> None:
    for name in names._ALTHOUGH:
        assert strength(f"VAULT_DEV_{name.upper()}") is Strength.PASSWORD


@pytest.mark.parametrize("word", sorted(names._ENDINGS | names._OTHERWISE))
def test_every_ending_takes_the_strength_away(word: str) -> None:
    assert strength(word if word in names._OTHERWISE else f"password_{word}") is Strength.NONE


@pytest.mark.parametrize(
    "value",
    [
        *("Pa$sword", "Pa$sword-9x", "P@$$w0rd", "P@$$w0rd!7", "a=b", "rabbit=Pass9", "[x]", "[Kx9Zq2!]", "/x"),
        *("<Kx9Zq2!>", "@Kx9Zq2@", "set-Kx9Zq2b", "{Zx9kQ2mmT}", "#{Zx9k", "Zx9<%kQ", "/bPxRf9k/Qw0Zq1==", "a, b"),
        *("%Zx9k%", "{{Zx9k"),
    ],
)
@pytest.mark.parametrize("path", ["a.yaml", "a.xml", "a.json", "a.toml", "a.ini", "a.properties", ".env"])
def test_a_character_takes_no_finding_away(value: str, path: str) -> None:
    verdict = _judged("db.password", value, path)
    assert verdict.outcome is Outcome.UNPROTECTED
    assert verdict.confidence > Confidence.DOUBTFUL


@pytest.mark.parametrize("value", ["/etc/app/password", "secret.jks", "config/db/main", "https://vault.example.com/x"])
def test_what_can_be_a_path_or_an_address_under_a_password_s_name_is_a_note(value: str) -> None:
    assert _judged("password", value).confidence is Confidence.DOUBTFUL
    assert _judged("api.token", value).outcome is Outcome.NOT_A_SECRET
    assert judge(named("password_file"), value) is None


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("postgres://app:Zx9kQ2@${DB_HOST}:5432/db", Outcome.UNPROTECTED),
        ("postgres://app:Zx9kQ2@{{ host }}/db", Outcome.UNPROTECTED),
        ("postgres://app:${DB_PASSWORD}@db/main", Outcome.PLACEHOLDER),
        ("postgres://app:${DB_PASSWORD:-Zx9kQ2}@db/main", Outcome.UNPROTECTED),
        ("postgres://app:<password>@db/main", Outcome.EXAMPLE),
        ("Server=db;Password=Pa$word9K;", Outcome.UNPROTECTED),
        ("Server=db;Password={{ pw }};", Outcome.PLACEHOLDER),
        ("UPDATE u SET password= ? WHERE id=?", Outcome.NOT_A_SECRET),
        ("ALTER USER a SET password='Zx9kQ2mm'", Outcome.UNPROTECTED),
        ("AKIAIOSFODNN7EXAMPLE", Outcome.EXAMPLE),
    ],
)
def test_what_a_value_holds_is_judged_under_a_name_that_says_nothing(value: str, outcome: Outcome) -> None:
    assert _judged("broker", value, "a.yaml").outcome is outcome


@pytest.mark.parametrize("value", ["<OAuth2Token>", "<S3AccessKey>", "<your Auth0ClientSecret>", "<db2-host>"])
def test_a_text_in_angle_brackets_says_what_to_put_there(value: str) -> None:
    assert _judged("db.password", value).outcome is Outcome.EXAMPLE


@pytest.mark.parametrize("value", ["<Sh7Xzuvxyb>", "<Yb9WPwqmkiy56EvdqgXwkkVDtigcNt>", "<Vb3TLLMMF2>"])
def test_characters_in_angle_brackets_are_a_value_even_if_they_read_as_words(value: str) -> None:
    assert names.reads_as_name(value[1:-1])
    assert _judged("db.password", value).outcome is Outcome.UNPROTECTED
    assert _judged("db.token", value).outcome is Outcome.UNPROTECTED


def test_words_under_a_token_s_name_are_none_but_generated_ones() -> None:
    assert _judged("encryption-key", "the OAuth2Token").outcome is Outcome.NOT_A_SECRET
    assert _judged("encryption-key", "Hh4TObzuiytozn wk3Ozmphg").outcome is Outcome.UNPROTECTED


def _secrets(path: str, text: str) -> list[str]:
    document = for_path(PurePath(path)).parse(text.encode())
    detector = Detector(path, document.outline(), text)
    return [found.site.value for found in detector.suspects(document.sites()) if found.verdict.is_secret]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "web:\n  client_id: orders\n  {}: my-secret\n"),
        ("a.yaml", "clients:\n  - clientId: orders\n    {}: my-secret\n"),
        ("a.yaml", "clients:\n  - id: orders\n    {}: my-secret\n    redirectURIs:\n      - https://example.com/a\n"),
        ("a.json", '{{"consumerKey": "orders", "{}": "my-secret"}}'),
        ("a.xml", "<a><client-id>orders</client-id><{0}>my-secret</{0}></a>"),
        ("a.toml", '[web]\nclient_id = "orders"\n{} = "my-secret"\n'),
    ],
)
def test_the_secret_beside_a_client_s_id_may_be_a_word(path: str, text: str) -> None:
    assert _secrets(path, text.format("secret")) == ["my-secret"]
    assert _secrets(path, text.format("secretName")) == []


def test_a_secret_without_a_client_may_be_the_name_of_one() -> None:
    assert _secrets("a.yaml", "client_id: orders\nvolumes:\n  - name: a\n    secret: my-secret\n") == []
