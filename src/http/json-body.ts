import type { FastifyInstance } from "fastify";
import { isTextDeeperThan, MAX_JSON_DEPTH } from "../../tools/json-depth.ts";
import { AuraError } from "../errors.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** How deep the body's JSON may nest. Default: MAX_JSON_DEPTH. */
    jsonDepth?: number;
  }
}

/**
 * How bodies of type application/json are read on every route. Nothing at all is no body: many clients send the type with
 * a DELETE or a cancel too. What nests too deeply is refused (E4000) before it is parsed, so that no line behind this one can run out
 * of stack over it.
 */
export function readJsonBodies(app: FastifyInstance): void {
  // Refuses `__proto__` and `constructor.prototype`.
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser<string>("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") return done(null, undefined);
    const most = request.routeOptions.config.jsonDepth ?? MAX_JSON_DEPTH;
    if (!isTextDeeperThan(body, most)) return parse(request, body, done);
    const issues = [{ path: "", message: `nested deeper than ${most}` }];
    done(new AuraError("E4000", { data: { issues }, detail: "nested too deeply" }));
  });
}
