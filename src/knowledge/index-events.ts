import type { KnowledgeDeletion, KnowledgeIndex } from "../ports/knowledge-index.ts";
import type { KnowledgeEvent } from "../records/domain-event.ts";

/**
 * Takes a batch of events into the index, in the order in which they arrived: a deletion takes the rows of
 * what came before it, and what comes after it stays. Repeating a batch changes nothing.
 */
export async function indexEvents(index: KnowledgeIndex, events: readonly KnowledgeEvent[]): Promise<void> {
  let rows: KnowledgeEvent[] = [];
  let deletions: KnowledgeDeletion[] = [];
  const removeAll = async () => {
    if (deletions.length > 0) await index.remove(deletions);
    deletions = [];
  };
  const upsertAll = async () => {
    if (rows.length > 0) await index.upsert(rows);
    rows = [];
  };
  for (const event of events) {
    const deletion = deletedBy(event);
    if (deletion === null) {
      await removeAll();
      rows.push(event);
    } else {
      await upsertAll();
      deletions.push(deletion);
    }
  }
  await upsertAll();
  await removeAll();
}

/**
 * What an event deletes; null for every other event, one that deletes what is neither mail nor document
 * included.
 */
function deletedBy({
  eventType,
  tenantId,
  mailId,
  documentId,
  at,
}: KnowledgeEvent): KnowledgeDeletion | null {
  if (!/Deleted(?:Event)?$/.test(eventType)) return null;
  // A document may belong to a mail and name it: when the document goes, the mail stays.
  const isMail = documentId === undefined || eventType.startsWith("Mail");
  if (isMail && mailId !== undefined) return { tenantId, kind: "mail", id: mailId, at };
  return documentId === undefined ? null : { tenantId, kind: "document", id: documentId, at };
}
