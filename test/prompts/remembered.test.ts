import { expect } from 'chai';
import type { Piece } from '../../src/pipeline/prompt.ts';
import { remember } from '../../src/prompts/remembered.ts';

const piece = (name: string, mark: Piece['mark'] = null): Piece => ({
  kind: 'tool',
  name,
  hash: name.length + 2 ** 47,
  chars: 12,
  weight: 3.5,
  message: -1,
  mark,
});

describe('prompts/remembered', () => {
  it('gives the pieces of a prompt back as they were, in their order', () => {
    const pieces = [piece('read'), piece('write', '5m'), piece('read', '1h'), piece('')];
    const kept = remember({ pieces, isWhole: true });
    expect(kept).to.include({ isWhole: true, length: 4 });
    expect(kept.pieces()).to.eql(pieces.map(({ kind, name, hash, mark }) => ({ kind, name, hash, mark })));
  });

  it('goes on when more names come than it shares', () => {
    const many = Array.from({ length: 12_000 }, (_, at) => piece(`tool ${at}`));
    const kept = remember({ pieces: many, isWhole: false });
    expect(kept.pieces().map(({ name }) => name)).to.eql(many.map(({ name }) => name));
  });
});
