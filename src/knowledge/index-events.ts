import type { KnowledgeDocument, KnowledgeIndex } from "../ports/knowledge-index.ts";
import type { KnowledgeEvent } from "./event.ts";

/**
 * Takes a batch of events into the index, in the order in which they arrived: a deletion takes the rows of what came before it,
 * and what comes after it stays. Repeating a batch changes nothing.
 */
export async function indexEvents(index: KnowledgeIndex, events: readonly KnowledgeEvent[]): Promise<void> {
  let rows: KnowledgeEvent[] = [];
  let documents: KnowledgeDocument[] = [];
  const removeAll = async () => {
    if (documents.length > 0) await index.remove(documents);
    documents = [];
  };
  const upsertAll = async () => {
    if (rows.length > 0) await index.upsert(rows);
    rows = [];
  };
  for (const event of events) {
    const document = deletedBy(event);
    if (document === null) {
      await removeAll();
      rows.push(event);
    } else {
      await upsertAll();
      documents.push(document);
    }
  }
  await upsertAll();
  await removeAll();
}

/** What an event deletes; null for every other event, one that deletes what is neither mail nor document included. */
function deletedBy({ eventType, tenantId, mailId, documentId }: KnowledgeEvent): KnowledgeDocument | null {
  if (!/Deleted(?:Event)?$/.test(eventType)) return null;
  // A document may belong to a mail and name it: when the document goes, the mail stays.
  const isMail = documentId === undefined || eventType.startsWith("Mail");
  if (isMail && mailId !== undefined) return { tenantId, mailId };
  return documentId === undefined ? null : { tenantId, documentId };
}
