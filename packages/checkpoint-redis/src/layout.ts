/**
 * Where things are. A thread is one ZSET whose scores are all 0, so that its members are sorted bytewise:
 *
 *   c <ns> <id>                   a checkpoint: parent, channel versions, metadata
 *   b <ns> <channel> <version>    the value that a channel has in this version
 *   w <ns> <id> <task> <index>    a pending write of a task on the checkpoint <id>
 *   !...                          the marker: this key is ours, in this format
 *
 * Names are NUL-terminated parts; the record follows the last one and begins with its own format version.
 */

/** Members are as binary as the values in them; `bytes` is a range's end or a key prefix. */
export interface Range {
  max: Buffer;
  min: Buffer;
}

export const MARKER = "!langgraph checkpoints, format 1";
/** The first byte of every record. */
export const RECORD_FORMAT = "1";

const LAST = Buffer.from([0xff]);

/** One part of a name. The escape keeps NUL out of it and the order of what it escapes. */
export function part(text: string): string {
  return `${text.replaceAll("%", "%25").replaceAll("\0", "%00")}\0`;
}

/** What `part` made, without its NUL. */
export function unescapePart(text: string): string {
  return text.includes("%") ? text.replaceAll("%00", "\0").replaceAll("%25", "%") : text;
}

export const checkpointsKey = (prefix: string, threadId: string) => `${prefix}thread:${threadId}`;
/** ZSET of all thread ids; the score is when the thread can be gone, Unix ms. */
export const indexKey = (prefix: string) => `${prefix}threads`;

export const checkpointName = (ns: string, id: string) => `c${part(ns)}${part(id)}`;
export const valueName = (ns: string, channel: string, version: string) =>
  `b${part(ns)}${part(channel)}${part(version)}`;
export const taskName = (ns: string, id: string, task: string) => `w${part(ns)}${part(id)}${part(task)}`;

/** Special writes have negative indices: shifted, so that the text sorts as the number does. */
export const indexName = (index: number) => part((index + 0x8000_0000).toString(16).padStart(8, "0"));

/** Exactly this checkpoint. */
export function checkpointRange(ns: string, id: string): Range {
  return under(checkpointName(ns, id));
}

/** The checkpoints of a namespace (of all of them when undefined). */
export function checkpointsRange(ns: string | undefined): Range {
  return under(ns === undefined ? "c" : `c${part(ns)}`);
}

/** The same range, but only what sorts before this checkpoint. */
export function olderThan(range: Range, ns: string, id: string): Range {
  return { max: Buffer.from(`(${checkpointName(ns, id)}`), min: range.min };
}

function under(name: string): Range {
  return { max: Buffer.concat([Buffer.from(`(${name}`), LAST]), min: Buffer.from(`[${name}`) };
}
