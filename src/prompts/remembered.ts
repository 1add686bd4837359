import type { CutPrompt, RememberedPiece, RememberedPrompt } from '../pipeline/prompt.ts';

type Label = Omit<RememberedPiece, 'hash'>;

/** Different labels that are shared; a gateway has some hundreds of tools and files. */
const MOST_LABELS = 5000;
const labels = new Map<string, Label>();

/**
 * What of a prompt is kept for the next turn. Its pieces would be a hundred objects, and of thousands of prompts all
 * of them would be walked through in each collection.
 */
export function remember({ pieces, isWhole }: Pick<CutPrompt, 'pieces' | 'isWhole'>): RememberedPrompt {
  const hashes = new Float64Array(pieces.length);
  const names = pieces.map((piece, at) => {
    hashes[at] = piece.hash;
    return labelOf(piece);
  });
  return {
    isWhole,
    length: pieces.length,
    pieces: () => names.map((label, at) => ({ ...label, hash: hashes[at]! })),
  };
}

function labelOf({ kind, name, mark }: Label): Label {
  const key = `${kind}\n${mark ?? ''}\n${name}`;
  let label = labels.get(key);
  if (label === undefined) {
    if (labels.size >= MOST_LABELS) labels.clear();
    label = { kind, name, mark };
    labels.set(key, label);
  }
  return label;
}
