/** What the APIs of all vendors call the parts of a prompt. */

/** Members of a request that are talk: of chats and completions of OpenAI, Anthropic, Gemini, Bedrock, Ollama, Cohere, Titan. */
export const TALK: ReadonlySet<string> = new Set([
  'messages',
  'contents',
  'chat_history',
  'system',
  'systemInstruction',
  'system_instruction',
  'instructions',
  'preamble',
  'suffix',
  'message',
  'inputText',
  'texts',
  'documents',
  'input_prefix',
  'input_suffix',
  'input_extra',
]);

/** Members whose value the model reads as a schema. */
export const SCHEMAS: ReadonlySet<string> = new Set([
  'toolConfig',
  'tool_config',
  'response_format',
  'text',
  'output_config',
]);

/** Members that point to a history which is not here. */
export const ELSEWHERE: ReadonlySet<string> = new Set([
  'previous_response_id',
  'previous_interaction_id',
  'conversation',
  'cachedContent',
  'cached_content',
]);

/** Members of messages and parts that are no words of the prompt. */
export const SILENT: ReadonlySet<string> = new Set([
  'type',
  'role',
  'id',
  'tool_call_id',
  'tool_use_id',
  'toolUseId',
  'call_id',
  'item_id',
  'status',
  'detail',
  'format',
  'cache_control',
  'cachePoint',
  'signature',
  'thoughtSignature',
  'thought_signature',
  'encrypted_content',
  'redactedContent',
  'mimeType',
  'mime_type',
  'media_type',
  'mediaResolution',
  'media_resolution',
  'filename',
]);

/** Members that hold a picture, a recording or a file, or say where it lies. */
export const MEDIA: ReadonlySet<string> = new Set([
  'image',
  'images',
  'image_url',
  'input_audio',
  'audio',
  'audio_url',
  'inlineData',
  'inline_data',
  'fileData',
  'file_data',
  'file',
  'file_id',
  'file_url',
  'document_url',
  'video',
  'video_url',
  'document',
  'source',
]);

/** Members whose objects the model reads as JSON: arguments and results of tools. */
export const WRITTEN: ReadonlySet<string> = new Set([
  'input',
  'output',
  'args',
  'arguments',
  'parameters',
  'response',
  'json',
  'result',
]);
