/**
 * FailoverBench's sixteen scenarios through a gateway that runs, in two dialects: with routes
 * that hold an answer until it is whole (`restart`), with such that do not, and without a gateway,
 * which shows that the provider does break. What docs/failover.md tells is what is held here.
 */
import { expect } from 'chai';

import { awake } from '../support/careful-client.ts';
import { type Cell, DIALECTS, run, SCENARIOS, yamlOf } from '../support/failover.ts';
import { PIPELINE, startGateway, type TestGateway } from '../support/gateway.ts';
import type { Verdict } from '../support/scorecard.ts';
import { read, tableBelow } from '../support/source.ts';
import { startWall, type Wall } from '../support/wall.ts';
import type { Dialect } from '../support/wall-answers.ts';

/** What each mode comes to, and how often the provider and the other target are asked by both routes. */
const EXPECTED: Readonly<
  Record<string, { verdicts: readonly [restart: Verdict, plain: Verdict, alone: Verdict]; calls: readonly string[] }>
> = {
  S01: { verdicts: ['pass', 'pass', 'safe'], calls: ['2 + 0', '2 + 0'] },
  S02: { verdicts: ['pass', 'pass', 'safe'], calls: ['1 + 1', '1 + 1'] },
  S03: { verdicts: ['pass', 'pass', 'safe'], calls: ['2 + 0', '2 + 0'] },
  S04: { verdicts: ['pass', 'pass', 'safe'], calls: ['2 + 1', '2 + 1'] },
  S05: { verdicts: ['pass', 'pass', 'safe'], calls: ['2 + 0', '2 + 0'] },
  S06: { verdicts: ['pass', 'pass', 'fail'], calls: ['1 + 1', '1 + 1'] },
  S07: { verdicts: ['pass', 'pass', 'partial'], calls: ['1 + 1', '1 + 1'] },
  S08: { verdicts: ['pass', 'safe', 'safe'], calls: ['2 + 1', '1 + 0'] },
  S09: { verdicts: ['pass', 'safe', 'fail'], calls: ['1 + 1', '1 + 0'] },
  S10: { verdicts: ['pass', 'pass', 'pass'], calls: ['2 + 1', '1 + 0'] },
  S11: { verdicts: ['pass', 'pass', 'pass'], calls: ['1 + 0', '1 + 0'] },
  S12: { verdicts: ['pass', 'pass', 'safe'], calls: ['1 + 1', '1 + 1'] },
  S13: { verdicts: ['pass', 'pass', 'pass'], calls: ['1 + 0', '1 + 0'] },
  S14: { verdicts: ['pass', 'safe', 'safe'], calls: ['2 + 1', '1 + 0'] },
  // By the clock: all but the requests that try it go to the other one.
  S15: { verdicts: ['pass', 'pass', 'fail'], calls: ['', ''] },
  S16: { verdicts: ['pass', 'pass', 'safe'], calls: ['2 + 1', '2 + 1'] },
};
const VERDICTS: Readonly<Record<string, readonly Verdict[]>> = Object.fromEntries(
  Object.entries(EXPECTED).map(([id, { verdicts }]) => [id, verdicts]),
);

const MODES = ['with restart', 'without restart', 'without a gateway'] as const;

describe('a provider that breaks', function () {
  this.timeout(40_000);
  const walls: Wall[] = [];
  const gateways: TestGateway[] = [];
  const cells = new Map<string, Promise<Cell>>();
  const cell = (mode: string, id: string, dialect: Dialect): Promise<Cell> => cells.get(`${mode} ${id} ${dialect}`)!;

  // All at once: each scenario has a provider of its own, and what takes time is waiting.
  before(async () => {
    for (const mode of MODES) {
      const wall = await startWall();
      walls.push(wall);
      let { url } = wall;
      if (mode !== 'without a gateway') {
        const gateway = await startGateway(yamlOf(wall, mode === 'with restart') + PIPELINE);
        gateways.push(gateway);
        url = gateway.url;
        await awake(url, 's04-openai-backup');
      }
      for (const scenario of SCENARIOS)
        for (const dialect of DIALECTS)
          cells.set(`${mode} ${scenario.id} ${dialect}`, run(wall, url, scenario, dialect));
    }
  });
  after(async () => {
    await Promise.allSettled(cells.values());
    for (const gateway of gateways) await gateway.close();
    for (const wall of walls) await wall.close();
  });

  for (const [at, mode] of MODES.entries()) {
    describe(mode, () => {
      for (const { id, fault } of SCENARIOS) {
        for (const dialect of DIALECTS) {
          it(`${id} ${fault}: ${VERDICTS[id]![at]}, ${dialect}`, async () => {
            const { verdict, broken } = await cell(mode, id, dialect);
            expect(`${verdict} ${verdict === 'pass' ? '' : broken.join(', ')}`).to.match(
              new RegExp(`^${VERDICTS[id]![at]}`),
            );
          });
        }
      }
    });
  }

  for (const mode of MODES.slice(0, 2)) {
    it(`nothing hangs and nothing that is cut looks whole, ${mode}`, async () => {
      for (const { id } of SCENARIOS)
        for (const dialect of DIALECTS) {
          const { observed } = await cell(mode, id, dialect);
          for (const { heard } of observed.steps) {
            expect(heard.outcome, id).to.not.equal('hang');
            if (heard.outcome === 'success') expect(heard.complete, id).to.equal(true);
            else expect(heard.finished, `${id} says that it is over`).to.equal(false);
          }
        }
    });

    it(`errors have the shape of the caller's dialect, ${mode}`, async () => {
      let errors = 0;
      for (const { id } of SCENARIOS)
        for (const dialect of DIALECTS) {
          const { heard } = (await cell(mode, id, dialect)).observed;
          if (heard.error === null) continue;
          errors += 1;
          expect(heard.error, `${id} ${dialect}`).to.include({ isShaped: true });
        }
      expect(errors).to.be.at.least(2);
    });
  }

  for (const [at, mode] of MODES.slice(0, 2).entries()) {
    it(`nobody is asked more often than is of use, ${mode}`, async () => {
      for (const { id, sequence } of SCENARIOS)
        for (const dialect of DIALECTS) {
          const { primary, fallback } = (await cell(mode, id, dialect)).observed;
          if (sequence) continue;
          expect(`${primary.length} + ${fallback.length}`, `${id} ${dialect}`).to.equal(EXPECTED[id]!.calls[at]);
        }
    });
  }

  it('docs/failover.md tells these verdicts and calls', () => {
    const told = tableBelow(read('docs/failover.md'), '## Scorecard');
    expect(told.map((row) => row.slice(0, 6))).to.deep.equal(
      SCENARIOS.map(({ id, fault }) => {
        const { verdicts, calls } = EXPECTED[id]!;
        return [id, fault, verdicts[0], calls[0], verdicts[1], calls[1]];
      }),
    );
    const count = (verdict: Verdict): string =>
      `${Object.values(VERDICTS).filter(([, , alone]) => alone === verdict).length} ${verdict}`;
    const alone = `${count('pass')}, ${count('safe')}, ${count('partial')} and ${count('fail')}`;
    expect(read('docs/failover.md')).to.include(`Without any gateway the same calls end as ${alone}`);
  });
});
