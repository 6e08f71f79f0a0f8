import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { DemoChatModel } from "./demo/model.ts";
import { CompatibleChatModel } from "./model/compatible-model.ts";
import { patientFetch } from "./model/patient-fetch.ts";

interface ModelSettings {
  /** `demo` for the offline model, else the name of a model at the endpoint. */
  model: string;
  apiKey?: string | undefined;
  /** Any OpenAI-compatible endpoint, up to and including `/v1`. Default: OpenAI itself. */
  baseUrl?: string | undefined;
  /** How long the server may be silent, before and during its answer, in ms. Default: 120 s. */
  timeoutMs?: number | undefined;
  /** Retries of a request that is answered by 429 or 5xx. Default: 3. */
  maxRetries?: number | undefined;
  /** Delay before the first retry, in ms; it doubles with each. Default: 500 ms. */
  retryDelayMs?: number | undefined;
}

/** The chat model that the settings name. */
export function createModel(settings: ModelSettings): BaseChatModel {
  if (settings.model === "demo") return new DemoChatModel({});
  const { model, apiKey, baseUrl, timeoutMs = 120_000, maxRetries = 3, retryDelayMs = 500 } = settings;
  return new CompatibleChatModel({
    model,
    // OpenAI's client demands a key. Servers that need none ignore it, and OpenAI itself answers 401.
    apiKey: apiKey ?? "none",
    streamUsage: true,
    // patientFetch retries and times out. LangChain's own retries would multiply with these, give up on a 429
    // without Retry-After and repeat refused connections; OpenAI's timeout ends with the response's headers.
    maxRetries: 0,
    timeout: (timeoutMs + 60_000) * (maxRetries + 1),
    configuration: {
      ...(baseUrl === undefined ? {} : { baseURL: baseUrl }),
      fetch: patientFetch({ timeoutMs, maxRetries, retryDelayMs }),
    },
  });
}
