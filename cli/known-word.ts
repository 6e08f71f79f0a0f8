/**
 * What a table says of a word that the service has sent; undefined for a word that the table does not have:
 * newer services have more words, and strangers may send `constructor`.
 */
export function knownWord<T>(table: Readonly<Record<string, T>>, word: unknown): T | undefined {
  return typeof word === "string" && Object.hasOwn(table, word) ? table[word] : undefined;
}
