import { z } from "zod";

/** An object whose fields are not the contract's. */
export const jsonObject = z.record(z.string(), z.unknown());

/** JSON in a text, as Main Service's records hold it. */
export const jsonText = z.string().refine(isJson, { error: "must be JSON text" });

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
