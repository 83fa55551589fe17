package dev.stepstile.http;

import dev.stepstile.codec.Json;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/** The wire is UTF-8. Bytes that are not, and text that UTF-8 cannot hold, are refused, never replaced. */
public final class Utf8 {
    private Utf8() {}

    /** @throws Json.BadJson if the bytes are not UTF-8 */
    public static String text(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length);
        CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(in, out, true);
        if (result.isError()) {
            throw new Json.BadJson("not UTF-8, from byte " + in.position() + " on (the first is 0)");
        }
        return out.flip().toString();
    }

    /** Whether the text has no half of a surrogate pair, which UTF-8 cannot hold. */
    public static boolean holds(String text) {
        try {
            StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }
}
