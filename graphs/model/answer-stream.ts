import { createParser } from "eventsource-parser";
import { cut } from "../../tools/cut.ts";
import { ModelError, ServerRefusal } from "./errors.ts";
import { errorIn, NOTHING, type Piece, parseData, readPiece } from "./piece.ts";

/**
 * The answer of a model server, piece by piece: a stream of server-sent events, or one JSON document where
 * the server does not stream. A chunk that cannot be read is left out and counted (`lost`); what is no chunk
 * (`null`, a keep-alive) is ignored.
 *
 * @throws ModelError `cut` when the answer has neither a finish reason nor `[DONE]`
 * @throws ServerRefusal when the server reports an error in the middle, or answers with something that is no
 * answer
 */
export async function* readAnswerStream(response: Response): AsyncGenerator<Piece> {
  if (isJson(response)) return yield* wholeAnswer(await response.text());
  const state = { finished: false, pieces: 0, lost: 0 };
  for await (const data of dataLines(response)) {
    if (data.trim() === "[DONE]") {
      state.finished = true;
      continue;
    }
    const chunk = parseData(data);
    refuseError(chunk);
    const piece = readPiece(chunk);
    if (piece === null) {
      // Only what looked like a chunk counts as lost; a keep-alive does not.
      if (chunk === undefined && data.trimStart().startsWith("{")) state.lost += 1;
      continue;
    }
    state.pieces += 1;
    state.finished ||= piece.finish !== undefined;
    yield withLost(piece, state);
  }
  const hasLost = state.lost > 0;
  if (hasLost) yield withLost(NOTHING, state);
  if (state.finished) return;
  if (state.pieces === 0 && !hasLost) throw new ServerRefusal(200, "");
  throw new ModelError("cut", "the model's answer broke off: it has neither a finish_reason nor [DONE]");
}

function withLost(piece: Piece, state: { lost: number }): Piece {
  if (state.lost === 0) return piece;
  const told = { ...piece, lost: state.lost };
  state.lost = 0;
  return told;
}

function isJson({ headers }: Response): boolean {
  return /\bjson\b/i.test(headers.get("content-type") ?? "");
}

function* wholeAnswer(text: string): Generator<Piece> {
  const answer = parseData(text);
  refuseError(answer);
  const piece = readPiece(answer);
  if (piece === null) throw new ServerRefusal(200, cut(text, 1_000));
  yield piece;
}

function refuseError(chunk: unknown): void {
  const error = errorIn(chunk);
  if (error !== undefined) throw new ServerRefusal(error.status, error.said);
}

/** The data of the events. Some servers leave out the empty line behind an event, also behind the last. */
async function* dataLines({ body }: Response): AsyncGenerator<string> {
  let data: string[] = [];
  const parser = createParser({ onEvent: (event) => data.push(event.data) });
  const decoder = new TextDecoder();
  for await (const bytes of body ?? []) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    if (data.length === 0) continue;
    const read = data;
    data = [];
    yield* read.flatMap(apart);
  }
  parser.feed(`${decoder.decode()}\n\n`);
  yield* data.flatMap(apart);
}

/** The lines of one event are one document, or, where empty lines between events are missing, one each. */
function apart(data: string): string[] {
  return data.includes("\n") && parseData(data) === undefined ? data.split("\n") : [data];
}
