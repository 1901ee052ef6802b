import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.TreeSet;
import javax.crypto.KeyGenerator;
import javax.crypto.SecretKey;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.ws.security.WSConstants;
import org.apache.ws.security.WSDataRef;
import org.apache.ws.security.WSEncryptionPart;
import org.apache.ws.security.WSPasswordCallback;
import org.apache.ws.security.WSSConfig;
import org.apache.ws.security.WSSecurityEngine;
import org.apache.ws.security.WSSecurityEngineResult;
import org.apache.ws.security.components.crypto.Merlin;
import org.apache.ws.security.message.WSSecEncrypt;
import org.apache.ws.security.message.WSSecHeader;
import org.apache.ws.security.message.WSSecSignature;
import org.apache.ws.security.message.WSSecSignatureConfirmation;
import org.apache.ws.security.message.WSSecTimestamp;
import org.apache.ws.security.message.token.SecurityTokenReference;
import org.apache.xml.security.encryption.EncryptedKey;
import org.apache.xml.security.encryption.XMLCipher;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * WSS4J 1.6 as a filter, for messages between ciphertool and what Carbon's Rampart stands on. The arguments are a
 * PKCS #12 store with the keys of everybody and its password. A line of stdin is a request of fields separated by tabs:
 *
 *   secure  envelope  order  signature  digest  reference  encryption  transport  reference  confirm
 *   open    envelope
 *   bench   number  envelope, and what follows it in "secure"
 *
 * Envelopes are in base64. The order is SE (sign, then encrypt), ES, S or E; references are direct, issuer-serial,
 * key-identifier and thumbprint; `confirm` is a signature value in base64, or nothing. The client signs, for the server.
 * "open" answers what WSS4J verified: its actions, signed and encrypted names, the signer, and the Body's text in base64.
 * "bench" answers microseconds of processor time to secure a message, and to open one. Transport "rsa-oaep" is that of XML Encryption 1.1,
 * which WSS4J 1.6 does not know; the library below it does. An answer that begins with "!" is an exception.
 */
public class JavaMessages {
    static final String XENC = "http://www.w3.org/2001/04/xmlenc#";
    static final String XENC11 = "http://www.w3.org/2009/xmlenc11#";
    static final String DS = "http://www.w3.org/2000/09/xmldsig#";
    static final String SHA256 = XENC + "sha256";
    static final String OAEP11 = XENC11 + "rsa-oaep";
    static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    static KeyStore store;
    static char[] password;
    static Merlin crypto;
    static WSSConfig config;

