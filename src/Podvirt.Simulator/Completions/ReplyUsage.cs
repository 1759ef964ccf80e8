using System.Text.Json;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Completions;

/// <summary>A request's token counts. Cached tokens are null when the engine does not report them.</summary>
internal readonly record struct ReplyUsage(int PromptTokens, int CompletionTokens, int? CachedTokens)
{
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", PromptTokens);
        writer.WriteNumber("total_tokens", PromptTokens + CompletionTokens);
        writer.WriteNumber("completion_tokens", CompletionTokens);
        if (CachedTokens is { } cached)
        {
            writer.WriteStartObject("prompt_tokens_details");
            writer.WriteNumber("cached_tokens", cached);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("prompt_tokens_details");
        }

        writer.WriteEndObject();
    }

    /// <summary>As part of a streamed frame, where absent details are left out.</summary>
    public void Write(FrameWriter frame)
    {
        frame.Raw("\"usage\":{\"prompt_tokens\":"u8);
        frame.Number(PromptTokens);
        frame.Raw(",\"total_tokens\":"u8);
        frame.Number(PromptTokens + CompletionTokens);
        frame.Raw(",\"completion_tokens\":"u8);
        frame.Number(CompletionTokens);
        if (CachedTokens is { } cached)
        {
            frame.Raw(",\"prompt_tokens_details\":{\"cached_tokens\":"u8);
            frame.Number(cached);
            frame.Raw("}"u8);
        }

        frame.Raw("}"u8);
    }
}
