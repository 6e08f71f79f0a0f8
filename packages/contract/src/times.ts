import { z } from "zod";

/** Of events and of signals: whole seconds since 1970. */
export const unixSeconds = z.number().describe("Unix seconds");

/** Of everything else that Aura-Platform and the HITL Manager keep. */
export const unixMs = z.number().describe("Unix ms");

/** Unix ms that a Date can name: what comes in a file is shown with its times. */
export const dateMs = z.number().min(0).max(8_640_000_000_000_000).describe("Unix ms");

/** As Java's LocalDateTime prints it: no zone, whole seconds. */
export const localDateTime = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/);
