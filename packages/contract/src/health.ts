import { z } from "zod";

/** How domain events are searched at this moment. It quotes nothing that a server has said. */
export const knowledgeState = z.strictObject({
  embedder: z.string(),
  dimensions: z.number().describe("Length of its vectors"),
  /**
   * `ok`: by words and by meaning. `words`: by words alone, for the reason. `embedding`: by words, and by
   * meaning but for those events that are `left`. `failed`: not at all, for the reason.
   */
  state: z.enum(["ok", "words", "embedding", "failed"]),
  reason: z.string().exactOptional(),
  left: z.number().exactOptional().describe("Events that are still to be embedded"),
  waiting: z.number().exactOptional().describe("Events that have been received and are in no index yet"),
});
export type KnowledgeState = z.output<typeof knowledgeState>;

/** Answer of `GET /health`: the process is alive. */
export const health = z.strictObject({ status: z.literal("UP") });
export type Health = z.output<typeof health>;

/** Answer of `GET /ready`: its backend answers too. `knowledge` may be unwell while the service is ready. */
export const readiness = health.extend({ backend: z.string(), knowledge: knowledgeState.exactOptional() });
export type Readiness = z.output<typeof readiness>;
