"""The formats of the matrix that have a parser, and YAML in template languages."""

from __future__ import annotations

from tests.matrix import writing
from tests.matrix.format import Format

_YAML = "service:\n  host: db.internal\n⇒  KEY: VALUE\n  port: 5432\n"
_YAML_PLACES: dict[str, tuple[str, ...]] = {
    "item NAME=value": ("services:\n  db:\n    environment:\n      - LANG=C\n⇒      - ITEM\n      - TZ=UTC\n",),
    "exec-form flag": (
        'services:\n  db:\n⇒    command: ["server", "--listen", ":80", "OPTION", QUOTED]\n',
        "spec:\n  args:\n    - server\n    - OPTION\n⇒    - VALUE\n    - --verbose\n",
    ),
    "name/value pair": (
        "env:\n  - name: LANG\n    value: C\n  - name: KEY\n⇒    value: VALUE\n",
        "env:\n  - key: KEY\n⇒    value: VALUE\n    secure: false\n",
    ),
    "multi-line": ("files:\n  app.conf: |\n    host=db.internal\n    port=5432\n⇒    RAW\n    pool=8\n",),
    "auths": ("auths:\n  registry.example.com:\n⇒    auth: LOGIN\n",),
}
_IN_TEMPLATES = ("item NAME=value", "exec-form flag", "name/value pair", "multi-line")


def _template(name: str, file: str, mark: str, control: tuple[str, str]) -> Format:
    """Return YAML in a template language, with a control line of that language before and after."""

    def within(text: str) -> str:
        return f"{control[0]}\n{text}{control[1]}\n"

    places = {place: tuple(map(within, _YAML_PLACES[place])) for place in _IN_TEMPLATES}
    return Format(name, file, writing.template(name, mark), (within(_YAML),), places)


