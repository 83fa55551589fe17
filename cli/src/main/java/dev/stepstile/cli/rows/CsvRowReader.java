package dev.stepstile.cli.rows;

import com.fasterxml.jackson.databind.node.ObjectNode;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PushbackInputStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** CSV as RFC 4180 has it. The first line names the columns, each other record is an object with a member a column. */
final class CsvRowReader implements RowReader {
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private final QuoteCounter quotes;
    private final CsvReader<CsvRecord> csv;
    private final Iterator<CsvRecord> records;
    private final ColumnTypes types;
    private @Nullable List<String> columns;
    private long line = 1;
    private int number;

    CsvRowReader(InputStream in, ColumnTypes types) throws IOException {
        this.quotes = new QuoteCounter(new InputStreamReader(
                withoutMark(in), StandardCharsets.UTF_8.newDecoder())); // which refuses what is not UTF-8
        this.csv = CsvReader.builder()
                .allowExtraFields(true) // refused here, by a sentence that has both numbers
                .allowMissingFields(true)
                .maxBufferSize(2 * Limits.REQUEST_BYTES)
                .ofCsvRecord(quotes);
        this.records = csv.iterator();
        this.types = types;
    }

    private static InputStream withoutMark(InputStream in) throws IOException {
        PushbackInputStream from = new PushbackInputStream(in, BYTE_ORDER_MARK.length);
        byte[] begin = from.readNBytes(BYTE_ORDER_MARK.length);
        if (!Arrays.equals(begin, BYTE_ORDER_MARK)) {
            from.unread(begin);
        }
        return from;
    }

    @Override
    public @Nullable Row next() throws IOException {
        List<String> names = columns;
        if (names == null) {
            names = header();
            columns = names;
        }
        CsvRecord row = read();
        if (row == null) {
            return null;
        }
        number++;
        List<String> cells = row.getFields();
        if (cells.size() != names.size()) {
            throw new BadRowException("line " + line + ": this record has " + count(cells.size())
                    + ", and the header has " + names.size()
                    + ". A cell with a comma, a quote or a line break must be in quotes.");
        }
        ObjectNode value = Json.object();
        for (int i = 0; i < cells.size(); i++) {
            value.set(names.get(i), types.value(names.get(i), cells.get(i), line));
        }
        return new Row(number, line, value);
    }

    private static String count(int columns) {
        return columns + (columns == 1 ? " column" : " columns");
    }

    private List<String> header() throws IOException {
        CsvRecord header = read();
        if (header == null) {
            throw new BadRowException("the input is empty: the first line must name the columns.");
        }
        Set<String> names = new HashSet<>();
        for (String name : header.getFields()) {
            if (name.isBlank()) {
                throw new BadRowException(
                        "line " + line + ": each column needs a name in the header, and one has none.");
            }
            if (!names.add(name)) {
                throw new BadRowException("line " + line + ": the header names the column '" + name + "' twice.");
            }
        }
        types.refuseUnknown(names);
        return List.copyOf(header.getFields());
    }

    private @Nullable CsvRecord read() throws IOException {
        try {
            if (!records.hasNext()) {
                return null;
            }
            CsvRecord row = records.next();
            line = row.getStartingLineNumber();
            if (!records.hasNext() && !quotes.even()) { // the reader takes the end of the file for the quote's
                throw new BadRowException("line " + line + ": this record begins a quote that does not end.");
            }
            return row;
        } catch (CsvParseException e) {
            if (e.getCause() instanceof CharacterCodingException) {
                throw notUtf8();
            }
            throw new BadRowException("line " + line + " or the record after it is not CSV: a quote is misplaced, or a"
                    + " cell is longer than " + 2 * Limits.REQUEST_BYTES + " characters.");
        } catch (UncheckedIOException e) {
            if (e.getCause() instanceof CharacterCodingException) {
                throw notUtf8();
            }
            throw e.getCause();
        }
    }

    private BadRowException notUtf8() {
        return new BadRowException(
                "the input is not UTF-8, somewhere after line " + line + ": save the file in that encoding.");
    }

    @Override
    public void close() throws IOException {
        csv.close();
    }
}
