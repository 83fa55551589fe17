// Counts the lines of a file and computes its SHA-256.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

const { file } = JSON.parse(readFileSync(0, "utf8"));

if (!existsSync(file)) {
  console.error(`There is no file '${file}'.`);
  process.exit(65); // another attempt would find none either
}
if (existsSync(`${file}.lock`)) {
  console.log(JSON.stringify({ seconds: 5, message: `${file} is still being written.` }));
  process.exit(75);
}
console.error(`reading ${file}`);
const content = readFileSync(file);
const result = {
  attempt: Number(process.env.STEPSTILE_ATTEMPT),
  file,
  lines: content.reduce((lines, byte) => lines + (byte === 10 ? 1 : 0), 0),
  sha256: createHash("sha256").update(content).digest("hex"),
};
console.log(JSON.stringify(result));
