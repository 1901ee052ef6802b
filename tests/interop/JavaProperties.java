import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.util.Map;
import java.util.Properties;

/**
 * Loads many .properties documents with java.util.Properties, for the tests of the properties rewriter.
 * Input: for each document its length (int) and bytes. Output: the number of entries (int), then each key and value as
 * length (int) and UTF-16BE bytes; -1 where Java refuses the document. With an argument, documents have that charset.
 */
public class JavaProperties {
    public static void main(String[] arguments) throws Exception {
        DataInputStream in = new DataInputStream(System.in);
        DataOutputStream out = new DataOutputStream(new java.io.BufferedOutputStream(System.out));
        while (true) {
            int length;
            try {
                length = in.readInt();
            } catch (EOFException end) {
                break;
            }
            ByteArrayInputStream document = new ByteArrayInputStream(in.readNBytes(length));
            Properties properties = new Properties();
            try {
                if (arguments.length == 0) {
                    properties.load(document);
                } else {
                    properties.load(new InputStreamReader(document, Charset.forName(arguments[0])));
                }
            } catch (IllegalArgumentException refused) {
                out.writeInt(-1);
                continue;
            }
            out.writeInt(properties.size());
            for (Map.Entry<Object, Object> entry : properties.entrySet()) {
                write(out, (String) entry.getKey());
                write(out, (String) entry.getValue());
            }
        }
        out.flush();
    }

    private static void write(DataOutputStream out, String text) throws Exception {
        byte[] bytes = new byte[2 * text.length()];
        for (int i = 0; i < text.length(); i++) {
            bytes[2 * i] = (byte) (text.charAt(i) >> 8);
            bytes[2 * i + 1] = (byte) text.charAt(i);
        }
        out.writeInt(bytes.length);
        out.write(bytes);
    }
}
