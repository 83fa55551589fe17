package dev.stepstile.examples.flights;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The flights on the class path, read a day at a time: the file is a chain of gzip members, one for each day, and the
 * index says where each begins, so that a step inflates some 3 KB and not the year.
 */
final class FlightsData {
    static final LocalDate FIRST_DAY = LocalDate.of(2013, 1, 1);
    static final LocalDate LAST_DAY = LocalDate.of(2013, 12, 31);

    private static final String DATA = "flights-2013.csv.gz";
    private static final String INDEX = "flights-2013.index.csv";

    private record Slice(long offset, int length, int flights) {}

    private FlightsData() {}

    /** The flights scheduled to leave on a day from {@link #FIRST_DAY} to {@link #LAST_DAY}, as the source orders them. */
    static List<Flight> of(LocalDate day) throws IOException {
        Slice slice = slice(day);
        List<Flight> flights = new ArrayList<>(slice.flights());
        try (BufferedReader lines = text(new GZIPInputStream(new ByteArrayInputStream(bytes(slice))))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] cells = line.split(",", -1);
                flights.add(new Flight(cells[1], cells[2], minutes(cells[3]), minutes(cells[4])));
            }
        }
        if (flights.size() != slice.flights()) {
            throw new IOException("%s holds %d flights on %s, its index says %d"
                    .formatted(DATA, flights.size(), day, slice.flights()));
        }
        return flights;
    }

    /** A file of this package on the class path. */
    static InputStream open(String name) throws IOException {
        InputStream stream = FlightsData.class.getResourceAsStream(name);
        if (stream == null) {
            throw new IOException(name + " is not on the class path; it belongs into the example's jar");
        }
        return stream;
    }

    private static Slice slice(LocalDate day) throws IOException {
        String wanted = day + ",";
        try (BufferedReader lines = text(open(INDEX))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(wanted)) {
                    String[] cells = line.split(",", -1);
                    return new Slice(Long.parseLong(cells[1]), Integer.parseInt(cells[2]), Integer.parseInt(cells[3]));
                }
            }
        }
        throw new IOException(INDEX + " does not know the day " + day);
    }

    private static byte[] bytes(Slice slice) throws IOException {
        try (InputStream data = open(DATA)) {
            data.skipNBytes(slice.offset());
            return data.readNBytes(slice.length());
        }
    }

    private static BufferedReader text(InputStream stream) {
        return new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
    }

    private static @Nullable Integer minutes(String cell) {
        return cell.isEmpty() ? null : Integer.valueOf(cell);
    }
}
