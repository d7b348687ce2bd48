// The order of the lab's files: two hosts side by side end together if the longest begin first.
import {
  BaseSequencer,
  type TestSequencer,
  type TestSpecification,
  type Vitest,
} from 'vitest/node';

const LONGEST = ['stubdom.lab', 'vm.lab', 'xenstored.lab'] as const;

/** Place in the list above; files of other kinds come after them, in vitest's order. */
const placeOf = (path: string): number => {
  const place = LONGEST.findIndex((name) => path.includes(`/${name}`));
  return place < 0 ? LONGEST.length : place;
};

const isLab = ({ project }: TestSpecification): boolean => project.name.startsWith('lab-');

/** Vitest runs one project's files after the other's; these belong to both. */
export class LongestFirst implements TestSequencer {
  readonly #usual: TestSequencer;

  constructor(vitest: Vitest) {
    this.#usual = new BaseSequencer(vitest);
  }

  async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    return this.#usual.shard(files);
  }

  async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await this.#usual.sort(files);
    const lab = sorted.filter(isLab).toSorted((a, b) => placeOf(a.moduleId) - placeOf(b.moduleId));
    return [...sorted.filter((file) => !isLab(file)), ...lab];
  }
}
