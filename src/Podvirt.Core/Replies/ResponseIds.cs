namespace Podvirt.Core.Replies;

/// <summary>Ids that engines give to responses: <c>resp_</c> and 32 hex digits, as vLLM and OpenAI have them.</summary>
public static class ResponseIds
{
    /// <summary>Longer ones are not kept.</summary>
    public const int BytesMax = 128;
}
