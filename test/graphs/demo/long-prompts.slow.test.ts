import { it } from "vitest";
import { readRequests } from "../../../graphs/demo/requests.ts";
import { writtenIn } from "../../../graphs/state/language.ts";

const KIM = "kim@example.com";

const PARTS = [
  "a@x.com send ",
  "제목 ",
  "subject ",
  "and tell me ",
  "내용 메일 ",
  "a",
  " ",
  "@.",
  "and send ",
  "'",
  ' "',
  "“",
  "「",
  "what ",
  "which ",
  "list ",
  "recent ",
  "find ",
  ".",
  "search for .",
  "최근 ",
  "찾아",
  " 좀",
  "a.",
  "가@",
  "@",
  "<",
  "with ",
  ", and the ",
  "라고 ",
  "と",
  "cc ",
  "x@y.zz, ",
  "cc x@y.zz ",
  "subject: body: ",
  'body: "" ',
  '"a" <x@y.zz>, ',
  "<x@y.zz> ",
  "제목: 내용: ",
  "message to ",
  "\n",
  "and another ",
  "time ",
  "지금 ",
  '\\"',
  "saying hello and send to b@x.com ",
];
it.each(PARTS)("whatever is given is read in proportion to its length: %j", (part) => {
  for (const head of [`send mail ${KIM} `, "", "what ", "find ", "제목 "]) {
    const prompt = `${head}${part.repeat(400_000)}`.slice(0, 400_000);
    readRequests(prompt, writtenIn(prompt) ?? "en");
  }
});
