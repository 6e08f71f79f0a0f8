/**
 * The model that the environment asks for: AURA_MODEL, else a current OpenAI model when a key or a base URL
 * is set, else the offline demo. In a file without imports, because the configuration is read before
 * LangChain is loaded.
 */
export function modelName(
  asked: string | undefined,
  apiKey: string | undefined,
  baseUrl: string | undefined,
): string {
  return asked ?? ((apiKey ?? baseUrl) ? "gpt-5.5" : "demo");
}