    public static void main(String[] arguments) throws Exception {
        password = arguments[1].toCharArray();
        store = KeyStore.getInstance("PKCS12");
        store.load(new FileInputStream(arguments[0]), password);
        crypto = new Merlin();
        crypto.setKeyStore(store);
        crypto.setTrustStore(store);
        WSSConfig.init();
        config = WSSConfig.getNewInstance();
        config.setWsiBSPCompliant(false); // the profile of 2010 does not know AES-GCM
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line; (line = lines.readLine()) != null; ) {
            String answer;
            try {
                String[] fields = line.split("\t", -1);
                switch (fields[0]) {
                    case "secure": answer = base64(text(secure(parse(fields[1]), fields, 2))); break;
                    case "open": answer = open(parse(fields[1])); break;
                    default: answer = bench(fields);
                }
            } catch (Exception error) {
                answer = "!" + error.toString().replaceAll("\\s+", " ");
            }
            System.out.println(answer);
        }
    }

    static Document secure(Document message, String[] fields, int first) throws Exception {
        String order = fields[first], transport = fields[first + 5];
        WSSecHeader header = new WSSecHeader();
        header.insertSecurityHeader(message);
        WSSecTimestamp timestamp = new WSSecTimestamp(config);
        timestamp.setTimeToLive(300);
        timestamp.build(message, header);
        for (char step : order.toCharArray()) {
            if (step == 'S') {
                sign(message, header, fields[first + 1], fields[first + 2], fields[first + 3], fields[first + 7]);
            } else if (transport.equals(OAEP11)) {
                encrypt11(message, header, fields[first + 4]);
            } else {
                WSSecEncrypt encrypt = new WSSecEncrypt(config);
                encrypt.setUserInfo("server");
                encrypt.setKeyIdentifierType(reference(fields[first + 6]));
                encrypt.setSymmetricEncAlgorithm(fields[first + 4]);
                encrypt.setKeyEnc(transport);
                encrypt.build(message, crypto, header);
            }
        }
        return message;
    }

    static void sign(Document message, WSSecHeader header, String algorithm, String digest, String how, String confirm)
            throws Exception {
        List<WSEncryptionPart> parts = new ArrayList<>();
        String soap = message.getDocumentElement().getNamespaceURI();
        parts.add(new WSEncryptionPart("Body", soap, ""));
        parts.add(new WSEncryptionPart("Timestamp", WSConstants.WSU_NS, ""));
        if (!confirm.isEmpty()) {
            WSSecSignatureConfirmation confirmation = new WSSecSignatureConfirmation(config);
            confirmation.build(message, Base64.getDecoder().decode(confirm), header);
            parts.add(new WSEncryptionPart("SignatureConfirmation", WSConstants.WSSE11_NS, ""));
        }
        WSSecSignature signature = new WSSecSignature(config);
        signature.setUserInfo("client", new String(password));
        signature.setKeyIdentifierType(reference(how));
        signature.setSignatureAlgorithm(algorithm);
        signature.setDigestAlgo(digest);
        signature.setParts(parts);
        signature.build(message, crypto, header);
    }

    static void encrypt11(Document message, WSSecHeader header, String algorithm) throws Exception {
        KeyGenerator generator = KeyGenerator.getInstance("AES");
        generator.init(algorithm.contains("256") ? 256 : 128);
        SecretKey content = generator.generateKey();
        X509Certificate certificate = (X509Certificate) store.getCertificate("server");
        XMLCipher wrapping = XMLCipher.getInstance(OAEP11, null, SHA256);
        wrapping.init(XMLCipher.WRAP_MODE, certificate.getPublicKey());
        EncryptedKey wrapped = wrapping.encryptKey(message, content, XENC11 + "mgf1sha256", null);
        Element key = wrapping.martial(message, wrapped);
        Element info = message.createElementNS(DS, "ds:KeyInfo");
        SecurityTokenReference reference = new SecurityTokenReference(message);
        reference.setKeyIdentifierThumb(certificate);
        info.appendChild(reference.getElement());
        key.insertBefore(info, key.getElementsByTagNameNS(XENC, "CipherData").item(0));
        Element list = message.createElementNS(XENC, "xenc:ReferenceList");
        Element part = message.createElementNS(XENC, "xenc:DataReference");
        part.setAttributeNS(null, "URI", "#ED-1");
        list.appendChild(part);
        key.appendChild(list);
        XMLCipher cipher = XMLCipher.getInstance(algorithm);
        cipher.init(XMLCipher.ENCRYPT_MODE, content);
        cipher.getEncryptedData().setId("ED-1");
        cipher.doFinal(message, body(message), true);
        Element security = header.getSecurityHeader();
        security.insertBefore(key, security.getFirstChild());
    }

    static String open(Document message) throws Exception {
        TreeSet<String> encrypted = new TreeSet<>();
        NodeList methods = message.getElementsByTagNameNS(XENC, "EncryptionMethod");
        for (int place = 0; place < methods.getLength(); place++) {
            Element method = (Element) methods.item(place);
            if (method.getAttribute("Algorithm").equals(OAEP11)) {
                Element key = (Element) method.getParentNode();
                if (key.getNextSibling() == null || signatureBefore(key)) return openLate(message, key);
                decrypt11(message, key);
                encrypted.add("Body");
                break;
            }
        }
        return verify(message, encrypted);
    }

    /** What was encrypted before it was signed is verified first. */
    static String openLate(Document message, Element key) throws Exception {
        Node header = key.getParentNode();
        header.removeChild(key);
        String answer = verify(message, new TreeSet<>(Arrays.asList("Body")));
        header.appendChild(key);
        decrypt11(message, key);
        return answer.substring(0, answer.lastIndexOf('|') + 1) + base64(body(message).getTextContent());
    }

    static boolean signatureBefore(Element key) {
        for (Node node = key.getPreviousSibling(); node != null; node = node.getPreviousSibling()) {
            if ("Signature".equals(node.getLocalName())) return true;
        }
        return false;
    }

    static void decrypt11(Document message, Element key) throws Exception {
        List<Element> parts = new ArrayList<>();
        NodeList references = key.getElementsByTagNameNS(XENC, "DataReference");
        NodeList every = message.getElementsByTagNameNS(XENC, "EncryptedData");
        for (int one = 0; one < references.getLength(); one++) {
            String id = ((Element) references.item(one)).getAttribute("URI").substring(1);
            for (int place = 0; place < every.getLength(); place++) {
                Element data = (Element) every.item(place);
                if (data.getAttribute("Id").equals(id)) parts.add(data);
            }
        }
        for (Element data : parts) {
            Element method = (Element) data.getElementsByTagNameNS(XENC, "EncryptionMethod").item(0);
            XMLCipher unwrapping = XMLCipher.getInstance(OAEP11, null, SHA256);
            PrivateKey server = (PrivateKey) store.getKey("server", password);
            unwrapping.init(XMLCipher.UNWRAP_MODE, server);
            EncryptedKey wrapped = unwrapping.loadEncryptedKey(message, key);
            XMLCipher cipher = XMLCipher.getInstance(method.getAttribute("Algorithm"));
            cipher.init(XMLCipher.DECRYPT_MODE, unwrapping.decryptKey(wrapped, method.getAttribute("Algorithm")));
            cipher.doFinal(message, data);
        }
        key.getParentNode().removeChild(key);
    }

    static String verify(Document message, TreeSet<String> encrypted) throws Exception {
        WSSecurityEngine engine = new WSSecurityEngine();
        engine.setWssConfig(config);
        CallbackHandler passwords = (Callback[] callbacks) -> {
            for (Callback one : callbacks) ((WSPasswordCallback) one).setPassword(new String(password));
        };
        TreeSet<Integer> actions = new TreeSet<>();
        TreeSet<String> signed = new TreeSet<>();
        String signer = "";
        List<WSSecurityEngineResult> results = engine.processSecurityHeader(message, null, passwords, crypto, crypto);
        if (results == null) return "!no security";
        for (WSSecurityEngineResult result : results) {
            int action = (Integer) result.get(WSSecurityEngineResult.TAG_ACTION);
            actions.add(action);
            List<?> references = (List<?>) result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS);
            for (Object reference : references == null ? new ArrayList<>() : references) {
                String name = ((WSDataRef) reference).getName().getLocalPart();
                (action == WSConstants.SIGN ? signed : encrypted).add(name);
            }
            X509Certificate by = (X509Certificate) result.get(WSSecurityEngineResult.TAG_X509_CERTIFICATE);
            if (action == WSConstants.SIGN) signer = crypto.getX509Identifier(by);
        }
        return actions + "|" + signed + "|" + encrypted + "|" + signer + "|" + base64(body(message).getTextContent());
    }

    static String bench(String[] fields) throws Exception {
        int number = Integer.parseInt(fields[1]);
        long secured = 0, opened = 0;
        for (int round = 0; round < 2 * number; round++) { // the first half warms up
            long start = THREADS.getCurrentThreadCpuTime();
            String message = base64(text(secure(parse(fields[2]), fields, 3)));
            long middle = THREADS.getCurrentThreadCpuTime();
            open(parse(message));
            if (round >= number) {
                secured += middle - start;
                opened += THREADS.getCurrentThreadCpuTime() - middle;
            }
        }
        return secured / number / 1000 + " " + opened / number / 1000;
    }

    static int reference(String name) {
        switch (name) {
            case "direct": return WSConstants.BST_DIRECT_REFERENCE;
            case "issuer-serial": return WSConstants.ISSUER_SERIAL;
            case "key-identifier": return WSConstants.SKI_KEY_IDENTIFIER;
            default: return WSConstants.THUMBPRINT_IDENTIFIER;
        }
    }

    static Element body(Document message) {
        String soap = message.getDocumentElement().getNamespaceURI();
        return (Element) message.getElementsByTagNameNS(soap, "Body").item(0);
    }

    static Document parse(String base64) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().parse(new ByteArrayInputStream(Base64.getDecoder().decode(base64)));
    }

    static String text(Document message) throws Exception {
        Transformer transformer = TransformerFactory.newInstance().newTransformer();
        transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
        StringWriter written = new StringWriter();
        transformer.transform(new DOMSource(message), new StreamResult(written));
        return written.toString();
    }

    static String base64(String text) throws Exception {
        return Base64.getEncoder().encodeToString(text.getBytes("UTF-8"));
    }
}
