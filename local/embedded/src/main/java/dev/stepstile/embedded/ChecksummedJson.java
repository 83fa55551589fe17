package dev.stepstile.embedded;

import dev.stepstile.port.DamagedData;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.function.Function;
import java.util.zip.CRC32C;

/**
 * A JSON object as a row holds it: with a checksum as its last member, so that a flipped bit on the disk is noticed, and
 * the row still reads as JSON by any tool. A row without a checksum is one that an older version wrote, and is believed.
 */
final class ChecksummedJson {
    private static final String BEFORE = "\"crc\":\"";
    private static final int DIGITS = 8;
    private static final String AFTER = "\"}";

    /** What the operator can do, as nothing here can: the row was the only copy. */
    private static final String REMEDY = " Stop the stack and restore its folder from a backup, or dispatch the work"
            + " under another run; a file system check may show more damage.";

    private ChecksummedJson() {}

    /** As the row holds it; a text that is no JSON object is kept as it is. */
    static String seal(String json) {
        if (!json.startsWith("{") || !json.endsWith("}")) {
            return json;
        }
        String members = json.substring(0, json.length() - 1);
        return members + (members.length() == 1 ? "" : ",") + "\"crc\":\"" + checksum(json) + "\"}";
    }

    /**
     * As it was given to {@link #seal}.
     *
     * @param what the row is, for the error message
     * @throws DamagedData if the row is not what was written
     */
    static String open(String what, String row) {
        int digits = row.length() - AFTER.length() - DIGITS;
        int end = digits - BEFORE.length();
        if (end < 1 || row.charAt(0) != '{' || !row.startsWith(BEFORE, end) || !row.endsWith(AFTER)) {
            return row;
        }
        int members = row.charAt(end - 1) == ',' ? end - 1 : end;
        String json = row.substring(0, members) + "}";
        if (!row.startsWith(checksum(json), digits)) {
            throw new DamagedData(what + " is damaged: its checksum differs from what was written." + REMEDY);
        }
        return json;
    }

    /** Decodes a row by its codec; a row that the codec cannot read is damaged too. */
    static <T> T read(String what, String row, Function<String, T> codec) {
        String json = open(what, row);
        try {
            return codec.apply(json);
        } catch (RuntimeException e) { // whatever a codec makes of a text that it did not write
            throw new DamagedData(what + " is damaged: it cannot be decoded." + REMEDY, e);
        }
    }

    private static String checksum(String json) {
        CRC32C crc = new CRC32C();
        crc.update(json.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }
}
