/** Who hears of which events, without a Xen. */

import { expect, test } from 'vitest';
import { port } from '../../core/ids.ts';
import { PortListeners } from './port-listeners.ts';

function open(...numbers: number[]) {
  const listening: boolean[] = [];
  const ports = new PortListeners((somebody) => listening.push(somebody));
  for (const number of numbers) ports.add(port(number));
  const said: string[] = [];
  const listen = (number: number, name: string): void =>
    ports.listen(
      port(number),
      () => void said.push(name),
      () => void said.push(`${name} closed`),
    );
  return { ports, listening, said, listen };
}

const soon = (): Promise<void> => Promise.resolve();

test('a listener hears of each event, soon, and of its own port alone', async () => {
  const { ports, said, listen } = open(3, 4);
  listen(3, 'three');
  listen(4, 'four');
  ports.raise(port(3));
  expect(said).toEqual([]);
  await soon();
  ports.raise(port(4));
  ports.raise(port(3));
  await soon();
  expect(said).toEqual(['three', 'four', 'three']);
});

test('from the event loop a listener hears at once, or when it comes', async () => {
  const { ports, said, listen } = open(3, 4);
  listen(3, 'three');
  ports.raiseNow(port(3));
  ports.raiseNow(port(4));
  expect(said).toEqual(['three']);
  listen(4, 'four');
  await soon();
  expect(said).toEqual(['three', 'four']);
});

test('of events before it listened it hears once', async () => {
  const { ports, said, listen } = open(3);
  ports.raise(port(3));
  ports.raise(port(3));
  listen(3, 'three');
  await soon();
  expect(said).toEqual(['three']);
});

test('somebody listens until the last listened port is closed', async () => {
  const { ports, listening, said, listen } = open(3, 4, 5);
  listen(3, 'three');
  listen(4, 'four');
  ports.remove(port(5));
  ports.remove(port(3));
  expect(listening).toEqual([true]);
  ports.remove(port(4));
  expect(listening).toEqual([true, false]);
  await soon();
  expect(said).toEqual(['three closed', 'four closed']);
});

test('a port that is closed before its event was told of tells of it no more', async () => {
  const { ports, said, listen } = open(3);
  listen(3, 'old');
  ports.raise(port(3));
  ports.remove(port(3));
  ports.add(port(3));
  listen(3, 'new');
  await soon();
  expect(said).toEqual(['old closed']);
  ports.raise(port(3));
  await soon();
  expect(said).toEqual(['old closed', 'new']);
});

test('a closed port is unknown, and an open one has one listener', () => {
  const { ports, listen } = open(3, 4);
  ports.remove(port(3));
  expect(ports.has(port(3))).toBe(false);
  expect(ports.all()).toEqual([4]);
  expect(() => listen(3, 'three')).toThrow('not open');
  expect(() => ports.raise(port(3))).toThrow('not open');
  expect(() => ports.remove(port(3))).toThrow('not open');
  listen(4, 'four');
  expect(() => listen(4, 'again')).toThrow('has a listener already');
});
