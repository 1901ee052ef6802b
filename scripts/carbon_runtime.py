"""WSO2's own secure vault, compiled from its sources, as a judge of homes: scripts/try-homes asks it for every secret.

Of the libraries that it needs, stubs have as much as these sources call.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_VAULT = "src/main/java/org/wso2/securevault"
_KERNEL = "core/org.wso2.carbon.securevault/src/main/java/"
_HANDLERS = ("DefaultSecretCallbackHandler.java", "SecretCallbackHandlerException.java")
_ENTRY = """\
import java.io.FileInputStream;
import java.util.Base64;
import java.util.Properties;
import org.wso2.securevault.secret.SecretManager;

public class Secrets {
    public static void main(String[] arguments) throws Exception {
        System.setProperty("carbon.home", arguments[0]);
        Properties stated = load(arguments[1]), copied = load(arguments[2]);
        SecretManager manager = SecretManager.getInstance();
        manager.init(stated);
        for (String alias : copied.stringPropertyNames()) {
            String secret = manager.isInitialized() ? manager.getSecret(alias) : alias;
            System.out.println("=" + alias + "\\t" + Base64.getEncoder().encodeToString(secret.getBytes("UTF-8")));
        }
    }

    private static Properties load(String path) throws Exception {
        Properties properties = new Properties();
        if (new java.io.File(path).exists()) {
            try (FileInputStream file = new FileInputStream(path)) {
                properties.load(file);
            }
        }
        return properties;
    }
}
"""
_LOG = (
    "boolean isDebugEnabled(); boolean isWarnEnabled(); void debug(Object m); void info(Object m); void warn(Object m);"
)
_STUBS = {
    "org.apache.commons.logging.Log": (
        f"public interface Log {{ {_LOG} void warn(Object m, Throwable t); void error(Object m);"
        " void error(Object m, Throwable t); void debug(Object m, Throwable t); }"
    ),
    "org.apache.commons.logging.LogFactory": (
        "public class LogFactory { public static Log getLog(Class<?> c) { return (Log) java.lang.reflect.Proxy"
        ".newProxyInstance(Log.class.getClassLoader(), new Class<?>[] {Log.class}, (proxy, method, values) -> {"
        ' if (method.getName().equals("error")) System.err.println(values[0]);'
        " return method.getReturnType() == boolean.class ? false : null; }); } }"
    ),
    "org.apache.commons.lang.StringUtils": (
        "public class StringUtils { public static boolean isEmpty(String s) { return s == null || s.isEmpty(); }"
        " public static boolean isNotEmpty(String s) { return !isEmpty(s); } }"
    ),
    "org.apache.commons.codec.DecoderException": "public class DecoderException extends Exception { }",
    "org.apache.commons.codec.binary.Hex": (
        "public class Hex { public static byte[] decodeHex(String s) throws org.apache.commons.codec.DecoderException {"
        " return java.util.HexFormat.of().parseHex(s); } }"
    ),
    "org.apache.commons.io.IOUtils": (
        "public class IOUtils { public static byte[] toByteArray(java.io.InputStream s) throws java.io.IOException {"
        " return s.readAllBytes(); } public static String toString(java.io.InputStream s) throws java.io.IOException {"
        ' return new String(s.readAllBytes(), "UTF-8"); } }'
    ),
    "org.apache.axiom.util.base64.Base64Utils": (
        "public class Base64Utils { public static byte[] decode(String s) {"
        " return java.util.Base64.getMimeDecoder().decode(s); }"
        " public static String encode(byte[] b) { return java.util.Base64.getEncoder().encodeToString(b); } }"
    ),
    "org.apache.axiom.om.OMNamespace": (
        "public interface OMNamespace { String getNamespaceURI(); String getPrefix(); }"
    ),
    "org.apache.axiom.om.OMAttribute": (
        "public interface OMAttribute { String getAttributeValue(); String getLocalName(); OMNamespace getNamespace();"
        " javax.xml.namespace.QName getQName(); }"
    ),
    "org.apache.axiom.om.OMElement": (
        "public interface OMElement { String getText(); Object getParent();"
        " java.util.Iterator getChildrenWithNamespaceURI(String u); java.util.Iterator getAllDeclaredNamespaces();"
        " java.util.Iterator getChildrenWithName(javax.xml.namespace.QName n); java.util.Iterator getChildElements();"
        " java.util.Iterator getAllAttributes(); String getAttributeValue(javax.xml.namespace.QName n);"
        " OMAttribute getAttribute(javax.xml.namespace.QName n); OMElement getFirstElement(); }"
    ),
    "com.google.gson.JsonSyntaxException": "public class JsonSyntaxException extends RuntimeException { }",
    "com.google.gson.JsonElement": (
        "public class JsonElement { final String text; JsonElement(String t) { text = t; }"
        " public String getAsString() { return text; }"
        " public JsonObject getAsJsonObject() { return new JsonObject(text); } }"
    ),
    "com.google.gson.JsonObject": (
        "public class JsonObject { final String text; JsonObject(String t) { text = t; }"
        " public JsonElement get(String name) { java.util.regex.Matcher found = java.util.regex.Pattern"
        '.compile("\\"" + name + "\\"\\\\s*:\\\\s*\\"([^\\"]*)\\"").matcher(text);'
        " return found.find() ? new JsonElement(found.group(1)) : null; } }"
    ),
    "com.google.gson.JsonParser": (
        "public class JsonParser { public static JsonElement parseString(String s) { return new JsonElement(s); } }"
    ),
}


class CarbonRuntime:
    """The secure vault of one pair of clones, compiled into a directory."""

    def __init__(self, secvault: Path, kernel: Path, directory: Path) -> None:
        """Compile the branch `1.x` of carbon-secvault, and what reads passwords in carbon-kernel; raise if it fails."""
        sources, self._classes = directory / "sources", directory / "classes"
        for stub, text in _STUBS.items():
            package, _, _ = stub.rpartition(".")
            _write(sources / f"{stub.replace('.', '/')}.java", f"package {package};\n{text}\n")
        for name in _git(secvault, "ls-tree", "-r", "--name-only", "1.x", _VAULT).decode().splitlines():
            if "/tool/" not in name and "Jline" not in name:
                _write(sources / name.removeprefix("src/main/java/"), _git(secvault, "show", f"1.x:{name}").decode())
        for name in _git(kernel, "ls-tree", "-r", "--name-only", "v4.9.33", _KERNEL).decode().splitlines():
            if name.endswith(_HANDLERS):
                _write(sources / name.removeprefix(_KERNEL), _git(kernel, "show", f"v4.9.33:{name}").decode())
        _write(sources / "Secrets.java", _ENTRY)
        files = [str(path) for path in sources.rglob("*.java")]
        command = ["javac", "-nowarn", "-d", str(self._classes), *files]
        subprocess.run(command, check=True, capture_output=True, timeout=300)

    def secrets_of(self, home: Path, *passwords: str) -> dict[str, str]:
        """Return the secrets by alias as the product finds them, in a copy of a home with these passwords."""
        copy = self._classes.parent / home.name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(home, copy)
        _write(copy / "password-persist", "".join(f"{password}\n" for password in passwords))
        conf = next(path for path in (copy / "repository/conf", copy / "conf") if path.is_dir())
        ciphertexts = conf / "security/cipher-text.properties"
        if (conf / "deployment.toml").exists():  # the product's template of this file does the same
            stated = tomllib.loads((conf / "deployment.toml").read_text(encoding="utf-8")).get("secrets", {})
            _write(ciphertexts, "".join(f"{alias}={value}\n" for alias, value in stated.items()))
        options = ["-Dkey.password=true"] if len(passwords) > 1 else []
        named = (copy, conf / "security/secret-conf.properties", ciphertexts)
        command = ["java", *options, "-cp", str(self._classes), "Secrets", *map(str, named)]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=120)
        answers = (line[1:].split("\t") for line in done.stdout.splitlines() if line.startswith("="))
        return {alias: base64.b64decode(secret).decode() for alias, secret in answers}


def _git(directory: Path, *arguments: str) -> bytes:
    command = ["git", "--git-dir", str(directory), *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
