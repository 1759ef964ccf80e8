namespace Podvirt.FunctionalTests.Clients;

/// <summary>The catalog behind the table. Each of the slow ones has a gpu of its own: one start at a time is made on each.</summary>
internal static class MatrixModels
{
    public const string Chat = "chat";
    public const string Vectors = "vectors";

    public const string Film = "film";

    /// <summary>Answers at great length.</summary>
    public const string Endless = "endless";

    /// <summary>The same; its engine is killed.</summary>
    public const string Mortal = "mortal";

    public const string ColdChat = "cold-chat";
    public const string ColdVectors = "cold-vectors";

    /// <summary>Of the answers of <see cref="Endless"/> and <see cref="Mortal"/>.</summary>
    public const int EndlessTokens = 3000;

    public const string ColdFilm = "cold-film";

    /// <summary>Takes ten minutes for a second of video.</summary>
    public const string EndlessFilm = "endless-film";

    /// <summary>Between two tokens of an answer.</summary>
    public const int TokenMs = 10;

    public static string Catalog(TimeSpan start) => $$"""
        gpus:
          simulated: { count: 8, type: H100, memory: 80GiB }
        models:
        {{Configs.Model(Chat, more: $"--sim-token-time, {TokenMs}ms")}}
        {{Configs.Model(Vectors, type: "embedding")}}
        {{Configs.Model(Endless, more: $"--sim-token-time, {TokenMs}ms, --sim-tokens-min, {EndlessTokens}")}}
        {{Configs.Model(Mortal, more: $"--sim-token-time, {TokenMs}ms, --sim-tokens-min, {EndlessTokens}")}}
        {{Video(Film, "--sim-video-time, 100ms")}}
        {{Video(EndlessFilm, "--sim-video-time, 600s")}}
        {{Cold(ColdChat, "chat", start)}}
        {{Cold(ColdVectors, "embedding", start)}}
        {{Video(ColdFilm, $"--sim-video-time, 100ms, --sim-load-weights, {start.TotalSeconds}s", memory: "70GiB")}}
        """;

    private static string Video(string id, string more, string memory = "20GiB") =>
        Configs.Model(id, type: "video-generation", memory: memory, more: more).Replace("completion: 0.3", "completion: 0.3, video_second: 0.05", StringComparison.Ordinal);

    private static string Cold(string id, string type, TimeSpan start) =>
        Configs.Model(id, type: type, memory: "70GiB", more: $"--sim-load-weights, {start.TotalSeconds}s");
}
