namespace Podvirt.FunctionalTests.Clients.Checks;

/// <summary>How cells are written.</summary>
internal static class Cells
{
    public const string Yes = "yes";

    /// <summary>There is no such thing at this client or surface.</summary>
    public const string None = "–";

    public static string Code(string text) => $"`{text}`";

    public static string WaysOf(IReadOnlyList<Way> ways) => string.Join(", ", ways.Select(w => w == Way.Plain ? "plain" : "stream"));
}
