/**
 * `${NAME}` and `${NAME:-default}` in one scalar. `$${` stands for `${` itself. What a
 * variable holds is taken as it is: it can add no structure and is not looked through again.
 */
export type Expansion = { ok: true; text: string; whole: boolean } | { ok: false; message: string };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Replaces the variables of one scalar; returns null when it has none. */
export function expand(text: string, env: Environment): Expansion | null {
  if (!text.includes('${')) return null;
  let out = '';
  let from = 0;
  for (let open = text.indexOf('${'); open !== -1; open = text.indexOf('${', from)) {
    if (text[open - 1] === '$' && open > from) {
      out += `${text.slice(from, open - 1)}\${`;
      from = open + 2;
      continue;
    }
    const close = text.indexOf('}', open);
    if (close === -1)
      return {
        ok: false,
        message: `opens \${ without closing it; write \${NAME}, or $\${ for the characters themselves`,
      };
    const value = look(text.slice(open + 2, close), env);
    if (!value.ok) return value;
    out += text.slice(from, open) + value.text;
    if (open === 0 && close === text.length - 1) return { ok: true, text: out, whole: true };
    from = close + 1;
  }
  return { ok: true, text: out + text.slice(from), whole: false };
}

/** An empty variable counts as unset, so that no key is ever empty by accident; `:-` says that it may be. */
function look(inside: string, env: Environment): Expansion {
  const [, name, fallback] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inside) ?? [];
  if (name === undefined)
    return { ok: false, message: `has a \${...} that is not understood; write \${NAME} or \${NAME:-default}` };
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value !== undefined && value !== '') return { ok: true, text: value, whole: false };
  if (fallback?.includes('${'))
    return { ok: false, message: `has a default of ${name} with a variable in it; defaults do not nest` };
  if (fallback !== undefined) return { ok: true, text: fallback, whole: false };
  const state = value === undefined ? 'not set' : 'empty';
  return {
    ok: false,
    message: `needs the environment variable ${name}, which is ${state}; set it, or write \${${name}:-} if it may be empty`,
  };
}

/** Gives a scalar without quotes the type YAML's core schema would give it. */
export function coreType(text: string): string | number | boolean | null {
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  if (/^(null|Null|NULL|~)$/.test(text)) return null;
  if (/^[-+]?(\d+|\d*\.\d+|\d+\.)([eE][-+]?\d+)?$/.test(text) && Number.isFinite(Number(text))) return Number(text);
  return text;
}
