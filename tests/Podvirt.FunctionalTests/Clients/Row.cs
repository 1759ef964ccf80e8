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
        Column.Streaming or Column.Cancel => Streams,
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
    public static IReadOnlyList<TriedSurface> All { get; } =
    [
        new("chat.completions", MatrixModels.Chat, MatrixModels.ColdChat, MatrixModels.Vectors),
        new("completions", MatrixModels.Chat, MatrixModels.ColdChat, MatrixModels.Vectors),
        new("embeddings", MatrixModels.Vectors, MatrixModels.ColdVectors, MatrixModels.Chat),
        new("models", null, null, null),
    ];
}
