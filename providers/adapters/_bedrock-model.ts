/** What is behind the last slash is the model's own id; in other ARNs it names something of the customer's. */
const SYSTEM_ARN = /^arn:aws[a-z-]*:bedrock:[^:/]*:[^:/]*:(?:foundation-model|inference-profile)\/([^/]+)$/;

/**
 * The id that Bedrock's prices know a model by: `us.anthropic.claude-sonnet-4-5-20250929-v1:0`.
 *
 * Foundation models and the profiles that AWS defines have it in their ARN. Application
 * profiles, provisioned throughput, imported models and prompt routers are opaque: their
 * ARN stays what it is, and has the price that the operator gives it, or none.
 */
export function bedrockModel(asked: string | null): string | null {
  return (asked && SYSTEM_ARN.exec(asked)?.[1]) ?? asked;
}
