package dev.stepstile.cli.rows;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A row as it was read.
 *
 * @param number the first row of data is 1; headers and empty lines are not counted
 * @param line of the input on which it begins; the first is 1
 * @param value what the row holds: an input, or a step
 */
record Row(int number, long line, JsonNode value) {
    /** How a message names the row. */
    String name() {
        return "line " + line + (number == line ? "" : " (row " + number + ")");
    }
}
