import { expect } from 'chai';
import { GatewayMetrics } from '../src/metrics.ts';

const series = async (metrics: GatewayMetrics, name: string): Promise<string[]> =>
  (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith(name));

describe('metrics', () => {
  it("bear the plugin's name, unless they are OpenTelemetry's", async () => {
    const metrics = new GatewayMetrics();
    const lent = metrics.lend('include-usage');
    lent.counter('asked', 'Asked.', ['provider']).add(2, { provider: 'openai' });
    lent.counter('gen_ai_client_token_usage', 'Tokens.').add(3);
    expect(await series(metrics, 'gateway_include_usage')).to.eql([
      'gateway_include_usage_asked_total{provider="openai"} 2',
    ]);
    expect(await series(metrics, 'gen_ai')).to.eql(['gen_ai_client_token_usage_total 3']);
  });

  it('go on counting for a plugin that is loaded anew', async () => {
    const metrics = new GatewayMetrics();
    for (let life = 0; life < 3; life++) metrics.lend('x').counter('calls', 'Calls.', ['a']).add(1, { a: 'b' });
    expect(await series(metrics, 'gateway_x')).to.eql(['gateway_x_calls_total{a="b"} 3']);
  });

  it('make a bounded number of series of any number of made-up names, and lose no count', async () => {
    const metrics = new GatewayMetrics();
    const calls = metrics.lend('x').counter('calls', 'Calls.', ['model']);
    const ms = metrics.lend('x').histogram('ms', 'Times.', [1, 10], ['model']);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 1200; i++) {
        calls.add(1, { model: `made-up-${i}` });
        ms.observe(5, { model: `made-up-${i}` });
      }
    }
    const lines = await series(metrics, 'gateway_x_calls');
    expect(lines.length).to.be.at.most(60);
    const sum = lines.map((line) => Number(line.split(' ').at(-1))).reduce((a, b) => a + b, 0);
    expect(sum).to.equal(3600);
    expect((await series(metrics, 'gateway_x_ms_count')).length).to.be.at.most(60);
  });

  it('keep their format whatever a label holds', async () => {
    const metrics = new GatewayMetrics();
    metrics.lend('x').counter('calls', 'Calls.', ['m']).add(1, { m: 'a"b\\c\nd\u001b' });
    const lines = await series(metrics, 'gateway_x_calls');
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^gateway_x_calls_total\{m="(?:[^"\\\n]|\\.)*"\} 1$/);
  });

  it('count a missing label as an empty one', async () => {
    const metrics = new GatewayMetrics();
    metrics.lend('x').counter('calls', 'Calls.', ['m']).add(1);
    expect(await series(metrics, 'gateway_x_calls')).to.eql(['gateway_x_calls_total{m=""} 1']);
  });

  it('read gauges when somebody asks', async () => {
    const metrics = new GatewayMetrics();
    let depth = 1;
    metrics.gauge('depth', 'Depth.', () => depth);
    depth = 7;
    expect(await series(metrics, 'depth')).to.eql(['depth 7']);
  });

  it('ask the newest instance for the gauges of a plugin', async () => {
    const metrics = new GatewayMetrics();
    metrics.lend('queue').gauge('waiting', 'In line.', () => 1);
    metrics.lend('queue').gauge('waiting', 'In line.', () => 2);
    expect(await series(metrics, 'gateway_queue')).to.eql(['gateway_queue_waiting 2']);
  });

  it('have a gauge for each value of its labels, and none for what is gone', async () => {
    const metrics = new GatewayMetrics();
    let states = [
      { labels: { alert: 'spend' }, value: 3 },
      { labels: { alert: 'errors' }, value: 0 },
    ];
    metrics.lend('alerts').gauge('state', 'State.', () => states, ['alert']);
    expect(await series(metrics, 'gateway_alerts')).to.eql([
      'gateway_alerts_state{alert="spend"} 3',
      'gateway_alerts_state{alert="errors"} 0',
    ]);
    states = states.slice(1);
    expect(await series(metrics, 'gateway_alerts')).to.eql(['gateway_alerts_state{alert="errors"} 0']);
    states = Array.from({ length: 60 }, (_, n) => ({ labels: { alert: `made-up-${n}` }, value: 1 }));
    expect((await series(metrics, 'gateway_alerts')).length).to.be.at.most(51);
  });
});
