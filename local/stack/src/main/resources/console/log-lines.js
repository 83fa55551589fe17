// Lines of a log, as people read them.

const RECORD = "\u001e";

/** A line; a record that a process reported, as text. */
export function line(text) {
  if (!text.startsWith(RECORD)) {
    return text;
  }
  try {
    const record = JSON.parse(text.slice(1));
    return record.stderr ?? (record.log ? `${record.log.level} ${record.log.message}` : text.slice(1));
  } catch {
    return text.slice(1);
  }
}
