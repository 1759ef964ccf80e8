using System.Globalization;

namespace Podvirt.LoadTest.Reports;

/// <summary>Rows under headings, as Markdown or padded for a terminal; both are the same text.</summary>
internal sealed class ReportTable(string title, params string[] headings)
{
    private readonly List<string[]> _rows = [];

    public string Title => title;

    public IReadOnlyList<string> Headings => headings;

    public IReadOnlyList<IReadOnlyList<string>> Rows => _rows;

    public void Add(params string[] cells) => _rows.Add(cells);

    public IEnumerable<string> Lines()
    {
        var columns = headings.Select((heading, i) => new Column(
            Width: _rows.Select(r => r[i].Length).Append(heading.Length).Max(),
            IsFigures: _rows.Count > 0 && _rows.All(r => r[i].Length == 0 || double.TryParse(r[i], NumberStyles.Float, CultureInfo.InvariantCulture, out _)))).ToList();
        yield return Line(headings, columns);
        yield return $"|{string.Join('|', columns.Select(c => new string('-', c.Width + 1) + (c.IsFigures ? ':' : '-')))}|";
        foreach (var row in _rows)
        {
            yield return Line(row, columns);
        }
    }

    private static string Line(IReadOnlyList<string> cells, List<Column> columns) =>
        $"| {string.Join(" | ", cells.Select((c, i) => columns[i].IsFigures ? c.PadLeft(columns[i].Width) : c.PadRight(columns[i].Width)))} |";

    private readonly record struct Column(int Width, bool IsFigures);
}
