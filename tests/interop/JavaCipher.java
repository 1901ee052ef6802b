import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.security.Key;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.PBEParameterSpec;
import javax.crypto.spec.PSource;

/**
 * javax.crypto as a filter. A line of stdin is one request of fields separated by tabs, binary ones in base64:
 *
 *   generate  bits                                                  a PKCS #8 private key
 *   encrypt   transformation  mask digest  label  public key   data   its ciphertext
 *   decrypt   transformation  mask digest  label  private key  data   its plaintext
 *   usage     certificate                                           "ok", if Cipher.init encrypts with it
 *   seal      file  store type  password  alias  key password  vector  data
 *                                                   its AES/GCM ciphertext under a secret key, with a tag of 128 bits
 *   key       file  store type  password  alias  key password      the key's encoding: PKCS #8, or a secret key's bytes
 *   pbe       password  salt  iterations  data                     its ciphertext by PBEWithMD5AndTripleDES
 *
 * With a mask digest ("SHA-256") OAEP's parameters are given to the cipher, which else takes its provider's own.
 * A line of stdout is the answer in base64, or "!" and the exception.
 */
public class JavaCipher {
    private static final Base64.Decoder DECODER = Base64.getDecoder();

    public static void main(String[] arguments) throws Exception {
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            String answer;
            try {
                answer = Base64.getEncoder().encodeToString(answer(line.split("\t", -1)));
            } catch (Exception exception) {
                answer = "!" + exception;
            }
            System.out.println(answer);
        }
    }

    private static byte[] answer(String[] fields) throws Exception {
        switch (fields[0]) {
            case "generate": {
                KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
                generator.initialize(Integer.parseInt(fields[1]));
                return generator.generateKeyPair().getPrivate().getEncoded();
            }
            case "encrypt": {
                Key key = KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(DECODER.decode(fields[4])));
                return cipher(Cipher.ENCRYPT_MODE, key, fields).doFinal(DECODER.decode(fields[5]));
            }
            case "decrypt": {
                Key key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(DECODER.decode(fields[4])));
                return cipher(Cipher.DECRYPT_MODE, key, fields).doFinal(DECODER.decode(fields[5]));
            }
            case "usage": {
                X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(DECODER.decode(fields[1])));
                Cipher.getInstance("RSA").init(Cipher.ENCRYPT_MODE, certificate);
                return "ok".getBytes("US-ASCII");
            }
            case "seal": {
                Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
                cipher.init(Cipher.ENCRYPT_MODE, key(fields), new GCMParameterSpec(128, DECODER.decode(fields[6])));
                return cipher.doFinal(DECODER.decode(fields[7]));
            }
            case "key":
                return key(fields).getEncoded();
            case "pbe": {
                Key key = SecretKeyFactory.getInstance("PBEWithMD5AndTripleDES")
                    .generateSecret(new PBEKeySpec(fields[1].toCharArray()));
                Cipher cipher = Cipher.getInstance("PBEWithMD5AndTripleDES");
                int iterations = Integer.parseInt(fields[3]);
                cipher.init(Cipher.ENCRYPT_MODE, key, new PBEParameterSpec(DECODER.decode(fields[2]), iterations));
                return cipher.doFinal(DECODER.decode(fields[4]));
            }
            default:
                throw new IllegalArgumentException(fields[0]);
        }
    }

    private static Key key(String[] fields) throws Exception {
        KeyStore store = KeyStore.getInstance(fields[2]);
        try (InputStream file = new FileInputStream(fields[1])) {
            store.load(file, fields[3].toCharArray());
        }
        return store.getKey(fields[4], fields[5].toCharArray());
    }

    private static Cipher cipher(int mode, Key key, String[] fields) throws Exception {
        Cipher cipher = Cipher.getInstance(fields[1]);
        if (fields[2].isEmpty()) {
            cipher.init(mode, key);
        } else {
            PSource label = new PSource.PSpecified(DECODER.decode(fields[3]));
            String digest = fields[1].contains("SHA-256") ? "SHA-256" : "SHA-1";
            cipher.init(mode, key, new OAEPParameterSpec(digest, "MGF1", new MGF1ParameterSpec(fields[2]), label));
        }
        return cipher;
    }
}
