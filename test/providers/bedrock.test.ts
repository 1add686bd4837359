import { join } from 'node:path';
import { expect } from 'chai';

import { bedrockModel } from '../../providers/adapters/_bedrock-model.ts';
import { loadCatalogue, resolveProviders } from '../../src/loader/providers.ts';
import type { PriceBook } from '../../src/metering/prices.ts';
import type { Provider } from '../../src/pipeline/provider.ts';
import { good } from '../config/known.ts';
import { draw } from '../support/drafts.ts';
import { filesIn, top } from '../support/source.ts';

const adapters = filesIn('providers/adapters', '.ts').map((file) =>
  file.replace(/^.*\/|\.ts$/g, '').replaceAll('-', '_'),
);

/** The provider that the catalogue comes to in this environment. */
async function bedrockIn(env: Record<string, string>): Promise<Provider> {
  const catalogue = await loadCatalogue(join(top, 'providers'), adapters, env);
  return resolveProviders(good('{}').config, catalogue, top).get('bedrock')!;
}

describe('the provider bedrock', () => {
  it('is there where nothing of AWS is set, and brings no credential', async () => {
    for (const env of [{}, { AWS_REGION: '', AWS_ACCESS_KEY_ID: '', AWS_SESSION_TOKEN: '' }]) {
      const { baseUrl, keys, signing, adapters: spoken } = await bedrockIn(env);
      expect({ baseUrl, keys, signing }).to.eql({
        baseUrl: 'https://bedrock-runtime.us-east-1.amazonaws.com',
        keys: [],
        signing: null,
      });
      expect(spoken).to.eql(['bedrock_converse', 'bedrock_invoke']);
    }
  });

  it("signs with AWS's usual variables, for their region", async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret-of-aws' };
    const { baseUrl, signing } = await bedrockIn({ ...keys, AWS_REGION: 'eu-central-1', AWS_SESSION_TOKEN: 'session' });
    expect(baseUrl).to.equal('https://bedrock-runtime.eu-central-1.amazonaws.com');
    expect(signing).to.eql({
      region: 'eu-central-1',
      service: 'bedrock',
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'secret-of-aws',
      sessionToken: 'session',
    });
    expect((await bedrockIn(keys)).signing).to.include({ region: 'us-east-1', sessionToken: null });
    expect((await bedrockIn({ AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE' })).signing).to.equal(null);
  });

  it('takes an API key from its variable', async () => {
    expect((await bedrockIn({ AWS_BEARER_TOKEN_BEDROCK: 'bedrock-api-key' })).keys[0]?.value).to.equal(
      'bedrock-api-key',
    );
  });

  describe('prices', () => {
    let prices: PriceBook;
    before(async () => {
      ({ prices } = await draw(`providers:
  bedrock: { models: { "arn:aws:bedrock:us-east-1:1:application-inference-profile/ours": { input: 7 } } }`));
    });

    const inputOf = (asked: string): string | null => {
      const price = prices.find('bedrock', bedrockModel(asked), asked, new Date('2026-11-20'));
      return price && String(price.entry.input);
    };
    const arn = (what: string): string => `arn:aws:bedrock:us-east-1:123456789012:${what}`;

    for (const [id, input] of [
      ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', '3.3'],
      ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0', '3.3'],
      ['jp.anthropic.claude-sonnet-4-5-20250929-v1:0', '3.3'],
      ['global.anthropic.claude-sonnet-4-5-20250929-v1:0', '3'],
      ['apac.anthropic.claude-sonnet-4-20250514-v1:0', '3'],
      ['us.anthropic.claude-opus-4-5-20251101-v1:0', '5.5'],
      ['global.anthropic.claude-opus-4-6-v1', '5'],
      ['us.anthropic.claude-opus-4-6-v1', '5.5'],
      ['amazon.nova-lite-v1:0', '0.06'],
      ['us.amazon.nova-lite-v1:0', '0.06'],
      ['global.amazon.nova-2-lite-v1:0', '0.3'],
      ['us.meta.llama3-3-70b-instruct-v1:0', '0.72'],
      ['openai.gpt-oss-120b-1:0', '0.15'],
    ] as const) {
      it(`knows ${id}, and its ARN`, () => {
        expect(inputOf(id)).to.equal(input);
        expect(inputOf(arn(`inference-profile/${id}`))).to.equal(input);
        expect(inputOf(arn(`foundation-model/${id}`))).to.equal(input);
      });
    }

    it('has none for what only looks like a model it knows', () => {
      expect(inputOf('us.anthropic.claude-sonnet-4-5-20250929-v1:0-tuned')).to.equal(null);
      expect(inputOf('xx.anthropic.claude-sonnet-4-5-20250929-v1:0')).to.equal(null);
      expect(inputOf(arn('application-inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0'))).to.equal(null);
    });

    it("is the operator's for a profile of the operator's own", () => {
      expect(inputOf('arn:aws:bedrock:us-east-1:1:application-inference-profile/ours')).to.equal('7');
    });
  });
});
