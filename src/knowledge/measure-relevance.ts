import { type Embedder, EmbedderError } from "./embedder.ts";

/** What somebody may look for, and an event that answers it. No two are about the same. */
const PAIRS: readonly (readonly [query: string, event: string])[] = [
  [
    "구내식당 식단이 궁금해요",
    "Mail received\nsubject: 이번 주 구내식당 메뉴 안내\nbody: 월요일 점심은 비빔밥, 화요일은 돈가스입니다.",
  ],
  [
    "사무실 이사 날짜",
    "Mail received\nsubject: 본사 사무실 이전 일정\nbody: 11월 첫째 주에 새 건물로 사무실을 옮깁니다.",
  ],
  [
    "퇴직연금 설명회",
    "Mail received\nsubject: 퇴직연금 제도 설명회\nbody: 수요일 오후에 퇴직연금 전환 절차를 설명해 드립니다.",
  ],
  [
    "회의실 빔프로젝터 고장",
    "Approval created\ntitle: 프로젝터 수리 요청\ncontent: 3층 회의실 빔프로젝터 화면이 나오지 않아 수리를 요청합니다.",
  ],
  [
    "법인카드 분실 신고",
    "Mail sent\nsubject: 법인카드를 분실했습니다\nbody: 어제 택시에서 법인카드를 잃어버려 사용 정지를 부탁드립니다.",
  ],
  [
    "건강검진 예약",
    "Mail received\nsubject: 올해 건강검진 예약 안내\nbody: 10월까지 지정 병원에서 건강검진을 받아 주세요.",
  ],
  [
    "visitor badge for a guest",
    "Mail received\nsubject: Visitor badges\nbody: Please register your guests at the front desk, so that a visitor badge is ready for them.",
  ],
  [
    "air conditioning is too cold",
    "Mail sent\nsubject: Air conditioning on our floor\nbody: It is far too cold in the open office, could the air conditioning be turned down?",
  ],
  [
    "donation to the children's hospital",
    "Approval created\ntitle: Charity donation\ncontent: A donation of 5,000 to the children's hospital at the end of the year.",
  ],
  [
    "new logo design drafts",
    "Mail received\nsubject: Drafts of the new logo\nbody: The agency has sent three drafts of the logo in blue and green.",
  ],
  [
    "warehouse fire drill",
    "Mail received\nsubject: Fire drill in the warehouse\nbody: The alarm will sound at ten, please leave the warehouse by the marked exits.",
  ],
  [
    "translation of the user manual",
    "Approval approved\ntitle: Translation of the manual\ncontent: The user manual is to be translated into German and French.",
  ],
];
/** The share of the similarities of unrelated texts that lies below what counts as their upper end. */
const MOST = 0.99;
const HALF = 0.5;

/**
 * How far the threshold lies on the way from there to the related ones: people use other words than these
 * texts.
 */
const WAY = 1 / 3;

/**
 * Measures the least cosine similarity of two related texts for this embedder: it lies above what the
 * embedder gives unrelated texts, on the way to what it gives related ones. Models differ so much in this
 * that no number holds for two of them.
 *
 * @throws EmbedderError also when it sees no difference
 */
export async function measureRelevance(
  embedder: Pick<Embedder, "name" | "embed">,
  signal?: AbortSignal,
): Promise<number> {
  const vectors = await embedder.embed(PAIRS.flat(), signal);
  const related: number[] = [];
  const unrelated: number[] = [];
  for (const at of PAIRS.keys()) {
    for (const other of PAIRS.keys()) {
      const similarity = cosine(vectors[2 * at], vectors[2 * other + 1]);
      (at === other ? related : unrelated).push(similarity);
    }
  }
  const [above, below] = [quantile(related, HALF), quantile(unrelated, MOST)];
  // Not `above <= below`: with a missing vector one of them is NaN.
  if (!(above > below)) {
    throw new EmbedderError(
      "unavailable",
      `${embedder.name} does not tell texts about one thing from texts about others`,
    );
  }
  return below + (above - below) * WAY;
}

function cosine(a: readonly number[] = [], b: readonly number[] = []): number {
  const dot = a.reduce((sum, value, at) => sum + value * (b[at] ?? Number.NaN), 0);
  return dot / (Math.hypot(...a) * Math.hypot(...b));
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
}