DOCUMENTS = (
    Format("yaml", "settings.yaml", writing.yaml, (_YAML,), _YAML_PLACES, default="${{APP_X:{}}}"),
    Format(
        "json",
        "settings.json",
        writing.quoted,
        ('{\n  "service": {\n    "host": "db.internal",\n⇒    "KEY": VALUE,\n    "port": 5432\n  }\n}\n',),
        {
            "item NAME=value": ('{\n  "environment": [\n    "LANG=C",\n⇒    ITEM\n  ]\n}\n',),
            "exec-form flag": ('{\n⇒  "command": ["server", "OPTION", VALUE, "--verbose"]\n}\n',),
            "name/value pair": ('{\n  "environment": [\n    {},\n⇒    {"name": "KEY", "value": VALUE}\n  ]\n}\n',),
            "multi-line": ('{\n  "host": "db.internal",\n⇒  "files": {"app.conf": LINES}\n}\n',),
            "auths": ('{\n  "auths": {\n⇒    "registry.example.com": {"auth": LOGIN}\n  }\n}\n',),
        },
        comment="",
    ),
    Format(
        "toml",
        "settings.toml",
        writing.toml,
        ('[service]\nhost = "db.internal"\n⇒KEY = VALUE\nport = 5432\n',),
        {
            "item NAME=value": ('[service]\nenvironment = [\n  "LANG=C",\n⇒  ITEM,\n]\n',),
            "exec-form flag": ('[service]\n⇒command = ["server", "OPTION", VALUE]\n',),
            "name/value pair": ('[[env]]\nname = "LANG"\nvalue = "C"\n\n[[env]]\nname = "KEY"\n⇒value = VALUE\n',),
            "multi-line": ("[files]\napp = '''\nhost=db.internal\n⇒RAW\npool=8\n'''\n",),
        },
    ),
    Format(
        "xml",
        "settings.xml",
        writing.xml,
        (
            '<service>\n  <db host="db.internal">\n⇒    <setting KEY="VALUE" port="5432"/>\n  </db>\n</service>\n',
            "<service>\n  <host>db.internal</host>\n⇒  <KEY>VALUE</KEY>\n  <port>5432</port>\n</service>\n",
        ),
        {
            "XML attribute": ('<service>\n  <db host="db.internal"\n⇒      KEY="VALUE" port="5432"/>\n</service>\n',),
            "XML element": ("<service>\n  <host>db.internal</host>\n⇒  <KEY>VALUE</KEY>\n  <pool/>\n</service>\n",),
            "name/value pair": (
                '<beans>\n  <property name="host" value="db"/>\n⇒  <property name="KEY" value="VALUE"/>\n</beans>\n',
                '<conf>\n  <parameter name="x">db</parameter>\n⇒  <parameter name="KEY">VALUE</parameter>\n</conf>\n',
                '<appSettings>\n  <add key="Host" value="db"/>\n⇒  <add key="KEY" value="VALUE"/>\n</appSettings>\n',
                "<conf>\n  <property>\n    <name>KEY</name>\n⇒    <value>VALUE</value>\n  </property>\n</conf>\n",
                "<web-app>\n  <env-entry>\n    <env-entry-name>KEY</env-entry-name>\n"
                "⇒    <env-entry-value>VALUE</env-entry-value>\n  </env-entry>\n</web-app>\n",
                "<web-app>\n  <context-param>\n    <param-name>KEY</param-name>\n"
                "⇒    <param-value>VALUE</param-value>\n  </context-param>\n</web-app>\n",
            ),
            "multi-line": ("<service>\n  <script>\nhost=db.internal\n⇒XMLRAW\npool=8\n  </script>\n</service>\n",),
        },
        comment="<!-- {} -->",
        default="${{app.x:{}}}",
        without=("name",),
    ),
    Format(
        "properties",
        "settings.properties",
        writing.properties,
        ("service.host=db.internal\n⇒KEY=VALUE\nservice.port=5432\n", "host: db.internal\n⇒KEY = VALUE\n"),
        default="${{APP_X:{}}}",
    ),
    Format(
        "ini",
        "settings.ini",
        writing.ini,
        ("[service]\nhost = db.internal\n⇒KEY = VALUE\nport = 5432\n",),
        {"item NAME=value": ('[program:app]\n⇒environment=LANG="C",KEY="BARE",TZ="UTC"\n',)},
        comment="; {}",
    ),
    Format(
        "env",
        ".env",
        writing.env,
        ("HOST=db.internal\n⇒KEY=VALUE\nPORT=5432\n", "export HOST=db.internal\n⇒export KEY=VALUE\n"),
        styles=("UPPER", "snake"),
        default="${{APP_X:-{}}}",
    ),
    Format(
        "plist",
        "app.plist",
        writing.xml,
        (
            '<plist version="1.0">\n<dict>\n  <key>Host</key>\n  <string>db</string>\n  <key>KEY</key>\n'
            "⇒  <string>VALUE</string>\n</dict>\n</plist>\n",
        ),
        {
            "comment": (
                '<plist version="1.0">\n<dict>\n  <key>Host</key>\n  <string>db</string>\n'
                "⇒  <!-- <key>KEY</key><string>VALUE</string> -->\n</dict>\n</plist>\n",
            ),
            "item NAME=value": (
                '<plist version="1.0">\n<array>\n  <true/>\n⇒  <string>ITEM</string>\n</array>\n</plist>\n',
            ),
            "exec-form flag": (
                '<plist version="1.0">\n<array>\n  <string>server</string>\n  <string>OPTION</string>\n'
                "⇒  <string>VALUE</string>\n</array>\n</plist>\n",
            ),
        },
        comment="",
        styles=("Pascal", "camel"),
        without=("url, host filled in",),
    ),
    _template("erb", "settings.yml.erb", "<%", ("<% if @db %>", "<% end %>")),
    _template("j2", "settings.yml.j2", "{{", ("{% if db is defined %}", "{% endif %}")),
    _template("gotmpl", "settings.yaml.gotmpl", "{{", ("{{- if .Values.db }}", "{{- end }}")),
)
