namespace Podvirt.FunctionalTests.Clients;

/// <summary>A row of the table: one client on one surface.</summary>
internal sealed record Row(TriedSurface Surface, IApiClient Client)
{
    public IReadOnlyList<Way> Ways => Client.Surfaces[Surface.Name];

    public bool Streams => Ways.Contains(Way.Stream);

    /// <summary>False where client or surface have no such thing.</summary>
    public bool Has(Column column) => column switch
    {
        Column.Plain => Ways.Contains(Way.Plain),
        Column.Streaming => Streams,
        Column.Cancel => Streams || Surface.HasJobs,
        Column.ColdStart => Surface.Cold is not null,
        Column.Usage => Surface.Model is not null,
        _ => true,
    };

    public static IReadOnlyList<Row> Of(IReadOnlyList<IApiClient> clients) =>
    [
        .. from surface in TriedSurface.All
           from client in clients
           where client.Surfaces.ContainsKey(surface.Name)
           select new Row(surface, client),
    ];
}

/// <summary>What is behind a row, in the words of the table's head.</summary>
public enum Column
{
    Plain,
    Streaming,
    Cancel,
    ColdStart,
    Error,
    Usage,
}

/// <summary>A surface and the models that answer on it.</summary>
/// <param name="Model">Answers quickly.</param>
/// <param name="Cold">Takes long to start; null where no engine is asked.</param>
/// <param name="WrongType">A model that this surface does not take; null where it takes none.</param>
internal sealed record TriedSurface(string Name, string? Model, string? Cold, string? WrongType)
{
    private const string Question = "Describe a harbour town.";

    private static readonly string s_sentences = string.Join(' ', Enumerable.Repeat("The boats come home before the evening does.", 4));
    private static readonly string s_book = string.Join(' ', Enumerable.Repeat(s_sentences, 200));

    /// <summary>A model that takes long to answer.</summary>
    public string Endless { get; init; } = MatrixModels.Endless;

    /// <summary>Its calls make jobs, which go on without their client and are given up by deleting them.</summary>
    public bool HasJobs => Name == "videos";

    /// <summary>What is answered soon.</summary>
    public string Prompt { get; init; } = Question;

    /// <summary>What takes long to answer.</summary>
    public string LongPrompt { get; init; } = Question;

    public static IReadOnlyList<TriedSurface> All { get; } =
    [
        new("chat.completions", MatrixModels.Chat, MatrixModels.ColdChat, MatrixModels.Vectors),
        new("completions", MatrixModels.Chat, MatrixModels.ColdChat, MatrixModels.Vectors),
        new("responses", MatrixModels.Chat, MatrixModels.ColdChat, MatrixModels.Vectors),
        new("messages", MatrixModels.Chat, MatrixModels.ColdChat, MatrixModels.Vectors),
        new("messages.count_tokens", MatrixModels.Chat, MatrixModels.ColdChat, MatrixModels.Vectors),
        new("tokenize", MatrixModels.Chat, MatrixModels.ColdChat, null),
        new("detokenize", MatrixModels.Chat, MatrixModels.ColdChat, null),
        new("audio.speech", MatrixModels.Chat, MatrixModels.ColdChat, MatrixModels.Vectors) { Prompt = s_sentences, LongPrompt = s_book },
        new("videos", MatrixModels.Film, MatrixModels.ColdFilm, MatrixModels.Chat) { Endless = MatrixModels.EndlessFilm },
        new("embeddings", MatrixModels.Vectors, MatrixModels.ColdVectors, MatrixModels.Chat),
        new("rerank", MatrixModels.Vectors, MatrixModels.ColdVectors, MatrixModels.Chat),
        new("score", MatrixModels.Vectors, MatrixModels.ColdVectors, MatrixModels.Chat),
        new("models", null, null, null),
    ];
}
