using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Clients.Checks;

/// <summary>All clients call models that take long to start, at the same time and in every way they have, and get their answers.</summary>
internal sealed class ColdStartCheck : Check
{
    // The first call of all begins the start: the others come while their clients load, and wait so much less.
    private static readonly TimeSpan s_lateMax = TimeSpan.FromSeconds(10);

    private readonly MatrixServer _server;
    private readonly TimeSpan _start;
    private readonly Dictionary<(Row Row, Way Way), Task<Seen>> _calls = [];

    public ColdStartCheck(MatrixServer server, IReadOnlyList<Row> rows, TimeSpan start)
    {
        _server = server;
        _start = start;
        foreach (var row in rows.Where(r => r.Has(Column.ColdStart)))
        {
            foreach (var way in row.Ways)
            {
                _calls[(row, way)] = CallAsync(row, way);
            }
        }
    }

    public override Column Column => Column.ColdStart;

    public override async Task<string> SeeAsync(Row row)
    {
        foreach (var way in row.Ways)
        {
            var seen = await _calls[(row, way)];
            Assert.True(seen.Error is null, $"{way}: {seen}");
            Assert.NotEqual("", seen.Text);
            Assert.True(seen.FirstMs >= (_start - s_lateMax).TotalMilliseconds, $"{way}: the first part came after {seen.FirstMs} ms");
        }
        return Cells.WaysOf(row.Ways);
    }

    private async Task<Seen> CallAsync(Row row, Way way)
    {
        var key = await _server.MakeKeyAsync($"{row.Client.Name} {row.Surface.Name} {way} cold");
        var seen = await row.Client.CallAsync(new Call(_server.Address, row.Surface.Name, way, row.Surface.Cold!, key.Secret, row.Surface.Prompt), Ignore);
        if (seen.Error is null)
        {
            JsonObject record = await _server.RecordAsync(key);
            Assert.True((bool)record["cold_start"]!, record.ToJsonString());
            Assert.Equal("completed", (string)record["outcome"]!);
        }
        return seen;
    }
}
