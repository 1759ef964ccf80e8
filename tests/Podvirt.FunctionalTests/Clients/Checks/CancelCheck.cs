using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests.Clients.Checks;

/// <summary>A client that leaves stops its engine, and what it had read is billed.</summary>
internal sealed class CancelCheck(MatrixServer server) : Check
{
    private const int Read = 10;

    public override Column Column => Column.Cancel;

    public override async Task<string> SeeAsync(Row row)
    {
        var key = await server.MakeKeyAsync($"{row.Client.Name} {row.Surface.Name} leaves");
        var seen = await row.Client.CallAsync(
            new Call(server.Address, row.Surface.Name, Way.Stream, MatrixModels.Endless, key.Secret, row.Surface.LongPrompt, LeaveAfter: Read), Ignore);
        Assert.True(seen.Error is null && seen.Parts >= Read, seen.ToString());
        await Until.TrueAsync(async () => await server.RunningAsync(MatrixModels.Endless) == 0, () => "The engine runs on.");
        var record = await server.RecordAsync(key);
        Assert.Equal((row.Surface.Name, "cancelled"), ((string)record["surface"]!, (string)record["outcome"]!));
        if ((string)record["usage_source"]! == "none")
        {
            // Its engine counts at the end only.
            return "stops, not counted";
        }
        Assert.InRange((long)record["completion_tokens"]!, seen.Parts, MatrixModels.EndlessTokens / 2);
        return Cells.Yes;
    }
}
