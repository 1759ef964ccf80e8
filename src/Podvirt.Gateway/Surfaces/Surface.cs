using System.Text;
using Podvirt.Core.Models;
using Podvirt.Core.Replies;
using Podvirt.Core.Requests;

namespace Podvirt.Gateway.Surfaces;

/// <summary>One path of the API that an engine answers: one entry each.</summary>
/// <param name="Kind">What its bodies hold.</param>
/// <param name="Name">As it stands in usage records.</param>
/// <param name="Path">Podvirt's path and the engine's.</param>
internal sealed record Surface(RequestSurface Kind, string Name, string Path)
{
    private static readonly ModelType[] s_text = [ModelType.Chat, ModelType.Code];
    private static readonly ModelType[] s_vectors = [ModelType.Embedding];

    public static Surface ChatCompletions { get; } = new(RequestSurface.ChatCompletions, "chat.completions", "/v1/chat/completions") { Models = s_text };

    public static Surface Completions { get; } = new(RequestSurface.Completions, "completions", "/v1/completions") { Models = s_text };

    public static Surface Embeddings { get; } = new(RequestSurface.Embeddings, "embeddings", "/v1/embeddings") { Models = s_vectors, Usage = UsageShape.Prompts };

    public static Surface Responses { get; } = new(RequestSurface.Responses, "responses", "/v1/responses")
    {
        Models = s_text,
        Usage = UsageShape.Responses,
        BeginsEarly = true,
        IsOptional = true,
    };

    public static Surface Messages { get; } = new(RequestSurface.Messages, "messages", "/v1/messages")
    {
        Models = s_text,
        Usage = UsageShape.Messages,
        BeginsEarly = true,
        IsOptional = true,
        IsAnthropics = true,
    };

    public static Surface MessageTokens { get; } = new(RequestSurface.MessageTokens, "messages.count_tokens", "/v1/messages/count_tokens")
    {
        Models = s_text,
        IsOptional = true,
        IsAnthropics = true,
    };

    public static Surface Tokenize { get; } = new(RequestSurface.Tokenize, "tokenize", "/tokenize") { Models = [.. s_text, .. s_vectors], IsOptional = true };

    public static Surface Detokenize { get; } = new(RequestSurface.Detokenize, "detokenize", "/detokenize") { Models = [.. s_text, .. s_vectors], IsOptional = true };

    public static Surface Rerank { get; } = RerankAt("/v1/rerank");

    public static Surface Score { get; } = ScoreAt("/v1/score");

    public static Surface Speech { get; } = new(RequestSurface.Speech, "audio.speech", "/v1/audio/speech")
    {
        Models = s_text,
        Usage = UsageShape.Responses,
        Lacking = [EngineKind.Vllm],
        IsOptional = true,
        IsBinary = true,
    };

    /// <summary>The console's chat; not a path of its own.</summary>
    public static Surface Playground { get; } = ChatCompletions with { Name = "playground" };

    /// <summary>All that are paths.</summary>
    public static IReadOnlyList<Surface> All { get; } =
    [
        ChatCompletions, Completions, Embeddings, Responses, Messages, MessageTokens,
        Tokenize, Detokenize,
        Rerank, RerankAt("/rerank"), RerankAt("/v2/rerank"), Score, ScoreAt("/score"),
        Speech,
    ];

    /// <summary>The engine's path, as it is sent.</summary>
    public ReadOnlyMemory<byte> EnginePath { get; } = Encoding.ASCII.GetBytes(Path);

    /// <summary>The types of models that answer it.</summary>
    public required IReadOnlyList<ModelType> Models { get; init; }

    /// <summary>Not every engine has it: one that has not is well all the same.</summary>
    public bool IsOptional { get; init; }

    /// <summary>Engines of which it is known that they do not have it.</summary>
    public IReadOnlyList<EngineKind> Lacking { get; init; } = [];

    /// <summary>Its plain replies are no JSON: whether one is whole only its framing tells, and counts are not in it.</summary>
    public bool IsBinary { get; init; }

    /// <summary>In whose words engines count on it.</summary>
    public UsageShape Usage { get; init; } = UsageShape.Completions;

    /// <summary>Its streams begin before the model has answered anything.</summary>
    public bool BeginsEarly { get; init; }

    /// <summary>Errors are told, and keys taken, as Anthropic's API does.</summary>
    public bool IsAnthropics { get; init; }

    /// <summary>What to use a model for instead, of whose type it is not.</summary>
    public static string UseOf(ModelType type) => type switch
    {
        ModelType.Embedding => "POST /v1/embeddings",
        ModelType.VideoGeneration => "POST /v1/videos",
        _ => "POST /v1/chat/completions",
    };

    // vLLM has them under these paths, too.
    private static Surface RerankAt(string path) => new(RequestSurface.Rerank, "rerank", path) { Models = s_vectors, Usage = UsageShape.Prompts, IsOptional = true };

    private static Surface ScoreAt(string path) => new(RequestSurface.Score, "score", path) { Models = s_vectors, Usage = UsageShape.Prompts, IsOptional = true };
}
