namespace Podvirt.Core.Replies;

/// <summary>Whose words a <c>usage</c> object is written in.</summary>
public enum UsageShape
{
    /// <summary>OpenAI's completions, chat and embeddings: <c>prompt_tokens</c>, <c>completion_tokens</c>.</summary>
    Completions,

    /// <summary>OpenAI's responses: <c>input_tokens</c>, <c>output_tokens</c>, with cached ones among the former.</summary>
    Responses,

    /// <summary>Anthropic's messages: the same names, with cached ones beside <c>input_tokens</c>.</summary>
    Messages,
}
