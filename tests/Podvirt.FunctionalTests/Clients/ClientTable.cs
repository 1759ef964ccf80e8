using System.Text;
using Podvirt.FunctionalTests.Clients.Checks;

namespace Podvirt.FunctionalTests.Clients;

/// <summary>The table between two marks of docs/clients.md.</summary>
internal static class ClientTable
{
    private static readonly string s_page = Path.Combine(Checkout.Root, "docs/clients.md");
    private static readonly (Column Column, string Title)[] s_columns =
    [
        (Column.Plain, "plain"), (Column.Streaming, "streaming"), (Column.Cancel, "cancel"), (Column.ColdStart, "long cold start"),
        (Column.Error, "error"), (Column.Usage, "usage"),
    ];

    /// <summary>The long starts last: they go on while the others are tried.</summary>
    public static IEnumerable<Column> InOrderOfTrial => s_columns.Select(c => c.Column).OrderBy(c => c == Column.ColdStart);

    /// <summary>The table as it was seen. A cell whose check failed says so.</summary>
    public static async Task<string> SeenAsync(ClientMatrix matrix)
    {
        var cells = new Dictionary<(Row, Column), string>();
        foreach (var column in InOrderOfTrial)
        {
            foreach (var row in matrix.Rows)
            {
                cells[(row, column)] = await CellAsync(matrix, row, column);
            }
        }
        var text = new StringBuilder($"| surface | client | {string.Join(" | ", s_columns.Select(c => c.Title))} |\n");
        text.Append($"|{string.Concat(Enumerable.Repeat("---|", s_columns.Length + 2))}\n");
        foreach (var row in matrix.Rows)
        {
            text.Append($"| `{row.Surface.Name}` | {row.Client.Name} | {string.Join(" | ", s_columns.Select(c => cells[(row, c.Column)]))} |\n");
        }
        return text.ToString();
    }

    /// <summary>What the page has now between the marks of a name.</summary>
    public static string Documented(string name = "seen")
    {
        var page = File.ReadAllText(s_page);
        var (start, end) = Find(page, name);
        return page[start..end];
    }

    public static void Write(string table, string name = "seen")
    {
        var page = File.ReadAllText(s_page);
        var (start, end) = Find(page, name);
        File.WriteAllText(s_page, page[..start] + table + page[end..]);
    }

    private static async Task<string> CellAsync(ClientMatrix matrix, Row row, Column column)
    {
        if (!row.Has(column))
        {
            return Cells.None;
        }
        try
        {
            return await matrix.CellAsync(row, column);
        }
        catch (Exception e)
        {
            return $"failed: {e.Message.ReplaceLineEndings(" ")}";
        }
    }

    private static (int Start, int End) Find(string page, string name)
    {
        var begin = $"<!-- {name}: begin -->\n";
        var start = page.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        return (start, page.IndexOf($"<!-- {name}: end -->", start, StringComparison.Ordinal));
    }
}
