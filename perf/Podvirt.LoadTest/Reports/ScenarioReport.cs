namespace Podvirt.LoadTest.Reports;

/// <summary>What one scenario found.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Summary">What was done, in a sentence or two.</param>
internal sealed class ScenarioReport(string name, string summary)
{
    private readonly List<ReportTable> _tables = [];
    private readonly List<Verdict> _verdicts = [];
    private readonly List<string> _notes = [];

    public string Name => name;

    public string Summary => summary;

    public IReadOnlyList<ReportTable> Tables => _tables;

    public IReadOnlyList<Verdict> Verdicts => _verdicts;

    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Why nothing may be concluded from this run; null: it is sound.</summary>
    public string? Invalid { get; set; }

    /// <summary>Every measurement as it came, for the JSON file.</summary>
    public object? Raw { get; set; }

    public double Seconds { get; set; }

    public ReportTable AddTable(string title, params string[] headings)
    {
        var table = new ReportTable(title, headings);
        _tables.Add(table);
        return table;
    }

    public void Add(Verdict verdict) => _verdicts.Add(verdict);

    public void Note(string note) => _notes.Add(note);
}
