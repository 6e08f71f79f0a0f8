import type { z } from "zod";
import { StoredDataError } from "./errors.ts";
import { RECORD_FORMAT, unescapePart } from "./layout.ts";
import type { SerializedValue } from "./stored.ts";

type Kind = "c" | "b" | "w";

/** Reads one member of a thread from front to back. Whatever is not as expected: StoredDataError. */
export class MemberReader {
  readonly #member: Buffer;
  readonly #key: string;
  readonly #kind: Kind;
  #at = 1;

  constructor(member: Buffer, key: string, kind: Kind) {
    this.#member = member;
    this.#key = key;
    this.#kind = kind;
    if (member[0] !== kind.charCodeAt(0)) this.fail("is not of the expected kind");
  }

  /** The next NUL-terminated part. */
  text(): string {
    const end = this.#member.indexOf(0, this.#at);
    if (end < 0) this.fail("is truncated");
    const text = this.#member.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return unescapePart(text);
  }

  number(): number {
    const text = this.text();
    const number = Number(text);
    if (text === "" || !Number.isFinite(number)) this.fail("has no number where one belongs");
    return number;
  }

  /** How many things follow; each takes at least one byte. */
  count(): number {
    const count = this.number();
    if (!Number.isInteger(count) || count < 0 || count > this.#member.length - this.#at) {
      this.fail("is truncated");
    }
    return count;
  }

  flag(): boolean {
    const text = this.text();
    if (text !== "0" && text !== "1") this.fail("has no flag where one belongs");
    return text === "1";
  }

  /** The record's format; a newer version of this package may write others. */
  format(): void {
    const found = this.#member.toString("latin1", this.#at, this.#at + 1);
    if (found !== RECORD_FORMAT) this.fail(`has format ${JSON.stringify(found)}, not ${RECORD_FORMAT}`);
    this.#at += 1;
  }

  jsonText<T>(schema: z.ZodType<T>): T {
    return this.#parse(schema, this.text());
  }

  /** A length and so many bytes of JSON. */
  json<T>(schema: z.ZodType<T>): T {
    return this.#parse(schema, this.#bytes().toString("utf8"));
  }

  /** A value and the name of its encoding. A copy: a value must not keep a whole reply in memory. */
  typed(): SerializedValue {
    return { type: this.text(), data: new Uint8Array(this.#bytes()) };
  }

  /** Everything up to here, as written. */
  consumed(): string {
    return this.#member.toString("utf8", 0, this.#at);
  }

  end(): void {
    if (this.#at !== this.#member.length) this.fail("has more bytes than it should");
  }

  fail(problem: string): never {
    const name = { c: "a checkpoint", b: "a channel value", w: "a pending write" }[this.#kind];
    throw new StoredDataError(this.#key, `holds ${name} that ${problem}`);
  }

  #bytes(): Buffer {
    const length = this.count();
    const bytes = this.#member.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  #parse<T>(schema: z.ZodType<T>, text: string): T {
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      return this.fail("cannot be parsed");
    }
  }
}
