import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { McpError } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { type RequestLimits, withinLimits } from "./request.ts";

/** What a server lists, unchecked. */
export interface Listing {
  tools: readonly unknown[];
  /** Why its list was not read to the end; null when it was. */
  cut: string | null;
}

/** Most pages and tools of a list: a server's list may never end. */
const MAX_PAGES = 50;
const MAX_LISTED = 2_000;

/**
 * Servers write null for no tools, and null, "" and false for the end; a cursor may be any other text or
 * number.
 */
const page = z.looseObject({
  tools: z.array(z.unknown()).nullish(),
  nextCursor: z
    .union([z.string().min(1), z.number()])
    .optional()
    .catch(undefined),
});

/**
 * Reads a server's list, page by page. Not the SDK's listTools: it refuses the whole list for one bad tool,
 * and compiles the server's output schemas to code.
 *
 * @throws as withinLimits, which holds for each page
 */
export async function listTools(client: Client, limits: RequestLimits): Promise<Listing> {
  const tools: unknown[] = [];
  const seen = new Set<string | number>();
  let cursor: string | number | undefined;
  for (let count = 0; count < MAX_PAGES; count += 1) {
    const answer = await askFor(cursor, client, limits);
    const listed = answer?.tools ?? [];
    tools.push(...listed.slice(0, MAX_LISTED - tools.length));
    if (tools.length === MAX_LISTED) return { tools, cut: `it has more than ${MAX_LISTED} tools` };
    cursor = answer?.nextCursor;
    if (cursor === undefined) return { tools, cut: null };
    if (seen.has(cursor)) return { tools, cut: "its cursors repeat" };
    seen.add(cursor);
  }
  return { tools, cut: `it has more than ${MAX_PAGES} pages` };
}

/** Null from a server that says that it has no tools and does not want to be asked. */
async function askFor(
  cursor: string | number | undefined,
  client: Client,
  limits: RequestLimits,
): Promise<z.output<typeof page> | null> {
  const params = cursor === undefined ? {} : { cursor };
  try {
    return await withinLimits(limits, (options) =>
      client.request({ method: "tools/list", params }, page, options),
    );
  } catch (error) {
    const hasNone = client.getServerCapabilities()?.tools === undefined;
    if (hasNone && error instanceof McpError) return null;
    throw error;
  }
}
