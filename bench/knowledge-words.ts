/** 4,000 words, Korean and English, used as words are: a few often, most rarely. */
const SYLLABLES =
  "가나다라마바사아자차카타파하고노도로모보소오조초코토포호구누두루무부수우주추쿠투푸후기니디리미비시이지치키티피히";
const LATIN = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split(" ");
const WORDS = Array.from({ length: 4_000 }, (_, n) => {
  const pick = <T>(from: ArrayLike<T>, at: number) =>
    from[(n * 2_654_435_761 + at * 40_503 + (n >> at)) % from.length];
  const pieces = n % 2 === 0 ? SYLLABLES : LATIN;
  return Array.from({ length: 2 + (n % 3) }, (_, at) => pick<string>(pieces, at)).join("");
});
/** The same words for the same seed. */
export function words(seed: number, count: number): string {
  let state = seed * 747_796_405 + 2_891_336_453;
  const random = () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_507) + 0x9e3779b9) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, () => WORDS[Math.floor(WORDS.length * random() ** 2)]).join(" ");
}
