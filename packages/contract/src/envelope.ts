import { z } from "zod";
import { agentStep } from "./agent-step.ts";
import { errorCode } from "./errors.ts";
import { failureData } from "./failures.ts";
import { jsonObject } from "./json-text.ts";
import { localDateTime } from "./times.ts";

/** What only agents add to an answer. */
export const agentMetadata = z.strictObject({
  traceId: z.string(),
  steps: z.array(agentStep),
  confidence: z.number().exactOptional(),
  additionalData: jsonObject,
});
export type AgentMetadata = z.output<typeof agentMetadata>;

const common = {
  message: z.string().describe("For a person, in the language that was asked for"),
  timestamp: localDateTime,
  agentMetadata,
};

/** The envelope (docs/contract.md, section 5) of an answer that holds `data`. */
export function successOf<Data extends z.ZodType>(data: Data) {
  return z.strictObject({ status: z.literal("SUCCESS"), ...common, success: z.literal(true), data });
}

/** The envelope of every error. */
export const failureEnvelope = z.strictObject({
  status: z.literal("ERROR"),
  ...common,
  success: z.literal(false),
  errorCode,
  data: failureData.exactOptional(),
});
export type FailureEnvelope = z.output<typeof failureEnvelope>;

export type SuccessEnvelope<Data = unknown> = Omit<
  z.output<ReturnType<typeof successOf<z.ZodUnknown>>>,
  "data"
> & { data: Data };

/** What Aura-Platform answers to everything but a stream. */
export type Envelope<Data = unknown> = SuccessEnvelope<Data> | FailureEnvelope;

/**
 * Any envelope of DWP, as it is read: services of Java write null for what is not there, and send no
 * metadata.
 */
export const anyEnvelope = z.looseObject({
  message: z.string(),
  data: z.unknown().optional(),
  errorCode: z.string().optional(),
  agentMetadata: z.looseObject({ traceId: z.string().optional() }).nullish(),
});
