import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { measureRelevance } from "../../src/knowledge/measure-relevance.ts";
import { RELEVANT_SHARE, readQuery } from "../../src/knowledge/relevance.ts";
import { meaningVectors } from "../helpers/meaning.ts";

const isRelevant = (query: string, text: string) => readQuery(query).share(text) >= RELEVANT_SHARE;
const OFFER =
  "Mail received\nmailId: m-77\nsender: choi@hanbit.co.kr\nsubject: 복합기 견적서 회신\nbody: 요청하신 복합기 20대의 견적서를 보내드립니다. 납기는 3주입니다.";
const SHIPMENT =
  "Mail received\nsender: li@factory.example\nsubject: Shipment delayed\nbody: Container MSKU-7712345 left Shanghai two days late because of a storm.";
const TEXTS = [OFFER, SHIPMENT];

describe("a text has to do with a query", () => {
  test.each([
    ["견적서", OFFER],
    ["견적서를 찾아줘", OFFER],
    ["복합기 견적서 왔어?", OFFER],
    ["복합기견적서", OFFER],
    ["한빛이 아니라 hanbit에서 보낸 견적", OFFER],
    ["납기가 몇 주지", OFFER],
    ["choi@hanbit.co.kr", OFFER],
    ["m-77", OFFER],
    ["where is container MSKU-7712345", SHIPMENT],
    ["msku-7712345", SHIPMENT],
    ["delayed shipments", SHIPMENT],
    ["what did the factory say?", SHIPMENT],
    ["Shangai storm", SHIPMENT],
    ["STORM!", SHIPMENT],
  ])("%s", (query, text) => {
    expect(TEXTS.filter((each) => isRelevant(query, each))).toEqual([text]);
  });
});

test.each([
  "바다낚시 포인트",
  "라면 맛있게 끓이는 법",
  "결혼식 축의금은 얼마가 적당해?",
  "보내 주신 것 중에 있나요 미술관 관람권",
  "how many calories has a banana",
  "who painted the Mona Lisa",
  "is there anything about the zoo?",
  "MSKU-7712346",
  "MSKU-77123",
  "li@factory.test",
  "lee@hanbit.co.kr",
])("nothing has to do with: %s", (query) => {
  expect(TEXTS.filter((each) => isRelevant(query, each))).toEqual([]);
});

test("words that only ask count when there are no others", () => {
  expect(readQuery("메일을 보내준 사람이 있어?").words).toEqual(["사람"]);
  expect(readQuery("received mails").words).toEqual(["received", "mails"]);
  expect(isRelevant("received", SHIPMENT)).toBe(true);
});

test("a noun keeps a syllable that only looks like a particle", () => {
  for (const noun of ["회의", "휴가", "나이", "제도", "거래"]) expect(readQuery(noun).words).toEqual([noun]);
  expect(readQuery("회의에서 휴가를 관리자가 보고서의").words).toEqual(["회의", "휴가", "관리자", "보고서"]);
});

test("whatever is asked of whatever text, there is a share between 0 and 1, and some of what it says itself", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 200 }),
    fc
      .array(
        fc.constantFrom(
          "예산",
          "보고서를",
          "mail",
          "a-1",
          "@",
          "\n",
          " ",
          "\ud800",
          "İ",
          "ﬀ",
          "-",
          "x".repeat(300),
        ),
        {
          maxLength: 30,
        },
      )
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, text, (query, of) => {
      const read = readQuery(query);
      const share = read.share(of);
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1 + 1e-9);
      if (read.words.length + read.exact.length > 0) expect(read.share(query)).toBeGreaterThan(0);
      else expect(read.share(query)).toBe(0);
    }),
    { numRuns: 500 },
  );
});

describe("from which similarity on texts have to do with each other", () => {
  const embedder = (embed: (texts: readonly string[]) => Promise<number[][]>) => ({ name: "model", embed });

  test("lies between what a model makes of texts that do and of texts that do not, wherever that is", async () => {
    const least = await measureRelevance(embedder(meaningVectors));
    expect(least).toBeGreaterThan(0.2);
    expect(least).toBeLessThan(0.6);
    // As of models whose vectors all look one way: a long common part.
    const narrow = embedder(async (texts) => (await meaningVectors(texts)).map((vector) => [3, ...vector]));
    const high = await measureRelevance(narrow);
    expect(high).toBeGreaterThan(0.9);
    expect(high).toBeLessThan(0.97);
  });

  test.each<[string, (texts: readonly string[]) => number[][]]>([
    ["the same vector for everything", (texts) => texts.map(() => [1, 2, 3])],
    ["vectors by length", (texts) => texts.map(({ length }) => [length, 1000 - length])],
    [
      "vectors at random",
      (texts) => texts.map((_, n) => [Math.sin(n * 12.9), Math.cos(n * 78.2), Math.sin(n * 3.7)]),
    ],
    ["too few", () => [[1, 0]]],
  ])("is none for a model that gives %s", async (_, vectors) => {
    await expect(measureRelevance(embedder(async (texts) => vectors(texts)))).rejects.toThrow(
      "model does not tell texts about one thing from texts about others",
    );
  });
});
