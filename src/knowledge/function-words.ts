/**
 * Words that say how something is asked, and not what about; and those that stand in every event of a kind.
 */

const ENGLISH = `
a about after all am an and any anybody anyone anything are as at be because been before being between but by can could did do does doing done
else find for from get give go going got had has have having he her here him his how i if in into is it its just know last latest let list look
looking made make many may me more most much my need new next no not now of off on one or our out over own please recent recently say search see
she should show so some somebody someone something soon tell than that the their them then there these they thing things this those through to
today tomorrow too until up us very want was we week were what when where which while who whose why will with would yes yesterday yet you your
e mail mails email emails message messages document documents event events approval approvals subject recipient sender title content body sent
send received receive created wrote write written
`;

const KOREAN = `
가장 거 것 게 경우 그 그것 그리고 나 나의 내 내가 내게 너 너무 누가 누구 다 다른 다음 다음주 달 대한 대해 대해서 대하여 더 때 또 또는 뭐 뭐가 뭐야 뭔가 뭘 몇
무슨 무엇 무엇이 및 방법 법 아직 아주 어디 어디서 어디야 어느 어때 어떤 어떻게 언제 언제지 언제까지 언제까지야 언제부터 언제부터야 언제야 얼마 얼마나 얼마야 여기 오늘 온 왜 요즘 우리 이
이것 이런 이번 이번주 저 저것 저는 저의 전부 정도 제 제가 제일 좀 주 중 지금 지난 지난달 지난주 최근 하나요 하는 한 한테 할 해 했던 해야 하고
메일 이메일 문서 이벤트 관련 내용 어제 내일 모두 모든 혹시
`;

/** How words begin that ask for something, whatever their ending. */
const KOREAN_REQUESTS =
  /^(?:찾아|찾는|찾을|찾고|알려|보여|검색해|말해|설명해|요약해|정리해|확인해|추천해|풀어줘|주세요|주시|있[^\s]?|없[^\s]?|보낸|보냈|보내준|받은|받았|받나|왔|됐|되었|되나|관련된|관련한|관련해|싶|하나요|인가요|입니까|나요|까요|해줘|해주)/u;

const WORDS: ReadonlySet<string> = new Set(`${ENGLISH} ${KOREAN}`.split(/\s+/).filter(Boolean));

/** @param word in lower case */
export function isFunctionWord(word: string): boolean {
  return WORDS.has(word) || KOREAN_REQUESTS.test(word);
}

/** Particles and endings that Korean puts behind a noun; the longest first. */
const PARTICLES = [
  ...[
    "으로부터",
    "에서부터",
    "이라는",
    "에게서",
    "한테서",
    "으로써",
    "으로서",
    "이라고",
    "이었는지",
    "인지",
    "이에요",
    "예요",
    "까지는",
    "부터는",
  ],
  ...[
    "에서는",
    "에서",
    "에게",
    "한테",
    "께서",
    "부터",
    "까지",
    "처럼",
    "보다",
    "마다",
    "조차",
    "이나",
    "이랑",
    "으로",
    "라는",
    "라고",
    "에는",
    "하고",
    "이야",
    "인가",
  ],
  ...[
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에",
    "로",
    "와",
    "과",
    "도",
    "만",
    "께",
    "랑",
    "나",
    "야",
    "요",
  ],
].sort((a, b) => b.length - a.length);

/** Of what is left of a noun, in syllables: `회의` is no `회` with a particle. */
const SHORTEST_STEM = 2;

/** A Korean word without its particle. */
export function stemOf(word: string): string {
  const particle = PARTICLES.find(
    (each) => word.endsWith(each) && word.length - each.length >= SHORTEST_STEM,
  );
  return particle === undefined ? word : word.slice(0, -particle.length);
}
