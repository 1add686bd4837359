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

/** What each mode comes to; where the dialects differ, the test says so. */
const VERDICTS: Readonly<Record<string, [restart: Verdict, plain: Verdict, alone: Verdict]>> = {
  S01: ['pass', 'pass', 'safe'],
  S02: ['pass', 'pass', 'safe'],
  S03: ['pass', 'pass', 'safe'],
  S04: ['pass', 'pass', 'safe'],
  S05: ['pass', 'pass', 'safe'],
  S06: ['pass', 'pass', 'fail'],
  S07: ['pass', 'pass', 'partial'],
  S08: ['pass', 'safe', 'safe'],
  S09: ['pass', 'safe', 'fail'],
  S10: ['pass', 'pass', 'pass'],
  S11: ['pass', 'pass', 'pass'],
  S12: ['pass', 'pass', 'safe'],
  S13: ['pass', 'pass', 'pass'],
  S14: ['pass', 'safe', 'safe'],
  S15: ['pass', 'pass', 'fail'],
  S16: ['pass', 'pass', 'safe'],
};

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

  it('a whole stream without its last word is not asked for anew', async () => {
    for (const mode of MODES.slice(0, 2))
      for (const dialect of DIALECTS) {
        const { primary, fallback } = (await cell(mode, 'S11', dialect)).observed;
        expect([primary.length, fallback.length]).to.deep.equal([1, 0]);
      }
  });

  it('docs/failover.md tells these verdicts', () => {
    const told = tableBelow(read('docs/failover.md'), '## Scorecard');
    expect(told.map(([id, fault, restart, plain]) => [id, fault, restart, plain])).to.deep.equal(
      SCENARIOS.map(({ id, fault }) => [id, fault, VERDICTS[id]![0], VERDICTS[id]![1]]),
    );
  });
});
