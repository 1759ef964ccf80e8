using System.Text;
using Podvirt.FunctionalTests.Clients.Checks;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests.Clients;

/// <summary>A start of more than five minutes, which is longer than some clients wait. Run by command: see docs/clients.md.</summary>
[Collection(nameof(Alone))]
public sealed class LongStartTests
{
    // Node's clock for its time-outs is coarse: half a minute more than its five.
    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(330);

    [Fact(Explicit = true)]
    public async Task StartOfFiveMinutes_IsOutwaitedWithTheRightSettings()
    {
        await using var server = await MatrixServer.StartAsync(s_start);
        await using var node = new NodeWorker();
        await using var patientNode = new NodeWorker(patient: true);
        var rows = Row.Of(ApiClients.All(node)).Where(r => r.Has(Column.ColdStart)).ToList();
        var patientRows = Row.Of(ApiClients.All(patientNode, patient: true)).Where(r => r.Has(Column.ColdStart)).ToList();
        var calls = rows.Zip(patientRows).Select(pair => (pair.First, AsItComes: CallAsync(server, pair.First), WithSettings: CallAsync(server, pair.Second))).ToList();

        var table = new StringBuilder("| surface | client | plain | stream | plain, set | stream, set |\n|---|---|---|---|---|---|\n");
        foreach (var (row, asItComes, withSettings) in calls)
        {
            var patient = await withSettings;
            Assert.All(patient.Values, cell => Assert.Equal(Cells.Yes, cell));
            var cells = await asItComes;
            table.Append($"| `{row.Surface.Name}` | {row.Client.Name} | {CellOf(cells, Way.Plain)} | {CellOf(cells, Way.Stream)} ")
                .Append($"| {CellOf(patient, Way.Plain)} | {CellOf(patient, Way.Stream)} |\n");
        }
        ClientTable.Write(table.ToString(), "five minutes");
    }

    private static string CellOf(Dictionary<Way, string> cells, Way way) => cells.GetValueOrDefault(way, Cells.None);

    private static async Task<Dictionary<Way, string>> CallAsync(MatrixServer server, Row row)
    {
        var calls = row.Ways.Select(async way =>
        {
            var key = await server.MakeKeyAsync($"{row.Client.Name} {row.Surface.Name} {way}");
            var call = new Call(server.Address, row.Surface.Name, way, row.Surface.Cold!, key.Secret, row.Surface.Prompt);
            var seen = await row.Client.CallAsync(call, () => { });
            if (seen.Error is { } error)
            {
                return (way, Cells.Code(error.Type));
            }
            Assert.NotEqual("", seen.Text);

            // A client that gave up and called again has left a record of each attempt.
            var attempts = (await server.RecordsAsync(key, "completed")).Count;
            return (way, attempts == 1 ? Cells.Yes : $"with attempt {attempts}");
        }).ToList();
        return (await Task.WhenAll(calls)).ToDictionary(c => c.way, c => c.Item2);
    }
}
