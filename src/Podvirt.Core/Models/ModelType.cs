namespace Podvirt.Core.Models;

/// <summary>What a model is for. Decides which surfaces accept it.</summary>
public enum ModelType
{
    /// <summary>Text in, text out: chat and plain completions.</summary>
    Chat,

    /// <summary>As <see cref="Chat"/>, listed apart because its users look for it apart.</summary>
    Code,

    /// <summary>Text in, vectors out, and what they are compared for: embeddings, rankings and scores.</summary>
    Embedding,

    /// <summary>Prompt in, video out.</summary>
    VideoGeneration,
}

/// <summary>The spelling of <see cref="ModelType"/> in <c>podvirt.yaml</c>, in JSON and in the console.</summary>
public static class ModelTypes
{
    public const string Chat = "chat";
    public const string Code = "code";
    public const string Embedding = "embedding";
    public const string VideoGeneration = "video-generation";

    /// <summary>All spellings, in the order in which they are listed to people.</summary>
    public static IReadOnlyList<string> All { get; } = [Chat, Code, Embedding, VideoGeneration];

    public static string ToName(this ModelType type) => type switch
    {
        ModelType.Chat => Chat,
        ModelType.Code => Code,
        ModelType.Embedding => Embedding,
        ModelType.VideoGeneration => VideoGeneration,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown model type"),
    };

    public static bool TryParse(string name, out ModelType type)
    {
        type = name switch
        {
            Code => ModelType.Code,
            Embedding => ModelType.Embedding,
            VideoGeneration => ModelType.VideoGeneration,
            _ => ModelType.Chat,
        };
        return All.Contains(name, StringComparer.Ordinal);
    }
}
