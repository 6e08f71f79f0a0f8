import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { reasonOf } from "@aura-platform/client/failures.ts";
import { decodeText, NO_TEXT } from "../encoding/decode-text.ts";
import { CommandFailure } from "./failure.ts";

/**
 * The text of a file that a person names, or of stdin.
 *
 * @param file its path; `-` is stdin where there is one
 * @throws CommandFailure that names the file, when it cannot be read or is no text
 */
export async function readDocument(file: string, stdin?: NodeJS.ReadableStream): Promise<string> {
  const text = decodeText(await bytesOf(file, stdin));
  if (text === null) throw new CommandFailure(`${nameOf(file, stdin)} is ${NO_TEXT}`, 1);
  return text;
}

/** How the file is called in what a person reads. */
export function nameOf(file: string, stdin?: NodeJS.ReadableStream): string {
  return stdin !== undefined && file === "-" ? "stdin" : file;
}

async function bytesOf(file: string, stdin: NodeJS.ReadableStream | undefined): Promise<Uint8Array> {
  try {
    return stdin !== undefined && file === "-" ? await buffer(stdin) : await readFile(file);
  } catch (error) {
    throw new CommandFailure(`${nameOf(file, stdin)} cannot be read: ${reasonOf(error)}`, 1, error);
  }
}
