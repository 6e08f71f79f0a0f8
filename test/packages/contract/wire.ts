import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { EVENTS } from "@aura-platform/contract/events.ts";
import { FRAME_DATA } from "@aura-platform/contract/frames.ts";
import { z } from "zod";

const SOURCES = resolve(import.meta.dirname, "../../../packages/contract/src");

/** Every schema that the contract exports, by `<file>/<name>`. */
export async function wireSchemas(): Promise<Map<string, z.ZodType>> {
  const schemas = new Map<string, z.ZodType>();
  const add = (name: string, value: unknown) => {
    if (!(value instanceof z.ZodType)) return;
    if ([...schemas.values()].includes(value)) return;
    schemas.set(name, value);
  };
  for (const file of readdirSync(SOURCES).toSorted()) {
    const module: Record<string, unknown> = await import(pathToFileURL(resolve(SOURCES, file)).href);
    const names = Object.keys(module).toSorted();
    for (const name of names) add(`${file.replace(/\.ts$/, "")}/${name}`, module[name]);
  }
  for (const [type, data] of Object.entries(EVENTS)) add(`events/EVENTS.${type}`, data);
  for (const [type, data] of Object.entries(FRAME_DATA)) add(`frames/FRAME_DATA.${type}`, data);
  return schemas;
}
