import type { FastifyInstance } from "fastify";
import { decodeText, NO_TEXT } from "../../encoding/decode-text.ts";
import { exactJson, mayLoseNumbers } from "../../tools/exact-json.ts";
import { isTextDeeperThan, MAX_JSON_DEPTH } from "../../tools/json-depth.ts";
import { AuraError } from "../errors.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** How deep the body's JSON may nest. Default: MAX_JSON_DEPTH. */
    jsonDepth?: number;
  }
}

/**
 * How bodies of type application/json are read on every route: as UTF-8, or as UTF-16 with its mark; bytes
 * that are neither are refused, never replaced. Nothing at all is no body: many clients send the type with a
 * DELETE or a cancel too. What nests too deeply is refused (E4000) before it is parsed, so that no line
 * behind this one can run out of stack over it. A number that JavaScript cannot hold comes as its text.
 */
export function readJsonBodies(app: FastifyInstance): void {
  // Refuses `__proto__` and `constructor.prototype`.
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, bytes, done) => {
    const body = decodeText(bytes);
    if (body === null) return done(refusal(NO_TEXT));
    if (body === "") return done(null, undefined);
    const most = request.routeOptions.config.jsonDepth ?? MAX_JSON_DEPTH;
    if (isTextDeeperThan(body, most)) return done(refusal(`nested deeper than ${most}`));
    parse(request, body, (error, value) => {
      // Parsed again: the first one refuses names, and the second keeps numbers.
      if (error || !mayLoseNumbers(body)) done(error, value);
      else done(null, exactJson(body));
    });
  });
}

function refusal(message: string): AuraError {
  return new AuraError("E4000", { data: { issues: [{ path: "", message }] }, detail: message });
}
