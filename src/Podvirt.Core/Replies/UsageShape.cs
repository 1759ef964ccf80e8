namespace Podvirt.Core.Replies;

/// <summary>Whose words a <c>usage</c> object is written in.</summary>
public enum UsageShape
{
    /// <summary>OpenAI's chat and completions: <c>prompt_tokens</c>, <c>completion_tokens</c>.</summary>
    Completions,

    /// <summary>The same where nothing is generated: a <c>total_tokens</c> that stands alone, as some engines count a ranking, is the prompt's.</summary>
    Prompts,

    /// <summary>OpenAI's responses: <c>input_tokens</c>, <c>output_tokens</c>, with cached ones among the former.</summary>
    Responses,

    /// <summary>Anthropic's messages: the same names, with cached ones beside <c>input_tokens</c>.</summary>
    Messages,
}
