import { defaultTools } from "../tools/registry.ts";
import { buildGraph } from "./aura/build.ts";
import { createModel } from "./create-model.ts";
import { modelName } from "./model/default-model.ts";

// For LangGraph's dev server and Studio only; the service builds its own graph from its Config.

function variable(name: string): string | undefined {
  return process.env[name]?.trim() || undefined;
}

const apiKey = variable("OPENAI_API_KEY");
const baseUrl = variable("OPENAI_BASE_URL");

export const graph = buildGraph({
  // agent-chat-ui and agent-inbox answer without saying which of several approvals they mean.
  oneAtATime: true,
  model: createModel({
    model: modelName(variable("AURA_MODEL"), apiKey, baseUrl),
    apiKey,
    baseUrl,
  }),
  tools: defaultTools({
    mail: { smtpUrl: variable("SMTP_URL"), from: variable("MAIL_FROM") ?? "aura@dwp.local" },
  }),
});
