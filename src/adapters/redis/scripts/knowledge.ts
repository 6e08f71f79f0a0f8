import { z } from "zod";
import { defineScript } from "../script.ts";

/** Per event 0 when it was received before. */
export const addKnowledge = defineScript(
  "add-knowledge",
  ["stream", "...seen"],
  ["seenTtlMs", "format", "...events"],
  z.array(z.literal([0, 1])),
);

/** How many were still there. */
export const finishKnowledge = defineScript("finish-knowledge", ["stream"], ["group", "...ids"], z.int());

export const buryKnowledge = defineScript(
  "bury-knowledge",
  ["stream", "dead"],
  ["group", "id", "most"],
  z.literal([0, 1]),
);

/** The entries as XRANGE answers them. */
export const claimKnowledge = defineScript(
  "claim-knowledge",
  ["stream"],
  ["group", "consumer", "idleMs", "limit", "silentMs"],
  z.unknown(),
);

/** 0 when it still holds events. */
export const leaveKnowledge = defineScript(
  "leave-knowledge",
  ["stream"],
  ["group", "consumer", "abandonedMs"],
  z.literal([0, 1]),
);
