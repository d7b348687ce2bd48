/** Did you mean: the known word nearest to a mistyped one. */

/** From how many letters on a word counts as the beginning of another. */
const PREFIX_MIN = 3;

/**
 * The candidate with the smallest edit distance (insert, delete, replace, swap of neighbours), if
 * it is near enough for a typing mistake: one edit in three characters, at most three. Failing
 * that, the shortest one that `word` is the beginning of.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const all = [...candidates];
  return mistyped(word, all) ?? cutShort(word, all);
}

function cutShort(word: string, candidates: readonly string[]): string | undefined {
  if (word.length < PREFIX_MIN) return undefined;
  const longer = candidates.filter((candidate) => candidate.startsWith(word));
  return longer.toSorted((a, b) => a.length - b.length)[0];
}

function mistyped(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.min(3, Math.max(1, Math.floor(word.length / 3)));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Optimal string alignment distance. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(previous[j - 1]! + (same ? 0 : 1), previous[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, before[j - 2]! + 1);
      }
      row.push(cost);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}
