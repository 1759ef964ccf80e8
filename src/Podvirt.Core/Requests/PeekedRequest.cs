using System.Runtime.InteropServices;

namespace Podvirt.Core.Requests;

/// <summary>Which API a body belongs to: decides what must be in it.</summary>
public enum RequestSurface
{
    ChatCompletions,
    Completions,
    Embeddings,
    Responses,
    Messages,
    MessageTokens,
    Rerank,
    Score,
    Tokenize,
    Detokenize,
    Speech,
}

/// <summary>What the gateway needs to know of a request body. Ranges are offsets into the body; nothing is copied.</summary>
[StructLayout(LayoutKind.Auto)]
public struct PeekedRequest
{
    /// <summary>Offset just behind the root's <c>{</c>: where members can be added.</summary>
    public int RootStart { get; internal set; }

    /// <summary>The model's JSON string with its quotes.</summary>
    public ByteRange Model { get; internal set; }

    /// <summary>The client wants events.</summary>
    public bool Stream { get; internal set; }

    /// <summary>The client wants its answer in pieces, and whether these are events is up to the engine.</summary>
    public bool MayStream { get; internal set; }

    /// <summary>Counts are asked for by <c>stream_options</c> on its surface.</summary>
    public bool TakesStreamOptions { get; internal set; }

    /// <summary>The whole value of <c>stream_options</c>, when it is an object.</summary>
    public ByteRange StreamOptions { get; internal set; }

    /// <summary>True when <c>stream_options</c> is there as <c>null</c>: its range is in <see cref="StreamOptions"/>.</summary>
    public bool StreamOptionsIsNull { get; internal set; }

    /// <summary>True when <c>stream_options</c> is an object without members.</summary>
    public bool StreamOptionsIsEmpty { get; internal set; }

    /// <summary>The value of <c>stream_options.include_usage</c>.</summary>
    public ByteRange IncludeUsage { get; internal set; }

    /// <summary>The client asked for the usage chunk at the end.</summary>
    public bool WantsUsage { get; internal set; }

    /// <summary>The value of <c>stream_options.continuous_usage_stats</c>.</summary>
    public ByteRange ContinuousUsage { get; internal set; }

    /// <summary>The client asked for usage on every chunk.</summary>
    public bool WantsContinuousUsage { get; internal set; }

    /// <summary>The most tokens that one choice may have; 0: not said.</summary>
    public int MaxTokens { get; internal set; }

    /// <summary>How many choices of each prompt are asked for (<c>n</c>); 0: not said, which is one.</summary>
    public int Choices { get; internal set; }

    /// <summary>The response that this one goes on from, as a JSON string with its quotes.</summary>
    public ByteRange PreviousResponse { get; internal set; }

    /// <summary>The engine is asked not to keep the response.</summary>
    public bool IsNotStored { get; internal set; }

    /// <summary>Of how many answers to each prompt the choices are the best (<c>best_of</c>); 0: not said, which is as many as choices.</summary>
    public int BestOf { get; internal set; }

    /// <summary>How many texts stand in the input of one request; 0: it is no array of texts, which is one.</summary>
    public int Prompts { get; internal set; }

    /// <summary>The raw <c>content</c> of the first system or developer message; the instructions where they stand by themselves.</summary>
    public ByteRange SystemPrompt { get; internal set; }

    /// <summary>The raw <c>content</c> of the first user message; the prompt or input on the other surfaces.</summary>
    public ByteRange FirstUserMessage { get; internal set; }
}

/// <summary>Why a body is refused.</summary>
/// <param name="Message">A sentence for the caller: what is wrong and what would be right.</param>
/// <param name="Param">The member it is about; null for the whole body.</param>
public sealed record PeekError(string Message, string? Param);
