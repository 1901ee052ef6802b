import java.io.FileInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Decrypts the secrets of a Carbon 4 home as its runtime does, from nothing but the home:
 *
 *   java JavaHome.java HOME
 *
 * A deployment.toml is first copied into cipher-text.properties, as the product does at its start. Then
 * secret-conf.properties says where keystore, ciphertexts and transformation are, and password-persist has the
 * passwords. A line of stdout is an alias, a tab and its secret in base64, or an alias, a tab, "!" and the exception. As
 * in the runtime, a vault that is not configured has the alias itself as secret.
 */
public class JavaHome {
    private static final List<String> TYPES = List.of("JKS", "PKCS8", "PKCS12", "BCFKS", "BKS", "UBER");
    private static final Pattern ENTRY = Pattern.compile("\\s*\"?([^\"=\\s]+)\"?\\s*=\\s*[\"'](.*)[\"']\\s*(?:#.*)?");

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        Path conf = home.resolve("repository/conf");
        conf = Files.exists(conf) ? conf : home.resolve("conf");
        Properties stated = load(conf.resolve("security/secret-conf.properties"));
        TreeMap<String, String> values = new TreeMap<>();
        if (Files.exists(conf.resolve("deployment.toml"))) {
            copied(Files.readAllLines(conf.resolve("deployment.toml")), values);
        } else {
            String location = stated.getProperty("secretRepositories.file.location", "cipher-text.properties");
            load(home.resolve(location)).forEach((alias, value) -> values.put((String) alias, (String) value));
        }
        boolean enabled = Boolean.parseBoolean(stated.getProperty("secVault.enabled", "true"))
            && stated.getProperty("secretRepositories") != null;
        for (String alias : values.keySet()) {
            String answer;
            try {
                answer = enabled ? encoded(decrypted(home, stated, values.get(alias))) : encoded(alias.getBytes());
            } catch (Exception exception) {
                answer = "!" + exception;
            }
            System.out.println(alias + "\t" + answer);
        }
    }

    private static byte[] decrypted(Path home, Properties stated, String value) throws Exception {
        List<String> passwords = Files.readAllLines(home.resolve("password-persist"));
        String mode = stated.getProperty("secretRepositories.file.encryptionMode", "");
        if (mode.equals("key.based.symmetric.encryption")) {
            return unsealed(new SecretKeySpec(bytes(passwords.get(0)), "AES"), value);
        }
        String type = stated.getProperty("keystore.identity.type");
        if (!TYPES.contains(type)) {
            throw new IllegalArgumentException("no keystore type " + type);
        }
        KeyStore store = KeyStore.getInstance(type);
        try (InputStream file = new FileInputStream(stated.getProperty("keystore.identity.location"))) {
            store.load(file, passwords.get(0).toCharArray());
        }
        String alias = stated.getProperty("keystore.identity.alias");
        if (mode.equals("symmetric")) {
            return unsealed(store.getKey(alias, passwords.get(0).toCharArray()), value);
        }
        Key key = store.getKey(alias, passwords.get(passwords.size() > 1 ? 1 : 0).toCharArray());
        Cipher cipher = Cipher.getInstance(stated.getProperty("secretRepositories.file.algorithm", "RSA"));
        cipher.init(Cipher.DECRYPT_MODE, key);
        return cipher.doFinal(Base64.getDecoder().decode(value.trim()));
    }

    private static byte[] unsealed(Key key, String value) throws Exception {
        String json = new String(Base64.getDecoder().decode(value.trim()), StandardCharsets.UTF_8);
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(128, member(json, "iv")));
        return cipher.doFinal(member(json, "cipherText"));
    }

    private static byte[] member(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"]*)\"").matcher(json);
        found.find();
        return Base64.getDecoder().decode(found.group(1));
    }

    private static byte[] bytes(String key) {
        if (!key.matches("[0-9a-fA-F]{64}")) {
            return key.getBytes(StandardCharsets.UTF_8);
        }
        byte[] bytes = new byte[32];
        for (int n = 0; n < 32; n++) {
            bytes[n] = (byte) Integer.parseInt(key.substring(2 * n, 2 * n + 2), 16);
        }
        return bytes;
    }

    private static void copied(List<String> lines, TreeMap<String, String> values) {
        boolean within = false;
        for (String line : lines) {
            Matcher entry = ENTRY.matcher(line);
            if (line.trim().startsWith("[")) {
                within = line.trim().startsWith("[secrets]");
            } else if (within && entry.matches()) {
                values.put(entry.group(1), entry.group(2));
            }
        }
    }

    private static Properties load(Path path) throws Exception {
        Properties properties = new Properties();
        if (Files.exists(path)) {
            try (InputStream file = Files.newInputStream(path)) {
                properties.load(file);
            }
        }
        return properties;
    }

    private static String encoded(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
