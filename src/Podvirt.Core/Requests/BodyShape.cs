using System.Text;

namespace Podvirt.Core.Requests;

/// <summary>What the bodies of one surface hold that the gateway reads: one entry a surface.</summary>
internal sealed record BodyShape
{
    private static readonly BodyShape s_chat = new()
    {
        Inputs = [new("messages", InputForm.Messages)],
        MaxTokens = [new("max_tokens"), new("max_completion_tokens")],
        ChecksSampling = true,
        TakesStreamOptions = true,
    };

    private static readonly BodyShape s_completions = s_chat with { Inputs = [new("prompt", InputForm.StringOrArray)] };

    private static readonly BodyShape s_embeddings = s_chat with
    {
        Inputs = [new("input", InputForm.StringOrArray), new("messages", InputForm.Messages)],
        NotStreamed = "Embeddings are",
    };

    private static readonly BodyShape s_rerank = new()
    {
        Inputs = [new("query", InputForm.Texts) { NotEmpty = true }],
        Counterparts = [new("documents", InputForm.Texts) { NotEmpty = true }],
        NotStreamed = "Rankings are",
    };

    private static readonly BodyShape s_score = new()
    {
        Inputs = [new("queries", InputForm.Texts) { NotEmpty = true }, new("text_1", InputForm.Texts) { NotEmpty = true }, new("data_1", InputForm.Texts) { NotEmpty = true }],
        Counterparts =
        [
            new("documents", InputForm.Texts) { NotEmpty = true }, new("text_2", InputForm.Texts) { NotEmpty = true },
            new("data_2", InputForm.Texts) { NotEmpty = true }, new("items", InputForm.Texts) { NotEmpty = true },
        ],
        NotStreamed = "Scores are",
    };

    private static readonly BodyShape s_tokenize = new()
    {
        Inputs = [new("prompt", InputForm.String), new("messages", InputForm.Messages)],
        NotStreamed = "Tokens are",
    };

    private static readonly BodyShape s_detokenize = new() { Inputs = [new("tokens", InputForm.Array)], NotStreamed = "Texts of tokens are" };

    private static readonly BodyShape s_speech = new() { Inputs = [new("input", InputForm.String) { NotEmpty = true }], StreamsByFormat = true };

    private static readonly BodyShape s_responses = new()
    {
        Inputs = [new("input", InputForm.StringOrItems)],
        MaxTokens = [new("max_output_tokens")],
        Instructions = new Member("instructions"),
        IsStored = true,
    };

    private static readonly BodyShape s_messageTokens = new()
    {
        Inputs = [new("messages", InputForm.Messages)],
        Instructions = new Member("system"),
        NotStreamed = "Counts of tokens are",
    };

    private static readonly BodyShape s_messages = s_messageTokens with
    {
        MaxTokens = [new("max_tokens")],
        NeedsMaxTokens = true,
        NotStreamed = null,
    };

    /// <summary>What the engine works on: one of these has to be there.</summary>
    public required InputMember[] Inputs { get; init; }

    /// <summary>What it is compared with: one of these has to be there as well. None: there is no such thing.</summary>
    public InputMember[] Counterparts { get; init; } = [];

    /// <summary>Names of the most tokens that one answer may have.</summary>
    public Member[] MaxTokens { get; init; } = [];

    /// <summary>One of them has to be there.</summary>
    public bool NeedsMaxTokens { get; init; }

    /// <summary>Where the system prompt stands by itself.</summary>
    public Member? Instructions { get; init; }

    /// <summary>Engines may keep the answer: <c>store</c>, <c>previous_response_id</c>, <c>background</c>.</summary>
    public bool IsStored { get; init; }

    /// <summary><c>n</c>, <c>temperature</c> and <c>stop</c> are what OpenAI's chat takes.</summary>
    public bool ChecksSampling { get; init; }

    /// <summary>Counts are asked for by <c>stream_options</c>, as on OpenAI's chat.</summary>
    public bool TakesStreamOptions { get; init; }

    /// <summary>Why there are no streams, as the start of a sentence; null: there are.</summary>
    public string? NotStreamed { get; init; }

    /// <summary>
    /// <c>stream_format</c> says whether events are sent. Where only <c>stream</c> is true, engines differ: older ones send bytes, newer ones events.
    /// </summary>
    public bool StreamsByFormat { get; init; }

    public static BodyShape Of(RequestSurface surface) => surface switch
    {
        RequestSurface.ChatCompletions => s_chat,
        RequestSurface.Completions => s_completions,
        RequestSurface.Embeddings => s_embeddings,
        RequestSurface.Responses => s_responses,
        RequestSurface.Messages => s_messages,
        RequestSurface.MessageTokens => s_messageTokens,
        RequestSurface.Rerank => s_rerank,
        RequestSurface.Score => s_score,
        RequestSurface.Tokenize => s_tokenize,
        RequestSurface.Detokenize => s_detokenize,
        RequestSurface.Speech => s_speech,
        _ => throw new ArgumentOutOfRangeException(nameof(surface), surface, "unknown surface"),
    };
}

/// <summary>A member's name, as text for people and as bytes to compare.</summary>
internal readonly record struct Member(string Name)
{
    public byte[] Utf8 { get; } = Encoding.UTF8.GetBytes(Name);
}

/// <summary>A member with what the engine works on.</summary>
internal readonly record struct InputMember(string Name, InputForm Form)
{
    public byte[] Utf8 { get; } = Encoding.UTF8.GetBytes(Name);

    /// <summary>Nothing in it is no input.</summary>
    public bool NotEmpty { get; init; }
}

/// <summary>What an input may be.</summary>
internal enum InputForm
{
    /// <summary>An array of objects with <c>role</c> and <c>content</c>.</summary>
    Messages,

    StringOrArray,

    /// <summary>A string, or an array of objects, of which some have <c>role</c> and <c>content</c>.</summary>
    StringOrItems,

    String,

    Array,

    /// <summary>A text, a picture as an object, or an array of them.</summary>
    Texts,
}
