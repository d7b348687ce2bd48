import { expect, test } from 'vitest';
import { cool, definitionsOf } from './heat.ts';

const SOURCE = `/* about it */
static int hot_one(int a,
                   int b)
{
    return a + b;
}

#define X 1
static __attribute__((unused)) void cold_one(void)
{
    if (X) {
    }
}
static inline int taken_in(int a)
{
    return a;
}

static const struct thing things[] =
{
    { 1 },
};

struct thing
{
    int a;
};

int declared(int a);
int last_one(void)
{
    return 1;
}`;

test('definitions are told from tables, types, declarations and inline functions', () => {
  const found = definitionsOf(SOURCE.split('\n'));
  expect(found).toEqual([
    { name: 'hot_one', first: 1, last: 5 },
    { name: 'cold_one', first: 8, last: 12 },
    { name: 'last_one', first: 29, last: 32 },
  ]);
});

test('all but hot functions are for size, and nothing else is changed', () => {
  const cooled = cool(SOURCE, new Set(['hot_one']));
  const regions = cooled.match(
    /#pragma GCC push_options\n.*"Os"\)\n.*\n[\s\S]*?\n#pragma GCC pop_options/g,
  );
  expect(regions?.map((text) => /(\w+)\(void\)/.exec(text)?.[1])).toEqual(['cold_one', 'last_one']);
  expect(cooled.replaceAll(/^#pragma.*\n?/gm, '').trimEnd()).toBe(SOURCE);
});

test('a hot function that is not there is an error', () => {
  expect(() => cool(SOURCE, new Set(['hot_one', 'hot_two']))).toThrow('no function hot_two');
});
