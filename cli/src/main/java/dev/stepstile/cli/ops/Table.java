package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.cli.ops.Column.Cut;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** A list as a table, whose columns are as wide as the first entries need, and on a terminal not wider than it. */
final class Table {
    private static final String GAP = "  ";
    private static final int LEAST = 8;

    /** Of a sentence, while keys can still be cut. */
    private static final int SENTENCE = 20;

    /** Keys keep enough to be told apart. */
    private static final int KEY = 24;

    private static final String STATE = "state";
    private static final String INDENT = "  ";

    private final List<Column> columns;
    private final List<Column> below;
    private final Screen screen;
    private int[] widths = {};

    Table(List<Column> all, Screen screen) {
        this.screen = screen;
        this.below = screen.interactive()
                ? all.stream().filter(column -> column.cut() == Cut.BELOW).toList()
                : List.of();
        this.columns = all.stream().filter(column -> !below.contains(column)).toList();
    }

    /** Prints a page of entries; before the first one, the titles. */
    void print(List<JsonNode> entries) {
        List<List<String>> rows = entries.stream().map(this::cells).toList();
        if (widths.length == 0) {
            widths = fitted(rows);
            List<String> titles = columns.stream().map(Column::heading).toList();
            screen.line(screen.faint(line(titles, false)));
        }
        for (int i = 0; i < rows.size(); i++) {
            screen.line(line(rows.get(i), true));
            for (Column column : below) {
                screen.say(INDENT + Text.clean(column.shown().apply(entries.get(i))));
            }
        }
    }

    private List<String> cells(JsonNode entry) {
        return columns.stream()
                .map(column -> Text.clean(column.shown().apply(entry)))
                .toList();
    }

    private int[] fitted(List<List<String>> rows) {
        int[] wanted = IntStream.range(0, columns.size())
                .map(i -> rows.stream()
                        .mapToInt(row -> Text.width(row.get(i)))
                        .reduce(columns.get(i).heading().length(), Math::max))
                .toArray();
        shrink(wanted, Cut.END, SENTENCE);
        shrink(wanted, Cut.MIDDLE, KEY);
        shrink(wanted, Cut.END, LEAST);
        shrink(wanted, Cut.LAST, 1);
        return wanted;
    }

    /** Takes from the widest column of this kind until the line fits, or none has more than the least. */
    private void shrink(int[] wanted, Cut cut, int least) {
        long over = Arrays.stream(wanted).asLongStream().sum()
                + (long) GAP.length() * (wanted.length - 1)
                - screen.columns();
        for (; over > 0; over--) {
            int widest = -1;
            for (int i = 0; i < wanted.length; i++) {
                if (columns.get(i).cut() == cut && wanted[i] > least && (widest < 0 || wanted[i] > wanted[widest])) {
                    widest = i;
                }
            }
            if (widest < 0) {
                return;
            }
            wanted[widest]--;
        }
    }

    private String line(List<String> row, boolean painted) {
        List<String> cells = new ArrayList<>();
        for (int i = 0; i < row.size(); i++) {
            Column column = columns.get(i);
            String text = screen.interactive() ? cut(row.get(i), column.cut(), widths[i]) : row.get(i);
            String cell = i == row.size() - 1 ? text : Text.padded(text, widths[i]);
            cells.add(painted && column.title().equals(STATE) ? screen.state(state(row.get(i)), cell) : cell);
        }
        return String.join(GAP, cells);
    }

    /** Of a cell that says more of it: {@code RETRYING, paused}. */
    private static String state(String cell) {
        int end = cell.indexOf(',');
        return end < 0 ? cell : cell.substring(0, end);
    }

    private static String cut(String text, Cut cut, int width) {
        return cut == Cut.MIDDLE ? Text.cutMiddle(text, width) : Text.cutEnd(text, width);
    }
}
