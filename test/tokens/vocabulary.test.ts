import { expect } from 'chai';

import { vocabularyOf } from '../../src/tokens/vocabulary.ts';

describe('which tokenizer fits which model', () => {
  const own = (models: string[], encoding: string, isFramed: boolean) => {
    for (const model of models) expect(vocabularyOf(model), model).to.include({ encoding, isOwn: true, isFramed });
  };

  it('is o200k for GPT-4o and later, whose chats are documented unless they think', () => {
    own(
      ['gpt-4o', 'gpt-4o-mini-2024-07-18', 'chatgpt-4o-latest', 'gpt-4.1-nano', 'gpt-4.5-preview'],
      'o200k_base',
      true,
    );
    own(['gpt-5', 'gpt-5.4-mini', 'o1', 'o3-mini', 'o4-mini-2025-04-16', 'gpt-oss-120b'], 'o200k_base', false);
  });

  it('is cl100k for GPT-4 and before, and for embeddings', () => {
    own(['gpt-4', 'gpt-4-turbo', 'gpt-4-0613', 'gpt-3.5-turbo', 'gpt-35-turbo'], 'cl100k_base', true);
    own(['text-embedding-3-small', 'text-embedding-ada-002', 'babbage-002'], 'cl100k_base', false);
    expect(vocabularyOf('text-embedding-3-large').embeds).to.equal(true);
  });

  it('is found under the names of resellers', () => {
    for (const model of [
      'openai/gpt-4o:free',
      'ft:gpt-4o-mini-2024-07-18:org::id',
      'us.openai.gpt-oss-20b-1:0',
      'GPT-4o',
    ]) {
      expect(vocabularyOf(model), model).to.include({ encoding: 'o200k_base', isOwn: true });
    }
  });

  it('is nobody’s own for everybody else, however alike the name', () => {
    for (const model of [
      'gpt-4oo',
      'gpt-400',
      'o1x',
      'gpt-6',
      'my-gpt-4o',
      'gemini-2.5-pro',
      'llama3.1:8b',
      'mistral-large-latest',
      'unheard-of',
      '',
    ]) {
      expect(vocabularyOf(model), model).to.include({ isOwn: false, factor: 1 });
    }
    expect(vocabularyOf(null)).to.include({ isOwn: false, factor: 1 });
  });

  it('makes more of Claude’s texts, and more again from 4.7 on', () => {
    const factors = (models: string[]) => models.map((model) => vocabularyOf(model).factor);
    const before = ['claude-3-5-sonnet-20241022', 'claude-sonnet-4-20250514', 'claude-opus-4-6', 'claude-instant'];
    const since = [
      'claude-opus-4-7',
      'anthropic/claude-opus-4.8',
      'us.anthropic.claude-opus-5-v1:0',
      'claude-sonnet-5',
    ];
    expect(factors(before)).to.eql([1.2, 1.2, 1.2, 1.2]);
    expect(factors(since)).to.eql([1.5, 1.5, 1.5, 1.5]);
    expect(vocabularyOf('claude-opus-4-7').isOwn).to.equal(false);
  });
});
