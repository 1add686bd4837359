import { expect } from 'chai';
import type { ExchangeRecord } from '../../../src/pipeline/record.ts';
import { onBothDialects } from '../places.ts';
import { DAY, HOUR, NOON, partOf, promptOf, recordOf } from '../records.ts';

const model = (name: string) => ({ request: 'asked', response: name, priced_as: null });
const range = (from: number, to: number) => ({ from: new Date(NOON + from * HOUR), to: new Date(NOON + to * HOUR) });

onBothDialects('what parts of prompts came to', (place) => {
  const agents = partOf({
    kind: 'file',
    name: 'AGENTS.md',
    chars: 400,
    tokens: 100,
    read: 60,
    uncached: 40,
    cost_usd: '0.0003',
  });
  const records: ExchangeRecord[] = [
    recordOf({ agent: 'a', model: model('x'), prompt: promptOf(partOf(), agents), tools_called: { read_file: 2 } }),
    recordOf({ agent: 'a', model: model('x'), prompt: promptOf({ ...agents, chars: 600 }) }, NOON + 2.5 * HOUR),
    recordOf(
      { agent: 'b', model: model('y'), tenant: 'acme', prompt: promptOf({ ...agents, chars: 500, cost_usd: null }) },
      NOON + 2 * HOUR,
    ),
    recordOf({ agent: null, model: model('y'), tenant: 'acme', prompt: promptOf() }, NOON + 3 * HOUR),
    recordOf({ agent: 'c', model: model('z') }, NOON + 3 * HOUR),
    recordOf({ agent: 'd', prompt: promptOf(partOf({ name: 'bash' })) }, NOON - 1),
  ];

  it('is summed by part, the dearest first, with its newest size', async () => {
    const store = await place().filled(...records);
    await store.summed();
    const { parts, ...rest } = await store.queries.prompts(DAY);
    expect(rest).to.deep.equal({ turns: 4, agents: ['a', 'b'], models: ['x', 'y'] });
    expect(parts).to.deep.equal([
      {
        kind: 'file',
        name: 'AGENTS.md',
        turns: 3,
        chars: 1500,
        tokens: 300,
        read: 180,
        write: 0,
        write_1h: 0,
        uncached: 120,
        cost_usd: '0.0006',
        unpriced: 1,
        newest_chars: 600,
        newest: new Date(NOON + 2.5 * HOUR).toISOString(),
        called: 0,
      },
      {
        kind: 'tool',
        name: 'read_file',
        turns: 1,
        chars: 160,
        tokens: 40,
        read: 40,
        write: 0,
        write_1h: 0,
        uncached: 0,
        cost_usd: '0.00005',
        unpriced: 0,
        newest_chars: 160,
        newest: new Date(NOON).toISOString(),
        called: 2,
      },
    ]);
  });

  it('is narrowed by whole hours, agent, model and tenant', async () => {
    const store = await place().filled(...records);
    await store.summed();
    const turns = async (question: object): Promise<number[]> => {
      const sums = await store.queries.prompts({ ...DAY, ...question });
      return [sums.turns, ...sums.parts.map((part) => part.turns)];
    };
    expect(await turns(range(0.9, 1))).to.deep.equal([1, 1, 1]);
    expect(await turns(range(1, 2))).to.deep.equal([0]);
    expect(await turns(range(-0.5, 2.01))).to.deep.equal([4, 3, 1, 1]);
    expect(await turns({ agent: 'a' })).to.deep.equal([2, 2, 1]);
    expect(await turns({ model: 'y' })).to.deep.equal([2, 1]);
    expect(await turns({ tenant: 'acme' })).to.deep.equal([2, 1]);
    expect(await turns({ tenant: `acme' or 1=1 --` })).to.deep.equal([0]);
    const bad = store.queries.prompts({ from: new Date('x'), to: new Date() });
    expect(await bad.catch(({ code }) => code)).to.equal('bad_question');
  });

  it('grew point by point', async () => {
    const store = await place().filled(...records);
    await store.summed();
    const question = { ...range(-12, 24), kind: 'file', name: 'AGENTS.md', bucketMs: 1 } as const;
    const point = (hours: number, turns: number, chars: number, cost: string | null) => ({
      time: new Date(NOON + hours * HOUR).toISOString(),
      turns,
      chars,
      tokens: 100,
      cost_usd: cost,
    });
    expect(await store.queries.growth(question)).to.deep.equal([
      point(0, 1, 400, '0.0003'),
      point(2, 2, 550, '0.0003'),
    ]);
    expect(await store.queries.growth({ ...question, bucketMs: 24 * HOUR })).to.deep.equal([
      point(-12, 3, 500, '0.0006'),
    ]);
    expect(await store.queries.growth({ ...question, tenant: 'acme' })).to.deep.equal([point(2, 1, 500, null)]);
    expect(await store.queries.growth({ ...question, kind: 'tool' })).to.deep.equal([]);
    expect(await store.queries.growth({ ...question, kind: 'tool', name: 'read_file', agent: 'b' })).to.deep.equal([]);
  });

  it('has at most 400 points, however long the stretch', async () => {
    const rows = Array.from({ length: 900 }, (_, n) => recordOf({ prompt: promptOf(agents) }, NOON + n * HOUR));
    const store = await place().filled(...rows);
    await store.summed();
    const points = await store.queries.growth({ ...range(0, 900), kind: 'file', name: 'AGENTS.md', bucketMs: HOUR });
    expect(points.length).to.be.within(250, 400);
    expect(points.reduce((sum, { turns }) => sum + turns, 0)).to.equal(900);
  });

  it('lists the 500 dearest parts', async () => {
    const rows = Array.from({ length: 6 }, (_, row) =>
      recordOf({
        prompt: promptOf(
          ...Array.from({ length: 100 }, (_, n) =>
            partOf({ name: `t${row}-${n}`, cost_usd: `0.0${row}${String(n).padStart(2, '0')}1` }),
          ),
        ),
      }),
    );
    const store = await place().filled(...rows);
    await store.summed();
    const { parts } = await store.queries.prompts(DAY);
    expect(parts).to.have.lengthOf(500);
    expect([parts[0]?.name, parts[499]?.name]).to.deep.equal(['t5-99', 't1-0']);
  });
});
