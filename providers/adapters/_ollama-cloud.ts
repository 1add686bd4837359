/**
 * Whether a name asks Ollama for a model of its cloud, which is charged: `gpt-oss:cloud`,
 * `gpt-oss:120b-cloud`. Answers passed on from there do not always say so themselves.
 */
export function isCloudModel(model: string | null): boolean {
  return model !== null && /:(?:[^:/]*-)?cloud$/i.test(model.trim());
}
